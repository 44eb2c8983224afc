"""Every effect once and none skipped, whatever happens to writers and workers."""

import random
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from paideia.activity.readers import lag, rewind, run_once
from paideia.activity.tests.listeners import LISTENERS, TABLE

PROJECT = Path(__file__).resolve().parents[3]
FACTS, WRITERS, KILLS = 20_000, 8, 30
WRITE = "INSERT INTO activity_fact (occurred_at, verb, detail) VALUES (now(), %s, '{}') RETURNING id"


def address() -> dict[str, str]:
    parameters = connection.get_connection_params()
    return {
        key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if key in parameters
    }


def effects(name: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT fact_id FROM test_effect WHERE reader = %s ORDER BY at_position", [name])
        return [fact for (fact,) in cursor.fetchall()]


def facts(*verbs: str) -> list[int]:
    """Committed facts in commit order, as (epoch, xid, id) has it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM activity_fact WHERE verb = ANY (%s) ORDER BY epoch, xid, id", [list(verbs)]
        )
        return [fact for (fact,) in cursor.fetchall()]


@pytest.fixture
def effect_table(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLE)


def write(seed: int, count: int, lines: dict[str, str]) -> None:
    """Transactions of 1 to 40 facts that stay open for different times, some of them rolled back."""
    chance = random.Random(seed)
    with psycopg.connect(**lines, autocommit=True) as line:
        while count:
            size = min(count, chance.randint(1, 40))
            kept = chance.random() > 0.05
            with line.transaction() as whole:
                for _ in range(size):
                    line.execute(WRITE, [chance.choice(["comment.posted", "thread.opened", "member.joined"])])
                line.execute("SELECT pg_sleep(%s)", [chance.random() * 0.01])
                if not kept:
                    raise psycopg.Rollback(whole)
            count -= size if kept else 0


class NaiveReader(threading.Thread):
    """The negative control: reads `id > last`, as everybody would at first."""

    def __init__(self, lines: dict[str, str]) -> None:
        super().__init__()
        self.lines, self.heard, self.stop = lines, set[int](), threading.Event()

    def run(self) -> None:
        last = 0
        with psycopg.connect(**self.lines, autocommit=True) as line:
            while not self.stop.is_set():
                news = line.execute(
                    "SELECT id FROM activity_fact WHERE id > %s ORDER BY id", [last]
                ).fetchall()
                self.heard.update(fact for (fact,) in news)
                last = news[-1][0] if news else last


def test_four_workers_killed_at_random_act_once_on_each_of_20000_facts(effect_table: None) -> None:
    lines = address()
    connection.close()
    naive = NaiveReader(lines)
    naive.start()
    workers = subprocess.Popen(
        [sys.executable, "-m", "paideia.activity.tests.killed_workers", "4", str(KILLS), "7"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        writers = [threading.Thread(target=write, args=[n, FACTS // WRITERS, lines]) for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert workers.stdout is not None and workers.stdout.readline() == "all killed\n"
        naive.stop.set()
        naive.join()
    finally:
        workers.communicate()
    assert workers.returncode == 0
    run_once(*LISTENERS)  # what was left at the last kill

    assert len(facts("comment.posted", "thread.opened", "member.joined")) == FACTS
    assert Counter(effects("test.all")) == Counter(facts("comment.posted", "thread.opened"))
    assert effects("test.all") == facts("comment.posted", "thread.opened")
    assert effects("test.some") == facts("thread.opened")
    skipped = set(facts("comment.posted", "thread.opened", "member.joined")) - naive.heard
    assert len(skipped) > 0  # the control: a reader by id alone loses facts under the same writers

    before = effects("test.all")
    rewind("test.all")
    assert effects("test.all") == []
    run_once("test.all")
    assert effects("test.all") == before


def test_a_fact_is_not_heard_before_older_transactions_end(effect_table: None) -> None:
    with psycopg.connect(**address()) as early, psycopg.connect(**address()) as late:
        (first,) = early.execute(WRITE, ["thread.opened"]).fetchone()
        (second,) = late.execute(WRITE, ["thread.opened"]).fetchone()
        late.commit()
        run_once(*LISTENERS, patience_seconds=0)
        assert effects("test.all") == []
        assert [one.facts for one in lag() if one.reader in LISTENERS] == [1, 1]
        early.commit()
    run_once(*LISTENERS)
    assert effects("test.all") == [first, second]


def test_a_fact_of_a_transaction_that_rolled_back_is_never_heard(effect_table: None) -> None:
    with psycopg.connect(**address()) as line:
        line.execute(WRITE, ["thread.opened"])
        line.rollback()
        (kept,) = line.execute(WRITE, ["thread.opened"]).fetchone()
    run_once(*LISTENERS)
    assert effects("test.all") == [kept]
