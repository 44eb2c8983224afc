"""`paideia up`: database, web server and worker, started in order, kept alive, stopped in order."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from paideia.config import environment, migrating, postgres, ties
from paideia.config.trouble import Trouble

LOOK_SECONDS = 0.25
PAUSE_SECONDS_MAX = 10.0  # between restarts of something that keeps dying
STEADY_SECONDS = 30  # whoever lived that long starts again without a pause
STOP_SECONDS = 6.0
ANSWER_SECONDS_MAX = 60


@dataclass(frozen=True)
class Wishes:
    """What the person asked for on the command line or in the environment."""

    host: str
    port: int
    workers: int
    demo: bool

    @property
    def reachable_host(self) -> str:
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def url(self) -> str:
        host = f"[{self.reachable_host}]" if ":" in self.host else self.reachable_host
        return environment.text("BASE_URL") or f"http://{host}:{self.port}"


def up(wishes: Wishes) -> int:
    """Run everything until a signal asks to stop; then leave no process behind."""
    home = environment.home()
    with ExitStack() as stack:
        claim = stack.enter_context(_claim(home, wishes))
        _sweep(claim)
        _check_port(wishes)
        stopping = _listen_for_signals()
        server = _database(stack, home)
        _shape(stopping)
        _demo(home, wishes, stopping)
        if not stopping.is_set():
            house = House(server, claim, wishes)
            stack.callback(house.close)
            house.open()
            _announce(wishes, house, stopping)
        while not stopping.wait(LOOK_SECONDS):
            house.look_after()
        print("Paideia is stopping.", flush=True)
    return 0


@dataclass
class Child:
    """One program that must always run."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    deaths: int = 0
    not_before: float = 0.0

    def start(self) -> None:
        command = [sys.executable, "-m", "paideia.config.cli", *self.arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, process_group=0, preexec_fn=ties.tie(signal.SIGTERM)
        )
        self.began = time.monotonic()

    def died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def bury(self) -> None:
        """Clear away what the dead process left, and decide when the next may start."""
        assert self.process is not None
        ties.end_group(self.process.pid)
        status, now = self.process.returncode, time.monotonic()
        self.deaths = 0 if now - self.began > STEADY_SECONDS else self.deaths + 1
        pause = pause_seconds(self.deaths)
        self.process, self.not_before = None, now + pause
        print(f"The {self.name} ended ({_how(status)}); it starts again in {pause:g} s.", flush=True)

    def ask_to_stop(self) -> None:
        if self.process:
            with suppress(ProcessLookupError):
                self.process.terminate()

    def make_stop(self, until: float) -> None:
        if self.process:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(max(until - time.monotonic(), 0.01))
            ties.end_group(self.process.pid)
            self.process.wait()
            self.process = None


@dataclass
class House:
    """The children of the supervisor, in the order in which they start."""

    server: postgres.Server | None
    claim: IO[str]
    wishes: Wishes
    children: list[Child] = field(default_factory=list)

    def open(self) -> None:
        wishes = self.wishes
        place = ["--host", wishes.host, "--port", str(wishes.port), "--workers", str(wishes.workers)]
        self.children = [Child("web server", ["web", *place]), Child("worker", ["worker"])]
        for child in self.children:
            child.start()
        self._note()

    def look_after(self) -> None:
        """Replace whoever has died. Cheap: called several times a second."""
        if self.server and not self.server.is_alive():
            print("The database ended; it starts again and recovers.", flush=True)
            try:
                self.server.start(die_with_parent=True)
            except Trouble as trouble:
                print(f"{trouble}\nThe next try is in {PAUSE_SECONDS_MAX:g} s.", flush=True)
                time.sleep(PAUSE_SECONDS_MAX)
        for child in self.children:
            if child.died():
                child.bury()
            if child.process is None and time.monotonic() >= child.not_before:
                child.start()
                self._note()

    def close(self) -> None:
        """Web and worker first, together; the database, which they need for their last words, is next."""
        until = time.monotonic() + STOP_SECONDS
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.make_stop(until)

    def _note(self) -> None:
        """Write down who runs, for `_sweep` of the next start, should this one be killed."""
        groups = [[pid, ties.born(pid)] for child in self.children if (pid := _pid(child))]
        self.claim.seek(0)
        self.claim.truncate()
        note = {"pid": os.getpid(), "url": self.wishes.url, "boot": _boot(), "groups": groups}
        json.dump(note, self.claim)
        self.claim.flush()


def pause_seconds(deaths: int) -> float:
    """No pause at first, then doubling."""
    return 0.0 if deaths <= 1 else min(0.5 * 2.0 ** (deaths - 2), PAUSE_SECONDS_MAX)


def _pid(child: Child) -> int | None:
    return child.process.pid if child.process else None


