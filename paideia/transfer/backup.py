"""A backup: one tar file with the database, every uploaded file, and a manifest that proves both.

    database.dump      pg_dump's custom format, of one snapshot
    files/<key>        what people uploaded, under the keys the rows name
    secret             what the installation signs with, unless it comes from the environment
    manifest.json      last: format, versions, rows of each table, SHA-256 of everything above

People may go on writing. The dump and the counted rows are of one snapshot; uploads never change once written
and are copied after it, so each file that the snapshot names is there.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

import paideia

FORMAT = 1
DUMP, FILES, SECRET, MANIFEST = "database.dump", "files/", "secret", "manifest.json"
TABLES = """
    select relname from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace
      and not exists (select 1 from pg_depend where objid = pg_class.oid and deptype = 'e')
    order by relname
"""
Say = Callable[[str], None]


class BackupFailed(Exception):
    """No usable backup was made, or nothing was restored; the message says why and what to do."""


@dataclass
class Manifest:
    """What a backup holds. `rows` counts each table; `sums` has the SHA-256 of each other member."""

    format: int = FORMAT
    paideia: str = paideia.__version__
    made_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    postgresql: int = 0
    migrations: list[list[str]] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)


def backup(file: Path, *, programs: Path, say: Say = print) -> Manifest:
    """Write the whole installation into `file`, which must not exist: completely or not at all.

    `programs` is the folder of pg_dump. Uploads that are missing or changed are named and do not stop it.
    """
    if file.exists():
        raise BackupFailed(f"{file} exists already. Choose another name, or remove it first.")
    half = file.with_name(f".{file.name}.half")
    try:
        with (
            tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder,
            half.open("wb") as out,
        ):
            os.chmod(half, 0o600)
            manifest = _write(out, Path(folder), programs, say)
            out.flush()
            os.fsync(out.fileno())
        half.rename(file)
    except OSError as error:
        raise BackupFailed(f"{file} could not be written: {error.strerror}.") from error
    finally:
        half.unlink(missing_ok=True)
    say(f"{file}: {sum(manifest.rows.values())} rows, {_count_files(manifest)} files")
    return manifest


def database_environment(parameters: dict[str, Any] | None = None) -> dict[str, str]:
    """The surroundings in which PostgreSQL's programs find Django's database; no password is in `ps`."""
    told = parameters or connection.get_connection_params()
    names = {
        "PGDATABASE": "dbname",
        "PGUSER": "user",
        "PGPASSWORD": "password",
        "PGHOST": "host",
        "PGPORT": "port",
    }
    return (
        os.environ | {name: str(told[key]) for name, key in names.items() if told.get(key)} | {"LC_ALL": "C"}
    )


def connect() -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of our own to Django's database: the snapshot outlives Django's transactions."""
    told = connection.get_connection_params()
    wanted = {key: told[key] for key in ("dbname", "user", "password", "host", "port") if told.get(key)}
    return psycopg.connect(**wanted)


def _write(out: Any, folder: Path, programs: Path, say: Say) -> Manifest:
    manifest = Manifest()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar, connect() as snapshot:
        snapshot.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        snapshot.read_only = True
        say("Copying the database")
        dump = folder / DUMP
        _dump(snapshot, dump, programs)
        _add(tar, manifest, DUMP, dump)
        _describe(snapshot, manifest)
        say("Copying files")
        for path in uploads():
            _add(tar, manifest, FILES + path.relative_to(settings.MEDIA_ROOT).as_posix(), path)
        for problem in _problems(snapshot, manifest):
            say(f"Attention: {problem}")
        secret = Path(settings.HOME) / "secret"
        if secret.exists() and secret.read_text().strip() == settings.SECRET_KEY:
            _add(tar, manifest, SECRET, secret)
        described = folder / MANIFEST
        described.write_text(json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
        tar.add(described, MANIFEST, filter=_anonymous)
    return manifest


def _dump(snapshot: psycopg.Connection[Any], target: Path, programs: Path) -> None:
    name = _one(snapshot, "select pg_export_snapshot()")
    command: list[str | Path] = [
        programs / "pg_dump",
        "--format=custom",
        f"--snapshot={name}",
        "--lock-wait-timeout=60s",
    ]
    # Extensions belong to the server, not to us: the target has them or cannot have them.
    command += ["--no-owner", "--no-privileges", "--exclude-extension=*", f"--file={target}"]
    done = subprocess.run(
        command, env=database_environment(), capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        raise BackupFailed(f"The database could not be copied: {done.stderr.strip()[-800:]}")


def _describe(snapshot: psycopg.Connection[Any], manifest: Manifest) -> None:
    manifest.postgresql = snapshot.info.server_version
    applied = snapshot.execute("select app, name from django_migrations order by id").fetchall()
    manifest.migrations = [list(row) for row in applied]
    for (table,) in snapshot.execute(TABLES).fetchall():
        count = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        manifest.rows[table] = _one(snapshot, count)


def uploads() -> Iterator[Path]:
    """Every file people have uploaded, whichever row names it."""
    root = Path(settings.MEDIA_ROOT)
    return (path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink())


def _problems(snapshot: psycopg.Connection[Any], manifest: Manifest) -> Iterator[str]:
    """Uploads that a row names and that are not here, or are not what was uploaded."""
    named = snapshot.execute("select id, storage_key, digest from content_media order by id")
    for media_id, key, digest in named:
        found = manifest.sums.get(FILES + key)
        if found is None:
            yield f"the file of media {media_id} is missing: {key}"
        elif found != digest:
            yield f"the file of media {media_id} is not what was uploaded: {key}"


def _add(tar: tarfile.TarFile, manifest: Manifest, name: str, path: Path) -> None:
    """Copy and hash in one reading, so that the sum is of what is in the archive."""
    with path.open("rb") as source:
        member = _anonymous(tar.gettarinfo(arcname=name, fileobj=source))
        digest = file_digest(source, "sha256")
        source.seek(0)
        tar.addfile(member, source)
    manifest.sums[name] = digest.hexdigest()


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _one(snapshot: psycopg.Connection[Any], query: Any) -> Any:
    row = snapshot.execute(query).fetchone()
    assert row is not None
    return row[0]


def _count_files(manifest: Manifest) -> int:
    return sum(name.startswith(FILES) for name in manifest.sums)
