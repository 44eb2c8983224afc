"""Live many courses outside of pytest, and print what came of it as JSON.

    python -m tests.simulation --seeds 0:10000

Needs what the tests need: nothing but the project. Each course that went wrong is printed with its seed and what
happened in it; then the answer is 1.
"""

import argparse
import json
import logging
import os
import sys

import django

from paideia.config import testing

VACUUM_AFTER = 100  # courses: what was undone lies around until then


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="0:100", help="the first and the one after the last: 0:10000")
    first, last = (int(one) for one in parser.parse_args().seeds.split(":"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "paideia.config.settings")
    testing.pytest_load_initial_conftests()
    django.setup()
    logging.disable(logging.WARNING)
    try:
        with testing.own_database():
            return _live(range(first, last))
    finally:
        testing.pytest_unconfigure()


def _live(seeds: range) -> int:
    from django.db import connection
    from django.test.utils import setup_test_environment
    from django.utils import translation

    from tests.simulation.courses import Tally, live
    from tests.simulation.town import found

    setup_test_environment()
    with translation.override("en"):
        town, tally = found(), Tally()
        for seed in seeds:
            course = live(town, seed)
            tally.add(course)
            if course.wrong:
                print(course, file=sys.stderr, flush=True)
            if tally.courses % VACUUM_AFTER == 0:
                with connection.cursor() as cursor:
                    cursor.execute("VACUUM")
                print(json.dumps(tally.told()), file=sys.stderr, flush=True)
    print(json.dumps({"seeds": f"{seeds.start}:{seeds.stop}", **tally.told()}))
    return int(bool(tally.wrong))


if __name__ == "__main__":
    sys.exit(main())
