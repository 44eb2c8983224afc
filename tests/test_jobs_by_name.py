"""Work that is asked for by name is work that a worker knows."""

import inspect
import re
from importlib import import_module
from pathlib import Path

from procrastinate.contrib.django import app

import paideia

ASKED = re.compile(r'(?:soon|configure_task)\(\s*"([a-z_.]+)"(.*?)\)\n', re.S)


def test_every_job_that_is_asked_for_by_its_name_is_there_and_takes_what_it_is_given():
    for room in ("books", "commerce", "transfer"):  # whose jobs are known once they are imported
        import_module(f"paideia.{room}.jobs")
    found = [
        (name, set(re.findall(r"(\w+)=", rest)) - {"about", "lock", "priority"})
        for path in Path(paideia.__file__).parent.rglob("*.py")
        if "tests" not in path.parts
        for name, rest in ASKED.findall(path.read_text())
    ]
    assert {name.partition(".")[0] for name, _ in found} == {"books", "commerce", "transfer"}
    for name, given in found:
        assert given <= set(inspect.signature(app.tasks[name].func).parameters), name
