"""A Paideia that tests may start, look into and kill: its own home, its own port."""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from paideia.config import ties

PROJECT = Path(__file__).resolve().parents[2]


class Paideia:
    def __init__(self, home: Path, **settings: str) -> None:
        self.home, self.port = home, free_port()
        self.log = home.parent / f"{home.name}.log"
        mine = {"PAIDEIA_HOME": str(home), "PAIDEIA_PORT": str(self.port), "PAIDEIA_DEMO": "0"}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PAIDEIA_")}
        self.environment = inherited | mine | settings
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def run(self, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
        """One command of this installation to its end."""
        return subprocess.run(
            command(*arguments),
            env=self.environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
            **options,
        )

    def start(self) -> "Paideia":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command("up"), env=self.environment, cwd=PROJECT, stdout=log, stderr=log, process_group=0
            )
        return self

    def wait_until_it_answers(self, seconds: float = 60) -> float:
        """How long it took until a page came."""
        begun = time.monotonic()
        while not self.answers():
            assert self.process and self.process.poll() is None, self.said()
            assert time.monotonic() - begun < seconds, self.said()
            time.sleep(0.02)
        return time.monotonic() - begun

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=5) as page:
                return bool(page.read())
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    def stop(self, number: int = signal.SIGINT) -> float:
        """How long it took to end."""
        assert self.process
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - begun

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def noted(self) -> dict:
        """What the supervisor wrote down; empty while it writes."""
        try:
            return json.loads((self.home / "up.lock").read_text())
        except (OSError, ValueError):
            return {}

    def groups(self) -> list[int]:
        """Leaders of the web server's and of the worker's process group."""
        return [pid for pid, _ in self.noted().get("groups", [])]

    def postmaster(self) -> int | None:
        try:
            return int((self.home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def processes(self) -> list[int]:
        """Everything that runs for this home, found by its environment or, for the database, its folder."""
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and self._is_ours(entry)
        ]

    def _is_ours(self, entry: Path) -> bool:
        mark = b"PAIDEIA_HOME=" + os.fsencode(self.home) + b"\0"
        try:
            if ties.stat_fields(entry)[0] == "Z":
                return False
            if mark in (entry / "environ").read_bytes():
                return True
            return (entry / "cwd").resolve() == (self.home / "postgres" / "data").resolve()
        except OSError:
            return False

    def end(self) -> None:
        """Whatever happened in the test: nothing of it is left."""
        for _ in range(3):
            for pid in self.processes():
                ties.ends(pid, signal.SIGKILL, 5)
        if self.process:
            self.process.wait(10)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "paideia.config.cli", *arguments]


def slowdown() -> float:
    """How much longer than alone things take here now: 1 on a quiet machine. Promised seconds are of that one."""
    wall, busy = time.monotonic(), cpu_seconds()
    for _ in range(3):
        subprocess.run([sys.executable, "-c", "import asyncio, http.client, json, decimal"], check=True)
    return max(1.0, 1.2 * (time.monotonic() - wall) / (cpu_seconds() - busy))


def cpu_seconds() -> float:
    """Processor time of all ended children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, seconds: float = 15) -> None:
    """Wait for a condition that another process brings about."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, condition
        time.sleep(0.02)


def copy(source: Path, target: Path) -> None:
    """The same home elsewhere, with the same owners."""
    shutil.copytree(source, target, symlinks=True)
    for path in [source, *source.rglob("*")]:
        found = path.lstat()
        os.chown(target / path.relative_to(source), found.st_uid, found.st_gid, follow_symlinks=False)
