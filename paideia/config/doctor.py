"""`paideia doctor`: what is wrong with this installation and what to do, one line for each check."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from paideia.config import environment, migrating

PYTHON_MIN = (3, 11)
DISK_BYTES_LOW, DISK_BYTES_MIN = 5 * 2**30, 2**29
LAG_SECONDS_MAX = 120
STALLED_SECONDS = 60
PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Finding:
    level: Literal["ok", "warn", "fail"]
    title: str
    text: str


Check = Callable[[], Iterator[Finding]]


def main() -> int:
    """Print every finding; 1 when something must be put right, else 0."""
    failed = 0
    for finding in examine():
        print(f"{finding.level:4}  {finding.title}: {finding.text}", flush=True)
        failed += finding.level == "fail"
    print("Something must be put right: see the lines that begin with fail." if failed else "All is well.")
    return 1 if failed else 0


def examine() -> Iterator[Finding]:
    """All findings, the machine's first, then those that need the database."""
    from paideia.config.cli import database, django

    for check in ON_THE_MACHINE:
        yield from _guarded(check)
    with ExitStack() as stack:
        try:
            stack.enter_context(database())
            yield from server()
            stack.enter_context(django())
        except Exception as error:
            yield Finding("fail", "database", str(error).strip())
            names = ", ".join(_title(check) for check in IN_THE_DATABASE)
            yield Finding("warn", "not looked at", f"{names}, because they need the database")
            return
        for check in IN_THE_DATABASE:
            yield from _guarded(check)


