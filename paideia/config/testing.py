"""Databases for tests: a pytest plugin (named in pyproject.toml) that needs nothing but `pytest`.

Tests run on $PAIDEIA_DATABASE_URL, or on an embedded server that forgets on a power cut and therefore is
fast. Its databases are copies of a template that is migrated once for each state of the migrations. Every
process has its own copy, so several runs, each with several workers, do not meet.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from paideia.config import environment
from paideia.config.migrating import fingerprint

TEMPLATES_KEPT = 4
PARAMETERS = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Before Django reads its settings: a home of this process's own, away from the installation's."""
    base = Path(os.environ.setdefault("PAIDEIA_TEST_HOME", str(environment.home() / "testing")))
    os.environ["PAIDEIA_TESTING"] = "1"
    os.environ["PAIDEIA_HOME"] = str(base / f"run-{os.getpid()}")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop runs in the test's thread


def pytest_unconfigure() -> None:
    base = Path(os.environ.get("PAIDEIA_TEST_HOME", "/nonexistent"))
    shutil.rmtree(base / f"run-{os.getpid()}", ignore_errors=True)
    for left in base.glob("run-*"):
        if not _alive(left.name.removeprefix("run-")):
            shutil.rmtree(left, ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests that take minutes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="takes minutes: run with --long"))


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """A test reads English until it asks for another language: no test inherits the one before's. Requests
    still speak their own: the cookie's, the browser's, the community's."""
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Replaces pytest-django's: a migrated database for this process, dropped afterwards."""
    from django.test import TransactionTestCase

    with ExitStack() as stack:
        databases = Databases(_address(stack))
        stack.callback(databases.close)
        with django_db_blocker.unblock():
            databases.drop_left_behind()
            databases.renew()
        # Real transactions are undone by a new copy: TRUNCATE is refused by append-only tables, and would
        # lose the rows that migrations made.
        patch = pytest.MonkeyPatch()
        stack.callback(patch.undo)
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: databases.renew())
        yield
        with django_db_blocker.unblock():
            databases.drop()


@contextmanager
def own_database() -> Iterator[None]:
    """A migrated database for this process, for what runs outside of pytest; dropped afterwards."""
    with ExitStack() as stack:
        databases = Databases(_address(stack))
        stack.callback(databases.close)
        databases.drop_left_behind()
        databases.renew()
        stack.callback(databases.drop)
        yield


def _address(stack: ExitStack) -> str:
    """The server to test on, kept alive while the stack is open."""
    if url := os.environ.get("PAIDEIA_DATABASE_URL"):
        return url
    from paideia.config.postgres import lent

    base = Path(os.environ["PAIDEIA_TEST_HOME"])
    base.mkdir(parents=True, exist_ok=True)
    url = stack.enter_context(lent(base, durable=False)).url()
    os.environ["PAIDEIA_DATABASE_URL"] = url  # for processes that a test starts
    stack.callback(os.environ.pop, "PAIDEIA_DATABASE_URL", None)
    return url


class Databases:
    """The test databases of one process on one server."""

    def __init__(self, url: str) -> None:
        import psycopg

        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)
        self.host = sha256(socket.gethostname().encode()).hexdigest()[:4]
        self.name = f"test_paideia_{self.host}_{os.getpid()}"

    def renew(self) -> None:
        """Give Django's default connection a fresh copy of the template."""
        self._detach()
        template = self._template()
        self._drop(self.name)
        self._execute(f'create database "{self.name}" template "{template}" strategy file_copy')
        self._attach(self.name)

    def drop(self) -> None:
        self._detach()
        self._drop(self.name)

    def drop_left_behind(self) -> None:
        """Databases of processes of this machine that are gone, and templates of migrations that are."""
        mine = f"test_paideia_{self.host}_"
        for name in self._names(f"{mine}%"):
            if not _alive(name.removeprefix(mine).split("_")[0]):
                self._drop(name)
        for name in self._names("template_paideia_%")[:-TEMPLATES_KEPT]:
            with suppress(Exception):  # another run is copying it
                self._execute(f'drop database if exists "{name}"')

    def close(self) -> None:
        self.connection.close()

    def _template(self) -> str:
        name = f"template_paideia_{fingerprint()}"
        if name in self._names(name):
            return name
        self._execute("select pg_advisory_lock(hashtext('paideia test template'))")
        try:
            if name not in self._names(name):
                self._build(name)
        finally:
            self._execute("select pg_advisory_unlock(hashtext('paideia test template'))")
        return name

    def _build(self, name: str) -> None:
        from django.core.management import call_command

        half = f"half_{name}"
        self._drop(half)
        self._execute(f'create database "{half}"')
        self._attach(half)
        call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
        call_command("createcachetable", verbosity=0)
        self._detach()
        self._execute(f'alter database "{half}" rename to "{name}"')

    def _drop(self, name: str) -> None:
        import psycopg

        statement = f'drop database if exists "{name}"'
        try:
            self._execute(f"{statement} with (force)")
        except psycopg.errors.InsufficientPrivilege:
            # An autovacuum worker is in it, which only a superuser may end by force; without force it is
            # asked to go and waited for.
            self._execute(statement)

    def _attach(self, name: str) -> None:
        """Point Django, and the processes that a test starts, to a database."""
        from django.db import connection
        from psycopg.conninfo import conninfo_to_dict

        url = urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))
        if "PAIDEIA_DATABASE_URL" in os.environ:
            os.environ["PAIDEIA_DATABASE_URL"] = url
        address = conninfo_to_dict(url)
        for key, parameter in PARAMETERS.items():
            connection.settings_dict[key] = address.get(parameter) or ""
        # A pool would outlive the database it was opened for.
        connection.settings_dict["OPTIONS"] = {**connection.settings_dict["OPTIONS"], "pool": False}

    def _detach(self) -> None:
        from django.db import connection

        connection.close()

    def _names(self, pattern: str) -> list[str]:
        found = self.connection.execute(
            "select datname from pg_database where datname like %s order by oid", [pattern]
        )
        return [name for (name,) in found]

    def _execute(self, statement: str) -> None:
        self.connection.execute(statement)


def _alive(pid: str) -> bool:
    return pid.isdigit() and Path(f"/proc/{pid}").exists()
