"""The web server: granian in front of Django, as one process group that ends as one."""

from __future__ import annotations

import gc
import signal
from pathlib import Path
from typing import Any

from paideia.config import environment, ties

THREADS = 4  # for each worker: Python runs one at a time, the others wait for the database
KILL_SECONDS = 5


def serve(host: str, port: int, workers: int) -> None:
    """Serve until SIGINT or SIGTERM. A worker that dies or grows too large is replaced."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    _warm()
    gc.collect()
    gc.freeze()
    Granian(
        "paideia.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=environment.number("THREADS", THREADS),
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
        workers_max_rss=environment.number("WORKER_MB_MAX", 600),
        process_name=None,
    ).serve(target_loader=_load_in_worker)


def _warm() -> None:
    """Import everything once, before the workers are forked, so that they share its memory.

    No connection may be open then: two processes would talk on one.
    """
    from django.conf import settings
    from django.db import connections
    from django.template import engines
    from django.urls import get_resolver

    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # WhiteNoise warns when it is not there
    _load()
    engines.all()
    get_resolver().url_patterns  # noqa: B018
    connections.close_all()


def _load(*_: Any) -> Any:
    from paideia.config.wsgi import application

    return application


def _load_in_worker(*_: Any) -> Any:
    ties.tie_to_parent(signal.SIGKILL)  # a killed master must not leave workers on its port
    return _load()
