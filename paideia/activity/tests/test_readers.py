"""What a reader may rely on: order, its own transaction, failures set aside, a second start."""

import threading
from datetime import date, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from paideia.activity import batches, epochs
from paideia.activity.actions import Happening, UnknownVerb, record, record_many
from paideia.activity.models import Fact, ReaderPosition, SetAside
from paideia.activity.partitions import make_ahead
from paideia.activity.readers import all_readers, lag, reader, rewind, run_forever, run_once
from paideia.activity.tests.listeners import LISTENERS, TABLE
from paideia.activity.tests.test_exactly_once import effects, facts

FAR = 9_000_000_000_000_000  # a transaction id no cluster reaches


@pytest.fixture
def effect_table(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLE)


@pytest.fixture
def lasting_effect_table(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLE)


def test_a_reader_hears_its_verbs_only(effect_table: None) -> None:
    record_many([Happening("thread.opened"), Happening("member.joined"), Happening("comment.posted")])
    assert run_once(*LISTENERS) == 3
    assert effects("test.all") == facts("thread.opened", "comment.posted")
    assert effects("test.some") == facts("thread.opened")


def test_facts_heard_once_are_not_heard_again(effect_table: None) -> None:
    record("thread.opened")
    assert run_once(*LISTENERS) == 2
    assert run_once(*LISTENERS) == 0
    record("thread.opened")
    assert run_once(*LISTENERS) == 2


def test_a_fact_keeps_all_it_was_written_with(effect_table: None) -> None:
    heard: list[Fact] = []
    reader("test.detail", verbs={"order.settled"})(heard.extend)
    noon = timezone.now() - timedelta(days=3)
    record("order.settled", community=3, actor=5, occurred_at=noon, total=1999, name="月度会员")
    run_once("test.detail")
    assert [(f.community_id, f.actor_id, f.occurred_at, f.detail) for f in heard] == [
        (3, 5, noon, {"total": 1999, "name": "月度会员"})
    ]


def test_what_fails_is_set_aside_and_the_rest_goes_on(effect_table: None) -> None:
    record_many([Happening("thread.opened", detail={"poison": n == 3}) for n in range(7)])
    run_once(*LISTENERS)
    poisoned = facts("thread.opened")[3]
    assert effects("test.some") == [fact for fact in facts("thread.opened") if fact != poisoned]
    aside = SetAside.objects.get()
    assert (aside.reader, aside.fact_id, aside.tries) == ("test.some", poisoned, 1)
    assert aside.error == "Broken: this fact is poisoned"
    assert [(one.facts, one.set_aside) for one in lag() if one.reader == "test.some"] == [(0, 1)]


def test_what_was_set_aside_is_tried_again_ever_later(effect_table: None) -> None:
    record("thread.opened", poison=True)
    run_once(*LISTENERS)
    waits = []
    for _ in range(4):
        aside = SetAside.objects.get()
        with time_machine.travel(aside.next_try_at + timedelta(seconds=1), tick=False):
            run_once(*LISTENERS)
            waits.append(SetAside.objects.get().next_try_at - timezone.now())
    assert waits == [timedelta(seconds=30 * 2**tries) for tries in (2, 3, 4, 5)]
    assert SetAside.objects.get().tries == 5


def test_what_was_set_aside_is_done_once_its_cause_is_gone(
    effect_table: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    record("thread.opened", poison=True)
    run_once(*LISTENERS)
    monkeypatch.setattr("paideia.activity.tests.listeners.is_poison", lambda fact: False)
    SetAside.objects.update(next_try_at=timezone.now())
    run_once(*LISTENERS)
    assert effects("test.some") == facts("thread.opened")
    assert SetAside.objects.count() == 0


def test_a_passing_trouble_repeats_the_step_and_sets_nothing_aside(effect_table: None) -> None:
    calls: list[int] = []

    @reader("test.deadlocked", verbs={"thread.opened"})
    def act(facts: list[Fact]) -> None:
        calls.append(len(facts))
        if len(calls) == 1:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$")

    record("thread.opened")
    with pytest.raises(DatabaseError):
        run_once("test.deadlocked")
    run_once("test.deadlocked")
    assert (calls, SetAside.objects.count()) == ([1, 1], 0)


def test_positions_pass_over_facts_of_others(effect_table: None) -> None:
    record_many([Happening("page.read") for _ in range(batches.FOREIGN_MAX + 1)])
    run_once(*LISTENERS)
    last = Fact.objects.order_by("-id").values_list("id", flat=True)[0]
    assert list(ReaderPosition.objects.filter(reader__in=LISTENERS).values_list("fact_id", flat=True)) == [
        last,
        last,
    ]


def test_few_facts_of_others_cost_a_reader_no_write(effect_table: None) -> None:
    record_many([Happening("page.read") for _ in range(5)])
    run_once(*LISTENERS)
    assert ReaderPosition.objects.filter(reader__in=LISTENERS).count() == 0


def test_rewinding_gives_the_same_rows_and_forgets_what_was_set_aside(effect_table: None) -> None:
    record_many([Happening("thread.opened", detail={"poison": n == 1}) for n in range(3)])
    run_once(*LISTENERS)
    before = effects("test.some")
    rewind("test.some")
    assert (effects("test.some"), SetAside.objects.count()) == ([], 0)
    run_once(*LISTENERS)
    assert (effects("test.some"), SetAside.objects.count()) == (before, 1)


def test_a_reader_without_clear_is_not_rewound(db: None) -> None:
    reader("test.once", verbs={"thread.opened"})(lambda facts: None)
    with pytest.raises(LookupError, match="cannot be rewound"):
        rewind("test.once")
    with pytest.raises(LookupError, match=r"no reader is called 'test\.unknown'"):
        rewind("test.unknown")


def test_two_readers_cannot_share_a_name_nor_listen_for_verbs_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match=r"two readers are called 'test\.all'"):
        reader("test.all", verbs={"thread.opened"})(print)
    with pytest.raises(ValueError, match=r"unknown verbs: thread\.opend"):
        reader("test.typo", verbs={"thread.opend"})


