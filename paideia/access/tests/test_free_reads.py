"""Free reads: so many a month, on the community's clock, however many try at once."""

import threading
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import connection

from paideia.access.actions import free_reads, spend_free_read
from paideia.access.actions.free_reads import month_of
from paideia.access.explaining import explain
from paideia.access.models import FreeRead, Gate, Plan
from paideia.access.refusals import NoFreeReadsLeft, NotForFree
from paideia.accounts.models import User
from paideia.communities.models import Community
from tests.cast import viewer_of

PARALLEL = 8


@pytest.fixture
def gate(community: Community, tier: Plan) -> Gate:
    community.free_reads_max = 2
    community.save()
    gate = Gate.objects.create(community=community, name="Paid", free_reads=True)
    gate.plans.add(tier)
    return gate


def spend(user: User, document: int, gate: Gate) -> FreeRead:
    return spend_free_read(viewer=viewer_of(user), document_id=document, gate=gate)


def test_a_free_read_opens_one_work_for_good_and_is_spent_once(visitor: User, gate: Gate) -> None:
    assert spend(visitor, 11, gate) == spend(visitor, 11, gate)
    spend(visitor, 12, gate)
    with pytest.raises(NoFreeReadsLeft):
        spend(visitor, 13, gate)
    assert viewer_of(visitor).unlocked_documents == (11, 12)


def test_a_new_month_begins_on_the_communitys_clock(visitor: User, gate: Gate) -> None:
    Community.objects.update(time_zone="Asia/Shanghai")
    with time_machine.travel(datetime(2026, 3, 31, 15, 59, tzinfo=UTC), tick=False):
        spend(visitor, 1, gate)
        spend(visitor, 2, gate)
        with pytest.raises(NoFreeReadsLeft):
            spend(visitor, 3, gate)
    with time_machine.travel(datetime(2026, 3, 31, 16, 0, tzinfo=UTC), tick=False):
        assert spend(visitor, 3, gate).month == date(2026, 4, 1)


def test_the_month_is_that_of_the_community(community: Community) -> None:
    community.time_zone = "America/New_York"
    assert month_of(community, datetime(2026, 5, 1, 3, 59, tzinfo=UTC)) == date(2026, 4, 1)


@pytest.mark.parametrize(
    "change", [{"free_reads": False}, {"opens_at": "2999-01-01T00:00Z"}, {"after_milestone": "lesson:1"}]
)
def test_what_is_closed_otherwise_stays_closed(visitor: User, gate: Gate, change: dict[str, object]) -> None:
    Gate.objects.filter(pk=gate.pk).update(**change)
    with pytest.raises(NotForFree):
        spend(visitor, 1, gate)


def test_a_closed_gate_above_that_allows_no_free_reads_keeps_it_closed(
    visitor: User, gate: Gate, tier: Plan
) -> None:
    circle = Gate.objects.create(community=gate.community, name="Circle", role_keys=["mentor"])
    Gate.objects.filter(pk=gate.pk).update(parent=circle)
    gate.refresh_from_db()
    assert not explain(viewer_of(visitor), gate).may_spend_free_read
    with pytest.raises(NotForFree):
        spend(visitor, 1, gate)


def test_strangers_suspended_members_and_those_whom_it_is_open_to_spend_none(
    visitor: User, member: User, owner: User, gate: Gate
) -> None:
    from paideia.communities.models import Suspension

    Suspension.objects.create(membership=visitor.memberships.get(), reason="spam", by=owner)
    for user in (None, visitor, member):
        with pytest.raises(NotForFree):
            spend_free_read(viewer=viewer_of(user), document_id=1, gate=gate)
    assert FreeRead.objects.count() == 0


def spend_in_parallel(user: User, gate: Gate) -> int:
    start, refused = threading.Barrier(PARALLEL), list[int]()

    def run(document: int) -> None:
        viewer = viewer_of(user)
        start.wait()
        try:
            spend_free_read(viewer=viewer, document_id=document, gate=gate)
        except NoFreeReadsLeft:
            refused.append(document)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[n]) for n in range(PARALLEL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(refused)


@pytest.mark.django_db(transaction=True)
def test_parallel_spenders_get_no_more_than_there_are(visitor: User, gate: Gate) -> None:
    assert spend_in_parallel(visitor, gate) == PARALLEL - 2
    assert FreeRead.objects.filter(user=visitor).count() == 2


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_would_get_more(
    visitor: User, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: counted before anybody wrote, because nobody waits."""
    counted = threading.Barrier(PARALLEL)

    class Unlocked:
        objects = type("", (), {"select_for_update": lambda self, **_: User.objects})()

    monkeypatch.setattr(free_reads, "User", Unlocked)
    original = FreeRead.objects.create

    def create(**fields: object) -> FreeRead:
        counted.wait(10)
        return original(**fields)

    monkeypatch.setattr(FreeRead.objects, "create", create)
    assert spend_in_parallel(visitor, gate) == 0
    assert FreeRead.objects.filter(user=visitor).count() == PARALLEL
