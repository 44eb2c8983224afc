"""The embedded PostgreSQL: started beside Paideia, reachable through a unix socket only.

The rule of its life: whoever uses it holds a shared lock on `<name>.users`, and the last user to leave stops
it. The lock dies with the process, so a killed user never keeps a server alive or a dead one believed in.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from paideia.config import lodging, ties
from paideia.config.trouble import Trouble

MAJOR, MAJOR_MIN = 18, 15
SOCKET_BYTES_MAX = 107  # of sockaddr_un.sun_path on Linux, without the closing zero
SOCKET_NAME = ".s.PGSQL.5432"
LOG_BYTES_MAX = 5 * 1024 * 1024
START_SECONDS_MAX, RECOVERY_SECONDS_MAX = 30, 600
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "max_wal_size": "512MB",
    "io_method": "sync",  # no standing I/O workers: idle memory matters more here than read-ahead
    "max_worker_processes": "4",
    "autovacuum_max_workers": "2",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",  # `_explain` reads the log
}
FORGETFUL = {  # for tests: a power cut may lose everything, and nothing waits for the disk
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "autovacuum": "off",  # its workers stand in the way of dropping databases
}


class Server:
    """One embedded server in `home`; `name` separates servers of one home from each other."""

    def __init__(self, home: Path, name: str = "postgres", *, durable: bool = True) -> None:
        self.home, self.name, self.durable = home, name, durable
        self.lodging = lodging.find(home, name)
        self.cluster = self.lodging.folder / "data"
        self.log = self.lodging.folder / "log"
        self.sockets = _socket_folder(self.lodging)
        self.process: subprocess.Popen[bytes] | None = None
        self._using: IO[bytes] | None = None

    def url(self, database: str = "paideia") -> str:
        """The address of a database for the application's own role, which is no superuser."""
        return self._url("paideia", self._passwords()[1], database)

    def start(self, *, die_with_parent: bool = False) -> None:
        """Make sure the server runs and is ready, and count the caller among its users until `leave`.

        With `die_with_parent` the server is made a child that the kernel stops when this process ends,
        unless others are using it already.
        """
        with self._locked("gate"):
            if self.running_pid() is None or (die_with_parent and self._using is None and self._alone()):
                self._stop()
                _socket_folder(self.lodging)
                self._initialise()
                self._spawn(die_with_parent)
            self._using = self._use()
            self._await_ready()

    def leave(self) -> None:
        """Stop using the server, and stop it when nobody else uses it."""
        with self._locked("gate"):
            if self._using:
                self._using.close()
                self._using = None
            if self._alone():
                self._stop()
                with suppress(OSError):
                    self.sockets.rmdir()

    def is_alive(self) -> bool:
        """Whether the server still runs: cheap when it is our child."""
        return self.process.poll() is None if self.process else self.running_pid() is not None

    def running_pid(self) -> int | None:
        """The living postmaster of this cluster; a pid that was reused or is a zombie does not count."""
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if pid in _postgres_pids(self.cluster) else None

    def _spawn(self, die_with_parent: bool) -> None:
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)  # nobody of ours runs: see `_stop`
        settings = SETTINGS | ({} if self.durable else FORGETFUL)
        settings["unix_socket_directories"] = '"' + str(self.sockets).replace('"', '""') + '"'
        command: list[str | Path] = [self.lodging.binaries / "postgres", "-D", self.cluster]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > LOG_BYTES_MAX:
                self.log.replace(self.log.with_suffix(".old"))
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.lodging.folder,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                process_group=0,  # Ctrl-C at the terminal is for the supervisor, which stops us in order
                preexec_fn=ties.tie(signal.SIGINT) if die_with_parent else None,
                **self.lodging.credentials(),
            )

    def _initialise(self) -> None:
        if self.cluster.exists():
            return self._check_version()
        fresh = self.lodging.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        passwords = [secrets.token_urlsafe(32) for _ in range(2)]
        keep = self.lodging.folder / "passwords.new"
        _write_secret(keep, "\n".join(passwords))
        self.lodging.give(keep)
        command: list[str | Path] = [
            self.lodging.binaries / "initdb",
            "-D",
            fresh,
            "-U",
            "postgres",
            f"--pwfile={keep}",
        ]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
        command += ["--locale-provider=builtin", "--locale=C.UTF-8", *([] if self.durable else ["--no-sync"])]
        done = subprocess.run(
            command,
            cwd=self.lodging.folder,
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            errors="replace",
            **self.lodging.credentials(),
        )
        if done.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise Trouble(self._explain(done.stdout + done.stderr))
        keep.rename(fresh / "passwords")  # inside the cluster: one is never found without the other
        fresh.rename(self.cluster)

    def _check_version(self) -> None:
        major = (self.cluster / "PG_VERSION").read_text().strip()
        if major != str(MAJOR):
            raise Trouble(
                f"The database in {self.cluster} was written by PostgreSQL {major}; this Paideia brings "
                f"{MAJOR}. Make a backup with the Paideia that wrote it (paideia backup FILE), then "
                "restore it here into an empty PAIDEIA_HOME."
            )

    def _await_ready(self) -> None:
        import psycopg

        begun = time.monotonic()
        while True:
            try:
                with psycopg.connect(self.admin_url(), connect_timeout=5, autocommit=True) as connection:
                    return self._furnish(connection)
            except psycopg.OperationalError as error:
                if self.process and self.process.poll() is not None:
                    raise Trouble(self._explain(self._log_tail())) from error
                recovering = "starting up" in str(error) or "recovery" in str(error)
                if time.monotonic() - begun > (RECOVERY_SECONDS_MAX if recovering else START_SECONDS_MAX):
                    raise Trouble(
                        f"The database does not answer: {str(error).strip()}. Its log is {self.log}."
                    ) from error
            time.sleep(0.02)

    def _furnish(self, connection: Any) -> None:
        """The application's role and database, and vectors, where they are not there yet."""
        if connection.execute("select 1 from pg_database where datname = 'paideia'").fetchone():
            return
        if not connection.execute("select 1 from pg_roles where rolname = 'paideia'").fetchone():
            from psycopg import sql

            password = sql.Literal(self._passwords()[1])
            connection.execute(sql.SQL("create role paideia login createdb password {}").format(password))
        connection.execute("create extension if not exists vector")
        # The databases the application makes are copies of template1, so each has vectors without asking.
        with self.admin("template1") as template:
            template.execute("create extension if not exists vector")
        connection.execute("create database paideia owner paideia")

    @contextmanager
    def admin(self, database: str = "postgres") -> Iterator[Any]:
        """A connection of the superuser, in autocommit."""
        import psycopg

        with psycopg.connect(self.admin_url(database), connect_timeout=5, autocommit=True) as connection:
            yield connection

    def admin_url(self, database: str = "postgres") -> str:
        return self._url("postgres", self._passwords()[0], database)

    def _url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{password}@/{database}?host={quote(str(self.sockets), safe='')}"

    def _passwords(self) -> list[str]:
        try:
            return (self.cluster / "passwords").read_text().split("\n")
        except OSError as error:
            raise Trouble(
                f"Cannot read the database's passwords in {self.cluster}: {error.strerror}."
            ) from error

    def _stop(self) -> None:
        """Fast shutdown, then harder means; afterwards no process of this cluster is left."""
        for number, seconds in ((signal.SIGINT, 8), (signal.SIGQUIT, 3)):
            pid = self.running_pid()
            if pid is None or ties.ends(pid, number, seconds):
                break
        while orphans := _postgres_pids(self.cluster):  # backends that outlived a killed postmaster
            for pid in orphans:
                ties.ends(pid, signal.SIGKILL, 5)
        if self.process:
            self.process.wait()
            self.process = None

    def _log_tail(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read(20_000).decode(errors="replace")

    def _explain(self, output: str) -> str:
        if "No space left on device" in output:
            return f"The disk of {self.lodging.folder} is full: make room, then start again."
        if "Permission denied" in output or "Read-only file system" in output:
            return f"The database cannot write to {self.lodging.folder}: grant its owner write permission."
        if "shared memory" in output:
            return f"The machine has too little shared memory (/dev/shm) for the database:\n{output[-600:]}"
        return f"The database did not start. The end of {self.log} says:\n{output[-1200:].strip()}"

    def _locked(self, kind: str) -> ExitStack:
        stack = ExitStack()
        fcntl.flock(stack.enter_context(self._lock_file(kind)), fcntl.LOCK_EX)
        return stack

    def _use(self) -> IO[bytes]:
        file = self._lock_file("users")
        fcntl.flock(file, fcntl.LOCK_SH)
        return file

    def _alone(self) -> bool:
        with self._lock_file("users") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    def _lock_file(self, kind: str) -> IO[bytes]:
        path = self.home / f"{self.name}.{kind}"
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_CREAT, 0o644), "rb")


