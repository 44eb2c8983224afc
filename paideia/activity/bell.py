"""The bell that wakes readers: PostgreSQL's NOTIFY, rung by a trigger on the fact table (migration 0003).

Missing it is harmless: readers also look by themselves every second.
"""

import logging
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

import psycopg
from django.db import connection

CHANNEL = "activity_fact"
SLICE_SECONDS = 0.25  # how late a request to stop may be noticed
RECONNECT_SECONDS = 5.0

log = logging.getLogger(__name__)


class Bell:
    """A connection of its own that listens. `wait` returns when a fact was committed or time is up."""

    def __init__(self) -> None:
        self._line: psycopg.Connection[Any] | None = None
        self._try_again_at = 0.0

    def __enter__(self) -> "Bell":
        self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Wait for a ring, for `seconds`, or for `stop`, whichever is first."""
        until = time.monotonic() + seconds
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if self._listen(min(left, SLICE_SECONDS), stop):
                return

    def _listen(self, seconds: float, stop: threading.Event) -> bool:
        if self._line is None and time.monotonic() >= self._try_again_at:
            self._connect()
        if self._line is None:
            stop.wait(seconds)
            return False
        try:
            return bool(list(self._line.notifies(timeout=seconds, stop_after=1)))
        except psycopg.Error:
            self._hang_up()
            return False

    def _connect(self) -> None:
        parameters = connection.get_connection_params()
        address = {
            key: parameters[key]
            for key in ("dbname", "user", "password", "host", "port")
            if key in parameters
        }
        self._try_again_at = time.monotonic() + RECONNECT_SECONDS
        try:
            self._line = psycopg.connect(
                **address, autocommit=True, connect_timeout=5, application_name="paideia bell"
            )
            self._line.execute(f"LISTEN {CHANNEL}")
        except psycopg.Error as error:
            log.warning("no bell for readers, they look every second: %s", error)
            self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            with suppress(psycopg.Error):
                self._line.close()
        self._line = None
