"""Where everybody moves money between the same few accounts, in opposite orders, nobody is told of a deadlock, and the
work goes on at a fair part of its usual pace.

The long form lasts ten minutes (PAIDEIA_SECONDS: as long as it says): `--long`.
"""

import os
import random
import threading
import time
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from paideia.communities.models import Community
from paideia.ledger.actions import Move, account, post
from paideia.ledger.models import Account, Transfer
from paideia.ledger.queries import audit

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS, PURSES, PLENTY = 32, 4, 10**9
SECONDS = float(os.environ.get("PAIDEIA_SECONDS", "600"))
Work = Callable[[int, int], None]


def purses(community: Community, many: int, name: str) -> list[Account]:
    world = account(community, "world:sandbox", "charges", "CNY")
    made = [account(community, f"user:{name}{number}", "wallet", "CNY") for number in range(many)]
    post([Move(world, one, PLENTY, f"fill:{one.pk}") for one in made])
    return made


def work_for(seconds: float, work: Work) -> tuple[float, list[Exception]]:
    """So many workers at once, each on a connection of its own: how often a second, and what they raised."""
    until, done, raised = time.monotonic() + seconds, [0] * WORKERS, list[Exception]()
    start = threading.Barrier(WORKERS)

    def run(worker: int) -> None:
        start.wait()
        try:
            while time.monotonic() < until:
                work(worker, done[worker])
                done[worker] += 1
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[worker]) for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds, raised


def moving(among: Callable[[int], list[Account]], name: str, *, moves: int) -> Work:
    """So many moves at a time, each between any two of a worker's accounts."""
    dice = [random.Random(worker) for worker in range(WORKERS)]

    def work(worker: int, turn: int) -> None:
        pairs = [dice[worker].sample(among(worker), 2) for _ in range(moves)]
        post([Move(*pair, 1, f"{name}:{worker}:{turn}:{place}") for place, pair in enumerate(pairs)])

    return work


@pytest.fixture
def hot(community: Community) -> list[Account]:
    return purses(community, PURSES, "hot")


@pytest.mark.parametrize("seconds", [3.0, pytest.param(SECONDS, marks=pytest.mark.long, id="long")])
def test_nobody_sees_a_deadlock(hot: list[Account], seconds: float) -> None:
    rate, raised = work_for(seconds, moving(lambda worker: hot, "hot", moves=3))
    assert (raised, rate > 0) == ([], True)
    assert sum(Account.objects.get(pk=one.pk).balance for one in hot) == PURSES * PLENTY
    assert audit() == []
    print(f"{rate:.0f} postings of three moves a second")


@pytest.mark.long
def test_the_pace_holds_where_all_meet(community: Community, hot: list[Account]) -> None:
    """Beside as many workers that never meet, in the same minute, in turns. On a machine with nothing else to do."""
    own = [purses(community, PURSES, f"{worker}x") for worker in range(WORKERS)]
    rates = {"alone": 0.0, "hot": 0.0}
    for turn in range(3):
        for name, among in (("alone", own.__getitem__), ("hot", lambda _worker: hot)):
            rate, raised = work_for(5.0, moving(among, f"{name}{turn}", moves=1))
            assert raised == []
            rates[name] += rate / 3
    print(f"{rates['hot']:.0f} a second where all meet, {rates['alone']:.0f} where none do")
    assert rates["hot"] >= rates["alone"] / 4


def test_without_an_order_of_locking_there_are_deadlocks(hot: list[Account]) -> None:
    """The control that must break: the same, each account locked when its turn comes."""
    dice = [random.Random(worker) for worker in range(WORKERS)]

    def one_by_one(worker: int, turn: int) -> None:
        one, other = dice[worker].sample(hot, 2)
        with transaction.atomic():
            for source, target, half in ((one, other, "a"), (other, one, "b")):
                Account.objects.select_for_update(no_key=True).get(pk=source.pk)
                Transfer.objects.create(source=source, target=target, amount=1, key=f"{worker}:{turn}:{half}")

    _rate, raised = work_for(4.0, one_by_one)
    assert {type(error) for error in raised} == {OperationalError}
    assert "deadlock detected" in str(raised[0])
