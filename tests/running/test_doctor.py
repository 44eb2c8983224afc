"""The doctor names what is wrong and what to do, and looks on where it cannot see."""

import os

import pytest
from django.db import connection

from paideia.config import doctor
from paideia.config.doctor import Finding
from tests.running.house import Paideia


def test_a_fresh_installation_has_a_working_database(paideia: Paideia):
    said = paideia.run("doctor").stdout.splitlines()
    assert "ok    database: PostgreSQL 18.4 answers" in said
    assert "ok    migrations: all applied" in said
    assert "ok    ledger: every account equals its transfers" in said
    assert f"ok    secret: kept in {paideia.home / 'secret'}, for its owner only" in said


def test_a_secret_that_others_may_read_fails(paideia: Paideia):
    (paideia.home / "secret").chmod(0o644)
    done = paideia.run("doctor")
    assert (
        f"fail  secret: others may read {paideia.home / 'secret'}: chmod 600 it" in done.stdout.splitlines()
    )
    assert done.returncode == 1


def test_without_a_database_the_rest_is_still_looked_at(open_folder):
    url = "postgresql://paideia@127.0.0.1:1/paideia"
    done = Paideia(open_folder / "none", PAIDEIA_DATABASE_URL=url).run("doctor")
    levels = {line.split(":")[0] for line in done.stdout.splitlines()}
    assert {"fail  database", "warn  not looked at"} <= levels
    assert any(level.endswith("disk") for level in levels)
    assert done.returncode == 1


@pytest.mark.django_db
def test_hanging_and_failed_jobs_are_counted():
    with connection.cursor() as cursor:
        for status in ("doing", "failed", "failed", "succeeded"):
            cursor.execute(
                "insert into procrastinate_jobs (queue_name, task_name, status) values ('default', 'x', %s)",
                [status],
            )
    assert list(doctor.jobs()) == [
        Finding("warn", "jobs", "1 hang; a running worker queues them again: is it running?"),
        Finding("warn", "jobs", "2 failed for good: paideia manage procrastinate shell lists them"),
    ]


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_named(monkeypatch: pytest.MonkeyPatch):
    with connection.cursor() as cursor:
        cursor.execute("delete from django_migrations where app = 'search'")
    assert [finding.level for finding in doctor.migrations()] == ["fail"]
    assert os.environ["PAIDEIA_DATABASE_URL"]


def test_a_check_that_breaks_is_a_finding_too():
    def broken():
        raise RuntimeError("no idea")
        yield

    assert list(doctor._guarded(broken)) == [
        Finding("fail", "broken", "could not be looked at: RuntimeError: no idea")
    ]