def test_a_restored_database_hears_old_facts_first_and_skips_nothing(effect_table: None) -> None:
    """Transaction ids of a new cluster are smaller: only the epoch tells that its facts are younger."""
    record("thread.opened")
    with connection.cursor() as cursor:  # as restored from a cluster that had come far
        cursor.execute(
            "INSERT INTO activity_fact (xid, occurred_at, verb) VALUES (%s, now(), 'thread.opened')", [FAR]
        )
    restored = facts("thread.opened")
    run_once("test.all")
    epochs.begin()
    record("thread.opened")
    run_once("test.all")
    assert effects("test.all")[:2] == restored
    assert effects("test.all") == facts("thread.opened")
    assert len(effects("test.all")) == 3


def test_facts_of_an_earlier_epoch_are_settled_whatever_their_transaction_id(
    lasting_effect_table: None,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO activity_fact (xid, occurred_at, verb) VALUES (%s, now(), 'thread.opened')", [FAR]
        )
    run_once("test.all", patience_seconds=0)
    assert effects("test.all") == []
    epochs.begin()
    record("thread.opened")
    run_once("test.all")
    assert effects("test.all") == facts("thread.opened")


def test_a_waiting_worker_is_woken_by_the_fact(
    lasting_effect_table: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paideia.activity.readers.IDLE_SECONDS", 3600)
    stop, heard = threading.Event(), threading.Event()
    reader("test.woken", verbs={"thread.opened"})(lambda facts: heard.set())
    only = [one for one in all_readers() if one.name == "test.woken"]
    monkeypatch.setattr("paideia.activity.readers.all_readers", lambda: only)
    waiting = threading.Event()
    monkeypatch.setattr("paideia.activity.bell.Bell.__enter__", _announcing(waiting))
    worker = threading.Thread(target=run_forever, args=[stop])
    worker.start()
    assert waiting.wait(10)
    record("thread.opened")
    assert heard.wait(10)
    stop.set()
    worker.join(10)
    assert not worker.is_alive()


def _announcing(event: threading.Event):  # type: ignore[no-untyped-def]
    from paideia.activity.bell import Bell

    enter = Bell.__enter__

    def announced(bell: Bell) -> Bell:
        entered = enter(bell)
        event.set()
        return entered

    return announced


def test_only_tests_may_read_within_a_transaction(db: None, settings) -> None:  # type: ignore[no-untyped-def]
    settings.TESTING = False
    with pytest.raises(RuntimeError, match="outside of atomic"):
        run_once()


def test_unknown_verbs_are_refused_before_anything_is_written(db: None) -> None:
    with pytest.raises(UnknownVerb):
        record_many([Happening("thread.opened"), Happening("thread.exploded")])
    assert Fact.objects.count() == 0


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE activity_fact SET verb = 'thread.opened'",
        "DELETE FROM activity_fact",
        "TRUNCATE activity_fact",
        "UPDATE activity_fact_otherwise SET verb = 'x'",
        "SET LOCAL session_replication_role = replica",
    ],
)
def test_facts_are_append_only_for_raw_sql_too(db: None, attack: str) -> None:
    record("member.joined")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO activity_fact (recorded_at, occurred_at, verb) "
            "VALUES ('1999-01-01', now(), 'member.joined')"
        )
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attack)
    assert Fact.objects.filter(verb="member.joined").count() == 2


def test_truncating_a_single_month_is_refused(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'activity_fact'::regclass"
        )
        months = [name for (name,) in cursor.fetchall()]
        for name in months:
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(f"TRUNCATE {name}")


def test_a_reader_sets_a_fact_aside_once(db: None) -> None:
    SetAside.objects.create(reader="test.all", fact_id=1, error="", next_try_at=timezone.now())
    with pytest.raises(IntegrityError):
        SetAside.objects.create(reader="test.all", fact_id=1, error="", next_try_at=timezone.now())


def test_partitions_are_made_ahead_once(db: None) -> None:
    assert make_ahead(date(2050, 11, 30), months=2) == [
        "activity_fact_2050_11",
        "activity_fact_2050_12",
        "activity_fact_2051_01",
    ]
    assert make_ahead(date(2050, 11, 30), months=2) == []


def test_facts_that_came_before_their_month_was_made_move_into_it(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO activity_fact (recorded_at, occurred_at, verb) "
            "VALUES ('2050-11-05', now(), 'thread.opened')"
        )
        before = list(Fact.objects.values())
        make_ahead(date(2050, 11, 6), months=0)
        cursor.execute("SELECT count(*) FROM activity_fact_2050_11")
        assert cursor.fetchone() == (1,)
    assert list(Fact.objects.values()) == before
    with pytest.raises(DatabaseError), transaction.atomic():
        Fact.objects.all().delete()