def _how(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"status {status}"


def _claim(home: Path, wishes: Wishes) -> IO[str]:
    """The right to be the one supervisor of this home."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        claim = (home / "up.lock").open("a+")
    except OSError as error:
        raise Trouble(
            f"Cannot write to {home}: {error.strerror}. Grant write permission there, or choose another "
            "folder with PAIDEIA_HOME."
        ) from error
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        noted = _noted(claim)
        raise Trouble(
            f"Paideia is running here already: {noted.get('url', wishes.url)} (process {noted.get('pid')}). "
            "Stop it first, or give this one its own PAIDEIA_HOME and PAIDEIA_PORT."
        ) from None
    return claim


def _noted(claim: IO[str]) -> dict[str, object]:
    claim.seek(0)
    try:
        return dict(json.loads(claim.read() or "{}"))
    except ValueError:
        return {}


def _sweep(claim: IO[str]) -> None:
    """End what a killed supervisor left running: exactly the processes it wrote down."""
    noted = _noted(claim)
    groups = noted.get("groups", []) if noted.get("boot") == _boot() else []
    for pid, birth in groups if isinstance(groups, list) else []:
        if ties.born(pid) == birth:
            ties.ends(pid, signal.SIGTERM, STOP_SECONDS)
        if not ties.born(pid):  # its number cannot be taken again while others of its group live
            ties.end_group(pid)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _check_port(wishes: Wishes) -> None:
    family = socket.AF_INET6 if ":" in wishes.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((wishes.host, wishes.port))
        except PermissionError as error:
            raise Trouble(
                f"Port {wishes.port} needs root. Choose one above 1023: PAIDEIA_PORT=8000."
            ) from error
        except OSError as error:
            raise Trouble(
                f"Port {wishes.port} on {wishes.host} is taken by another program ({error.strerror}). "
                f"Choose another: PAIDEIA_PORT={wishes.port + 1} make up, or "
                f"paideia up --port {wishes.port + 1}."
            ) from error


def _listen_for_signals() -> threading.Event:
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    return stopping


def _database(stack: ExitStack, home: Path) -> postgres.Server | None:
    if url := environment.text("DATABASE_URL"):
        postgres.check_address(url)
        return None
    server = postgres.Server(home)
    stack.callback(server.leave)
    server.start(die_with_parent=True)
    os.environ["PAIDEIA_DATABASE_URL"] = server.url()
    return server


def _shape(stopping: threading.Event) -> None:
    if not migrating.is_current(os.environ["PAIDEIA_DATABASE_URL"]):
        print("Preparing the database.", flush=True)
        if _run(stopping, "migrate") and not stopping.is_set():
            raise Trouble("The database could not be brought up to date; the reason is above.")


def _demo(home: Path, wishes: Wishes, stopping: threading.Event) -> None:
    """Build the demo community before the first page, so that the first page shows something alive."""
    begun = home / "demo.begun"  # stays when the building is interrupted, which then is done again
    if not wishes.demo or stopping.is_set() or not (begun.exists() or _is_empty()):
        return
    print("Building the demo community. This happens once and takes a moment.", flush=True)
    begun.touch()
    if _run(stopping, "demo") == 0:
        begun.replace(home / "demo.built")
    elif not stopping.is_set():
        print("The demo could not be built; Paideia starts without it. The reason is above.", flush=True)


def _is_empty() -> bool:
    import psycopg

    with psycopg.connect(os.environ["PAIDEIA_DATABASE_URL"]) as connection:
        found = connection.execute("select exists (select 1 from communities_community)").fetchone()
    return not (found and found[0])


def _run(stopping: threading.Event, *arguments: str) -> int:
    """One command of our own to its end, or until somebody asks to stop."""
    command = [sys.executable, "-m", "paideia.config.cli", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=ties.tie(signal.SIGTERM))
    while process.poll() is None:
        if stopping.wait(0.02):
            process.terminate()
            process.wait()
    return process.returncode


def _announce(wishes: Wishes, house: House, stopping: threading.Event) -> None:
    """Say where Paideia is once it answers, and keep it alive until it does."""
    until = time.monotonic() + ANSWER_SECONDS_MAX
    while not _answers(wishes) and time.monotonic() < until:
        house.look_after()
        if stopping.wait(0.05):
            return
    print(f"\n  Paideia is ready: {wishes.url}\n{_sign_in()}  Stop it with Ctrl-C.\n", flush=True)


def _answers(wishes: Wishes) -> bool:
    """Whether anything but a server error comes back; a redirect to https is an answer too."""
    connection = http.client.HTTPConnection(wishes.reachable_host, wishes.port, timeout=20)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _sign_in() -> str:
    if not (environment.home() / "demo.built").exists():
        return ""
    from paideia.demo import PASSWORD, SIGN_INS

    names = ", ".join(f"{name} ({role})" for name, role in SIGN_INS.items())
    return f"  Sign in to the demo as {names}; the password is {PASSWORD}\n"