@contextmanager
def lent(home: Path, name: str = "postgres", *, durable: bool = True) -> Iterator[Server]:
    """The running server for the length of a `with`: the one that is up, else one started for it."""
    server = Server(home, name, durable=durable)
    server.start()
    try:
        yield server
    finally:
        server.leave()


def check_address(url: str) -> None:
    """Refuse an outside server that does not answer or is too old, saying which."""
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            version = connection.info.server_version
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        raise Trouble(f"No database answers at PAIDEIA_DATABASE_URL: {str(error).strip()}") from error
    if version < MAJOR_MIN * 10_000:
        raise Trouble(
            f"The server of PAIDEIA_DATABASE_URL is PostgreSQL {version // 10_000}; "
            f"Paideia needs {MAJOR_MIN} or newer."
        )


def _socket_folder(place: lodging.Lodging) -> Path:
    """Beside the data where the path is short enough for a socket, else a private folder by its hash."""
    near = place.folder / "run"
    if len(os.fsencode(near / SOCKET_NAME)) <= SOCKET_BYTES_MAX:
        folder = near
    else:
        short = sha256(os.fsencode(place.folder)).hexdigest()[:12]
        runtime = None if place.user else os.environ.get("XDG_RUNTIME_DIR")
        folder = Path(runtime or tempfile.gettempdir()) / f"paideia-{short}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid == os.geteuid():
        place.give(folder)
    found = folder.lstat()
    owner = place.user.pw_uid if place.user else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o077:
        raise Trouble(
            f"{folder} is not a private folder of the database's user: remove it, then start again."
        )
    return folder


def _postgres_pids(cluster: Path) -> list[int]:
    """The living processes named postgres whose working directory is this cluster."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                named = (entry / "comm").read_text() == "postgres\n" and ties.stat_fields(entry)[0] != "Z"
                if named and (entry / "cwd").samefile(cluster):
                    found.append(int(entry.name))
    return found


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
