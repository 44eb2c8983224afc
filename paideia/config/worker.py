"""The background process: queued jobs, readers of facts, and the reaper of jobs whose worker died."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from typing import Any

from paideia.config import environment

HEARTBEAT_SECONDS, VANISHED_SECONDS = 5, 20
REAP_SECONDS = 5
KEEP_FINISHED_HOURS = 24 * 7
STOP_SECONDS = 4

log = logging.getLogger(__name__)


def run() -> None:
    """Work until SIGINT or SIGTERM; running jobs get a few seconds to finish. Needs Django set up."""
    stop = threading.Event()
    readers = threading.Thread(target=_read, args=[stop], name="readers")
    readers.start()
    try:
        asyncio.run(_work(stop, readers))
    finally:
        stop.set()
        readers.join(STOP_SECONDS)
    if readers.is_alive():
        os._exit(1)  # a reader that does not stop is rolled back, and repeated at the next start


def _read(stop: threading.Event) -> None:
    from paideia.activity.readers import run_forever

    run_forever(stop)


async def _work(stop: threading.Event, readers: threading.Thread) -> None:
    from procrastinate.contrib.django.procrastinate_app import current_app

    with current_app.replace_connector(_connector()) as app:
        async with app.open_async():
            tasks = [
                asyncio.create_task(
                    app.run_worker_async(
                        concurrency=environment.number("JOBS", 2),
                        shutdown_graceful_timeout=STOP_SECONDS,
                        update_heartbeat_interval=HEARTBEAT_SECONDS,
                        stalled_worker_timeout=VANISHED_SECONDS,
                    )
                ),
                asyncio.create_task(_reap(app.job_manager)),
                asyncio.create_task(_watch(readers)),
            ]
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            for task in done:
                task.result()


def _connector() -> Any:
    from procrastinate.contrib.django.django_connector import DjangoConnector

    return DjangoConnector(alias="default").get_worker_connector()


async def _watch(readers: threading.Thread) -> None:
    """End with an error when the readers do: the supervisor then starts all of us anew."""
    while readers.is_alive():
        await asyncio.sleep(1)
    raise RuntimeError("The readers of facts have ended; see the error above.")


async def _reap(jobs: Any) -> None:
    beats = 0
    while True:
        await asyncio.sleep(REAP_SECONDS)
        await reap(jobs)
        if beats % 720 == 0:  # hourly
            await jobs.delete_old_jobs(nb_hours=KEEP_FINISHED_HOURS, include_failed=False)
        beats += 1


async def reap(jobs: Any) -> int:
    """Queue again every job whose worker has vanished; how many there were.

    A worker that is killed leaves its job marked as running for ever. Jobs are safe to repeat, so the job
    runs again; one that another reaper was faster with is left alone.
    """
    from procrastinate.exceptions import ConnectorException

    stalled = list(await jobs.get_stalled_jobs(seconds_since_heartbeat=VANISHED_SECONDS))
    for job in stalled:
        try:
            await jobs.retry_job(job)
        except ConnectorException as error:
            log.warning("job %s was not queued again: %s", job.id, error)
        else:
            log.warning("job %s (%s) is queued again: its worker vanished", job.id, job.task_name)
    return len(stalled)
