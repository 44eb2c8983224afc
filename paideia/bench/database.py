"""A database of its own for a benchmark, on the server that this installation uses."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit


def run_apart(module: str, options: argparse.Namespace) -> int:
    """Run a module as a program of its own in a fresh database, with the options as JSON in PAIDEIA_BENCH. Returns
    what it exits with."""
    with fresh_database() as url:
        environment = {
            **os.environ,
            "PAIDEIA_DATABASE_URL": url,
            "PAIDEIA_BENCH": json.dumps(vars(options)),
        }
        return subprocess.run([sys.executable, "-m", module], env=environment).returncode


@contextmanager
def fresh_database() -> Iterator[str]:
    """Its address, for the length of a `with`; it is dropped afterwards."""
    import psycopg

    url = os.environ["PAIDEIA_DATABASE_URL"]
    name = f"paideia_bench_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            connection.execute(f'drop database if exists "{name}" with (force)')