def _guarded(check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:  # a doctor names what it cannot see, and goes on
        yield Finding("fail", _title(check), f"could not be looked at: {type(error).__name__}: {error}")


def _title(check: Check) -> str:
    return check.__name__.replace("_", " ")


def python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON_MIN:
        yield Finding("fail", "python", f"{version} is too old; install 3.11 or newer")
    else:
        yield Finding("ok", "python", version)


def folder() -> Iterator[Finding]:
    home = environment.home()
    probe = home / f".doctor-{os.getpid()}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        text = f"cannot write to {home}: {error.strerror}; grant write permission or set PAIDEIA_HOME"
        yield Finding("fail", "folder", text)
        return
    yield Finding("ok", "folder", f"{home} is writable")
    if (home / "restoring").exists():
        yield Finding("warn", "folder", f"{home / 'restoring'} is left of a restore that was cut short")


def disk() -> Iterator[Finding]:
    place = environment.home()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    size = f"{free / 2**30:.1f} GB free"
    if free < DISK_BYTES_MIN:
        yield Finding("fail", "disk", f"{size}; the database stops when it is full: make room")
    elif free < DISK_BYTES_LOW:
        yield Finding("warn", "disk", f"{size}; make room before it is full")
    else:
        yield Finding("ok", "disk", size)


def front_end() -> Iterator[Finding]:
    built = PACKAGE / "web" / "static" / "web" / "dist" / "manifest.json"
    if built.exists():
        yield Finding("ok", "front end", "built")
    else:
        yield Finding("fail", "front end", "its bundles are not built: run make setup")


def translations() -> Iterator[Finding]:
    sources = sorted(PACKAGE.glob("locale/*/LC_MESSAGES/*.po"))
    stale = [path for path in sources if not _is_compiled(path)]
    if stale:
        names = ", ".join(path.parts[-3] for path in stale)
        yield Finding("fail", "translations", f"{names} not compiled: run make setup")
    elif not any(PACKAGE.glob("locale/*/LC_MESSAGES/*.mo")):
        yield Finding("fail", "translations", "there are none; install Paideia again")
    else:
        yield Finding("ok", "translations", "compiled")


def _is_compiled(path: Path) -> bool:
    made = path.with_suffix(".mo")
    return made.exists() and made.stat().st_mtime_ns >= path.stat().st_mtime_ns


def mail() -> Iterator[Finding]:
    if environment.text("SMTP_HOST"):
        yield Finding("ok", "mail", f"goes through {environment.text('SMTP_HOST')}")
    else:
        yield Finding(
            "warn", "mail", f"is only written to {environment.home() / 'mail'}: set PAIDEIA_SMTP_HOST"
        )


def secret() -> Iterator[Finding]:
    path = environment.home() / "secret"
    if environment.text("SECRET_KEY"):
        short = len(environment.text("SECRET_KEY")) < 50
        text = "PAIDEIA_SECRET_KEY is shorter than 50 characters" if short else "from the environment"
        yield Finding("fail" if short else "ok", "secret", text)
    elif path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("fail", "secret", f"others may read {path}: chmod 600 it")
    else:
        yield Finding("ok", "secret", f"kept in {path}, for its owner only")


def user() -> Iterator[Finding]:
    if os.geteuid() == 0 and environment.switch("PRODUCTION"):
        yield Finding("warn", "user", "Paideia runs as root; give it a user of its own")


def server() -> Iterator[Finding]:
    """The first look at the database, without Django."""
    import psycopg

    from paideia.config.postgres import check_address

    url = os.environ["PAIDEIA_DATABASE_URL"]
    check_address(url)
    with psycopg.connect(url) as connection:
        version = connection.info.server_version
        vectors = connection.execute(
            "select extversion from pg_extension where extname = 'vector'"
        ).fetchone()
    yield Finding("ok", "database", f"PostgreSQL {version // 10_000}.{version % 10_000} answers")
    if vectors:
        yield Finding("ok", "vectors", f"pgvector {vectors[0]}")
    else:
        text = (
            "pgvector is not installed; similar works are compared in memory, which is slower from 100,000 on"
        )
        yield Finding("warn", "vectors", text)


def migrations() -> Iterator[Finding]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        names = ", ".join(f"{step.app_label}.{step.name}" for step, _ in pending[:3])
        yield Finding("fail", "migrations", f"{len(pending)} pending ({names} …): run paideia migrate")
    elif not migrating.is_current(os.environ["PAIDEIA_DATABASE_URL"]):
        yield Finding("warn", "migrations", "applied, though not by this version: run paideia migrate")
    else:
        yield Finding("ok", "migrations", "all applied")


def partitions() -> Iterator[Finding]:
    from django.utils import timezone

    from paideia.activity import partitions

    missing = partitions.missing(timezone.now().date())
    if missing:
        text = f"{', '.join(missing)} not made yet; is the worker running? Facts are kept meanwhile"
        yield Finding("warn", "partitions", text)
    else:
        yield Finding("ok", "partitions", f"made {partitions.MONTHS_AHEAD} months ahead")


def readers() -> Iterator[Finding]:
    from django.utils import timezone

    from paideia.activity.readers import lag

    late = timezone.now() - timedelta(seconds=LAG_SECONDS_MAX)
    behind = [one for one in lag() if one.oldest_at and one.oldest_at < late]
    aside = [one for one in lag() if one.set_aside]
    for one in behind:
        text = f"{one.reader} has {one.facts} facts to hear, the oldest of {one.oldest_at:%F %R}"
        text += "; is the worker running?"
        yield Finding("warn", "readers", text)
    for one in aside:
        yield Finding(
            "warn", "readers", f"{one.reader} set {one.set_aside} facts aside; see activity_setaside"
        )
    if not behind and not aside:
        yield Finding("ok", "readers", f"all {len(lag())} are up to date")


def jobs() -> Iterator[Finding]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(STALLED_JOBS, [STALLED_SECONDS])
        stalled = cursor.fetchone()[0]
        cursor.execute("select count(*) from procrastinate_jobs where status = 'failed'")
        failed = cursor.fetchone()[0]
    if stalled:
        yield Finding("warn", "jobs", f"{stalled} hang; a running worker queues them again: is it running?")
    if failed:
        yield Finding(
            "warn", "jobs", f"{failed} failed for good: paideia manage procrastinate shell lists them"
        )
    if not stalled and not failed:
        yield Finding("ok", "jobs", "none hangs, none has failed")


STALLED_JOBS = """
    select count(*) from procrastinate_jobs job
    left join procrastinate_workers worker on worker.id = job.worker_id
    where job.status = 'doing' and coalesce(worker.last_heartbeat, 'epoch') < now() - %s * interval '1 second'
"""


def ledger() -> Iterator[Finding]:
    from paideia.ledger.queries import audit

    found = audit()
    for one in found[:5]:
        yield Finding(
            "fail", "ledger", f"{one.audit} in community {one.community_id} ({one.currency}): {one.what}"
        )
    if not found:
        yield Finding("ok", "ledger", "every account equals its transfers")


def payments() -> Iterator[Finding]:
    from django.conf import settings

    from paideia.commerce.providers.configuring import problems

    found = problems()
    for name, wrong in found.items():
        for one in wrong:
            yield Finding("fail", "payments", f"{name} is not offered: {one}")
        if not wrong:
            yield Finding("ok", "payments", f"{name} is set up")
    if settings.PAYMENT_SANDBOX and settings.PRODUCTION:
        text = "the sandbox is on, where anybody pays without money: unset PAIDEIA_PAYMENT_SANDBOX"
        yield Finding("warn", "payments", text)
    elif not found and not settings.PAYMENT_SANDBOX:
        yield Finding("warn", "payments", "no provider is set up; see docs/payments.md")


ON_THE_MACHINE: tuple[Check, ...] = (python, folder, disk, front_end, translations, mail, secret, user)
IN_THE_DATABASE: tuple[Check, ...] = (migrations, partitions, readers, jobs, ledger, payments)
