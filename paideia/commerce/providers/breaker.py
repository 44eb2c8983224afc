"""Pages stop asking a provider that does not answer, for a while: nobody waits for what will not come, and what waits
holds no worker. Jobs ask all the same, and the first answer opens the way again. Kept by each process for itself."""

import threading
import time
from functools import cache
from urllib.parse import urlsplit

FAILURES_MAX = 5  # in a row, after which pages are turned away
REST_SECONDS = 10.0  # then one of them may try


class Breaker:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0

    def lets_a_page_ask(self) -> bool:
        """Whether it is worth the wait. After each rest it is, for one."""
        with self._lock:
            now = time.monotonic()
            if self._failures < FAILURES_MAX:
                return True
            if now < self._rests_until:
                return False
            self._rests_until = now + REST_SECONDS
            return True

    def answered(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._rests_until = time.monotonic() + REST_SECONDS


def breaker_of(url: str) -> Breaker:
    """The one of this host and port."""
    parts = urlsplit(url)
    return _of(f"{parts.scheme}://{parts.netloc}")


@cache
def _of(origin: str) -> Breaker:
    return Breaker()
