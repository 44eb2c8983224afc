"""Filling an empty installation from a backup: everything of it, or nothing.

The archive is unpacked beside the media folder and checked against its manifest before the database is
touched. The database then fills in one transaction, which is committed when the files are in their place.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO

from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from paideia.transfer.backup import (
    DUMP,
    FILES,
    FORMAT,
    MANIFEST,
    SECRET,
    TABLES,
    BackupFailed,
    Manifest,
    Say,
    connect,
    database_environment,
    uploads,
)

RESTORED = "paideia restored"  # stands on django_migrations until the next epoch has begun
CHUNK_BYTES = 1024 * 1024
SETTING_OF_17 = b"SET transaction_timeout = 0;\n"  # pg_restore writes it, older servers refuse it


def restore(file: Path, *, programs: Path, say: Say = print) -> Manifest:
    """Restore a backup into this installation, which must be empty. Whatever fails leaves it empty.

    Afterwards the database has the shape of the backup and is marked as restored: migrate next.
    """
    _refuse_unless_empty()
    with _workshop() as folder:
        say("Checking the backup")
        manifest = _unpack(file, folder)
        _refuse_newer(manifest)
        say("Restoring the database")
        _fill(folder, manifest, programs)
    say(f"{sum(manifest.rows.values())} rows and {sum(map(_is_file, manifest.sums))} files are restored.")
    return manifest


def _refuse_unless_empty() -> None:
    with connect() as database:
        tables = database.execute(TABLES).fetchall()
    if tables:
        raise BackupFailed(
            f"This installation is not empty: its database has {len(tables)} tables. Restore into a new "
            "one, for example with PAIDEIA_HOME=/another/folder, or name an empty database in "
            "PAIDEIA_DATABASE_URL."
        )
    if not _workplace().exists() and next(uploads(), None):
        raise BackupFailed(f"This installation is not empty: there are files in {settings.MEDIA_ROOT}.")


def _workplace() -> Path:
    return Path(settings.HOME) / "restoring"


@contextmanager
def _workshop() -> Iterator[Path]:
    """A private folder on the disk of the media. One that is found is of a restore that was killed."""
    folder = _workplace()
    if folder.exists():  # the database was empty then and is empty now: what that restore moved is not in use
        shutil.rmtree(folder)
        shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(file: Path, folder: Path) -> Manifest:
    """Every member, written out and hashed; then held against the manifest."""
    sums: dict[str, str] = {}
    try:
        with tarfile.open(file, mode="r:") as tar:
            for member in tar:
                source = tar.extractfile(_safe(member, sums))
                assert source is not None
                sums[member.name] = _copy(source, folder / member.name, member.size)
    except FileNotFoundError as error:
        raise BackupFailed(f"There is no file {file}.") from error
    except (tarfile.TarError, EOFError) as error:
        raise BackupFailed(f"{file} is damaged or no backup of Paideia: {error}.") from error
    except OSError as error:
        raise BackupFailed(f"{file} could not be unpacked: {error.strerror or error}.") from error
    manifest = _manifest(folder, file)
    sums.pop(MANIFEST)
    if DUMP not in sums or sums != manifest.sums:
        wrong = sorted(
            name for name in sums.keys() | manifest.sums if sums.get(name) != manifest.sums.get(name)
        )
        raise BackupFailed(f"{file} is damaged: {', '.join(wrong[:5]) or DUMP} is not what was backed up.")
    return manifest


def _safe(member: tarfile.TarInfo, seen: Iterable[str]) -> tarfile.TarInfo:
    """Refuse what a backup never holds: links, devices, holes, names that lead elsewhere, names twice."""
    path = PurePosixPath(member.name)
    known = member.name in {DUMP, SECRET, MANIFEST} or _is_file(member.name)
    odd = path.is_absolute() or ".." in path.parts or str(path) != member.name or "\0" in member.name
    if not known or odd or not member.isreg() or member.sparse is not None or member.name in seen:
        raise BackupFailed(
            f"The backup holds {member.name!r}, which is not from Paideia; nothing was restored."
        )
    return member


def _copy(source: IO[bytes], target: Path, size: int) -> str:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    digest, left = sha256(), size
    with target.open("xb") as out:
        while chunk := source.read(min(CHUNK_BYTES, left)):
            digest.update(chunk)
            out.write(chunk)
            left -= len(chunk)
    if left:
        raise EOFError(f"it ends in the middle of {target.name}")
    return digest.hexdigest()


def _manifest(folder: Path, file: Path) -> Manifest:
    try:
        told = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError as error:
        raise BackupFailed(f"{file} is cut off or no backup of Paideia: it has no manifest.") from error
    except (ValueError, RecursionError) as error:
        raise BackupFailed(f"{file} is damaged: its manifest cannot be read.") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        found = told.get("format") if isinstance(told, dict) else told
        raise BackupFailed(f"{file} has format {found!r}; this Paideia reads format {FORMAT}.")
    try:
        manifest = Manifest(**told)
        rows = {str(table): int(count) for table, count in manifest.rows.items()}
        manifest.rows = rows
        manifest.sums = dict(manifest.sums)
    except (TypeError, ValueError, AttributeError) as error:
        raise BackupFailed(f"{file} is damaged: its manifest is not complete.") from error
    return manifest


def _refuse_newer(manifest: Manifest) -> None:
    known = set(MigrationLoader(None).disk_migrations or {})
    unknown = [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in known]
    if unknown:
        raise BackupFailed(
            f"The backup was made by Paideia {manifest.paideia}, which is newer than this one: it knows "
            f"{', '.join(unknown[:3])}. Update Paideia first."
        )


def _fill(folder: Path, manifest: Manifest, programs: Path) -> None:
    """Run the dump in one transaction; put the files in place when it has gone well, then commit."""
    command: list[str | Path] = [
        programs / "psql",
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--file=-",
    ]
    psql = subprocess.Popen(
        [*command, "--output=/dev/null"],
        env=database_environment() | {"PGOPTIONS": "-c client_min_messages=warning"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(folder / "errors").open("wb"),
    )
    try:
        assert psql.stdin and psql.stdout
        with suppress(BrokenPipeError):  # it has said why in `errors`
            psql.stdin.write(b"BEGIN;\n")
            for line in _script(folder / DUMP, programs):
                psql.stdin.write(line)
            psql.stdin.write(_checks(manifest).encode() + b"\\echo ready\n")
            psql.stdin.flush()
        if psql.stdout.readline() != b"ready\n":
            raise BackupFailed(f"The database refused the backup: {_errors(folder)}")
        with _in_place(folder):
            psql.stdin.write(b"COMMIT;\n")
            psql.stdin.close()
            if psql.wait():
                raise BackupFailed(f"The database refused the backup: {_errors(folder)}")
    finally:
        psql.kill()
        psql.wait()


def _script(dump: Path, programs: Path) -> Iterator[bytes]:
    """The dump as SQL. It forbids psql's own commands, so a dump cannot run programs here."""
    command: list[str | Path] = [programs / "pg_restore", "--no-owner", "--no-privileges", "--file=-", dump]
    reading = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert reading.stdout and reading.stderr
    with reading:
        in_head = True
        for line in reading.stdout:
            in_head = in_head and not line.startswith((b"CREATE", b"COPY"))
            if not (in_head and line == SETTING_OF_17):
                yield line
        said = reading.stderr.read().decode(errors="replace")
    if reading.returncode:
        raise BackupFailed(f"The database in the backup is damaged: {said.strip()[-400:]}")


