"""A database of its own for a benchmark, on the server that this installation uses."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit


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
