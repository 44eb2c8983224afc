"""`paideia bench pages`: how fast pages are, how many queries they take, and how much memory stands idle.

Everything runs on this machine: a fresh database with a community of fixed size, Paideia's own server, and a control
(paideia.bench.control) under the same server with as many workers. Each figure is a ratio of requests per second to
the control measured right before and after it.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from paideia.bench.database import run_apart
from paideia.bench.load import Measured, Request, measure

AIMS = {
    "home": (4.0, 1.0),
    "article": (4.0, 1.2),
    "thread": (4.0, 0.7),
    "search": (4.0, 2.0),
    "comment": (None, 1.2),
}
Make = Callable[[int], Request]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="paideia bench pages", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each page is loaded")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    return run_apart("paideia.bench.pages", parser.parse_args(argv))


def run(options: dict[str, Any]) -> dict[str, Any]:
    """Inside the fresh database: fill it, serve, measure."""
    import django

    django.setup()
    from django.core.management import call_command

    from paideia.bench import town

    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    ids = town.build()
    report: dict[str, Any] = {"seeded_seconds": round(time.perf_counter() - began, 1)}
    cookie, token = _signed_in(ids["member"])
    report["queries"] = _queries(ids, cookie)
    with serving("paideia.config.wsgi:application", options["workers"]) as (ours, processes):
        with serving("paideia.bench.control:application", options["workers"]) as (control, _):
            report["pages"] = _ratios(_pages(ids, cookie, token), ours, control, options)
        report["web_memory_mb"] = _memory(processes)
    return report


def _pages(ids: dict[str, int], cookie: str, token: str) -> dict[str, tuple[Make, Make]]:
    """For each page, what a stranger and what a member sends."""
    signed = (("Cookie", cookie),)

    def page(path: Callable[[int], str]) -> tuple[Make, Make]:
        return lambda n: Request(path(n)), lambda n: Request(path(n), headers=signed)

    from paideia.bench.town import ASKED

    def searched(n: int) -> str:
        return f"/c/town/search/?{urlencode({'q': ASKED[n % len(ASKED)]})}"

    def comment(n: int) -> Request:
        body = urlencode(
            {"csrfmiddlewaretoken": token, "source": f"Comment number {n}: 我也这样想。"}
        ).encode()
        headers = (
            *signed,
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("HX-Request", "true"),
            ("Referer", "http://127.0.0.1/"),
        )
        return Request(f"/c/town/documents/{ids['target']}/comments/", "POST", headers, body)

    return {
        "home": page(lambda n: "/c/town/"),
        "article": page(lambda n: f"/c/town/articles/{ids['article']}/"),
        "thread": page(lambda n: f"/c/town/threads/{ids['thread']}/"),
        "search": page(searched),
        "comment": (comment, comment),
    }


def _ratios(
    pages: dict[str, tuple[Make, Make]],
    ours: tuple[str, int],
    control: tuple[str, int],
    options: dict[str, Any],
) -> dict[str, Any]:
    def load(address: tuple[str, int], make: Make, seconds: float) -> Measured:
        return measure(address, make, connections=options["connections"], seconds=seconds)

    seconds = options["seconds"]
    load(control, lambda n: Request("/"), 1.0)
    before = load(control, lambda n: Request("/"), seconds)
    figures: dict[str, Any] = {"control": _rounded(before)}
    for name, (stranger, member) in pages.items():
        for who, make in (("anonymous", stranger), ("signed_in", member)):
            if name == "comment" and who == "anonymous":
                continue
            load(ours, make, 1.0)
            found = load(ours, make, seconds)
            after = load(control, lambda n: Request("/"), seconds / 2)
            base = (before.per_second + after.per_second) / 2
            before = after
            aim = AIMS[name][who == "signed_in"]
            figures[f"{name}/{who}"] = {
                **_rounded(found),
                "ratio": round(found.per_second / base, 2),
                "aim": aim,
            }
    return figures


def _rounded(found: Measured) -> dict[str, Any]:
    return {key: round(value, 2) for key, value in asdict(found).items()}


def _queries(ids: dict[str, int], cookie: str) -> dict[str, dict[str, int]]:
    """Queries of each page, the first time in a process and afterwards."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from paideia.lib.kept import forget

    name, value = cookie.split(";")[0].split("=", 1)
    counts = {}
    for page, (stranger, member) in _pages(ids, cookie, "").items():
        if page == "comment":
            continue
        for who, make in (("anonymous", stranger), ("signed_in", member)):
            client = Client(headers={"host": "127.0.0.1"})
            if who == "signed_in":
                client.cookies[name] = value
            forget()
            found = []
            for _ in range(2):
                with CaptureQueriesContext(
                    connection,
                ) as captured:
                    client.get(make(0).path)
                found.append(len(captured))
            counts[f"{page}/{who}"] = {"first": found[0], "then": found[1]}
    return counts


def _signed_in(user_id: int) -> tuple[str, str]:
    """The Cookie header of a session of this person, and the form token that goes with it."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.middleware.csrf import _get_new_csrf_string

    from paideia.accounts.models import User

    user = User.objects.get(pk=user_id)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    token = _get_new_csrf_string()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={token}", token


@contextmanager
def serving(application: str, workers: int) -> Iterator[tuple[tuple[str, int], list[int]]]:
    """A granian server for the length of a `with`: its address and the ids of its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += [
        "--workers",
        str(workers),
        "--blocking-threads",
        "4",
        "--no-ws",
        "--log-level",
        "error",
        application,
    ]
    process = subprocess.Popen(command, start_new_session=True)
    address = ("127.0.0.1", port)
    try:
        _await(address)
        yield address, [process.pid]
    finally:
        process.terminate()
        process.wait(timeout=15)


def _await(address: tuple[str, int]) -> None:
    """Until the server answers a request, not only a connection."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection(address, timeout=30) as line:
                line.sendall(Request("/").wire("127.0.0.1"))
                if line.recv(12):
                    return
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def _memory(pids: list[int]) -> float:
    """Proportional set size of these processes and all below them, in MB."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = [int(child) for child in file.read().split()]
        total += int(_memory(children) * 1024)
    return round(total / 1024, 1)


if __name__ == "__main__":
    print(json.dumps(run(json.loads(os.environ["PAIDEIA_BENCH"])), indent=2))