def _checks(manifest: Manifest) -> str:
    """Statements that fail unless each table has as many rows as were backed up; then the mark."""
    checks = ["\n"]
    for table, count in manifest.rows.items():
        name = sql.Identifier(table).as_string(None)
        text = sql.Literal(f"{table} has not got {count} rows").as_string(None)
        checks.append(
            f"do $check$ begin if (select count(*) from public.{name}) <> {count} "
            f"then raise exception using message = {text}; end if; end $check$;\n"
        )
    return "".join(checks) + f"comment on table public.django_migrations is '{RESTORED}';\n"


@contextmanager
def _in_place(folder: Path) -> Iterator[None]:
    """Files and secret at home for as long as nothing fails."""
    files, media, home = folder / FILES, Path(settings.MEDIA_ROOT), Path(settings.HOME)
    if files.exists():
        media.mkdir(parents=True, exist_ok=True)
        os.rename(files, media)  # onto an empty folder: at once or not at all
    try:
        yield
    except BaseException:
        shutil.rmtree(media, ignore_errors=True)
        raise
    if (folder / SECRET).exists():
        (folder / SECRET).chmod(0o600)
        os.replace(folder / SECRET, home / "secret")


def _errors(folder: Path) -> str:
    said = (folder / "errors").read_text(errors="replace").strip()
    if "type" in said and "vector" in said:
        return "the server lacks pgvector, which the backup uses. Install it there, then restore again."
    return said[-800:] or "it gave no reason"


def _is_file(name: str) -> bool:
    return name.startswith(FILES) and len(name) > len(FILES)
