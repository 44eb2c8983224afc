"""The reaper: a job whose worker was killed runs again."""

import asyncio

import pytest
from django.db import connection
from procrastinate.contrib.django.procrastinate_app import current_app

from paideia.config import worker

pytestmark = pytest.mark.django_db(transaction=True)


def test_jobs_of_silent_and_of_vanished_workers_are_queued_again():
    silent, lively = add_worker(heard_seconds_ago=60), add_worker(heard_seconds_ago=1)
    jobs = {
        name: add_job(owner) for name, owner in (("silent", silent), ("vanished", None), ("lively", lively))
    }
    assert reap() == 2
    assert {name: status(job) for name, job in jobs.items()} == {
        "silent": "todo",
        "vanished": "todo",
        "lively": "doing",
    }
    assert reap() == 0


def test_a_finished_job_is_left_alone():
    job = add_job(None)
    execute("update procrastinate_jobs set status = 'succeeded' where id = %s returning id", job)
    assert reap() == 0
    assert status(job) == "succeeded"


def reap() -> int:
    async def once() -> int:
        with current_app.replace_connector(worker._connector()) as app:
            async with app.open_async():
                return await worker.reap(app.job_manager)

    return asyncio.run(once())


def add_worker(*, heard_seconds_ago: int) -> int:
    query = (
        "insert into procrastinate_workers (last_heartbeat) values (now() - %s * interval '1 s') returning id"
    )
    return execute(query, heard_seconds_ago)


def add_job(owner: int | None) -> int:
    query = """insert into procrastinate_jobs (queue_name, task_name, status, worker_id)
               values ('default', 'activity.make_partitions', 'doing', %s) returning id"""
    return execute(query, owner)


def status(job: int) -> str:
    return execute("select status from procrastinate_jobs where id = %s", job)


def execute(query: str, value: object):
    with connection.cursor() as cursor:
        cursor.execute(query, [value])
        return cursor.fetchone()[0]
