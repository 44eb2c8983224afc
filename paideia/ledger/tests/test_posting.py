"""Posting: all or nothing, once, and never more than there is."""

import random
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from paideia.communities.models import Community
from paideia.ledger.actions import Misposted, Move, Overdrawn, PostedOtherwise, account, post
from paideia.ledger.jobs import BooksAreWrong, audit_books
from paideia.ledger.models import Account, Transfer
from paideia.ledger.queries import audit, balance

THREADS = 8


@pytest.fixture
def world(community: Community) -> Account:
    return account(community, "world:sandbox", "charges", "CNY")


@pytest.fixture
def sales(community: Community) -> Account:
    return account(community, "house", "sales", "CNY")


def held(one: Account) -> int:
    return balance(one.community, one.owner, one.kind, one.currency)


def test_what_one_account_loses_the_other_gains(world: Account, sales: Account) -> None:
    transfers = post([Move(world, sales, 1999, "order:1:sale", {"order": 1})])
    assert [(t.amount, t.key, t.detail) for t in transfers] == [(1999, "order:1:sale", {"order": 1})]
    assert (held(world), held(sales)) == (-1999, 1999)


def test_an_account_is_opened_once_and_only_the_world_may_lend(community: Community) -> None:
    wallet, outside = (
        account(community, "user:1", "wallet", "POINTS"),
        account(community, "world:x", "y", "CNY"),
    )
    assert account(community, "user:1", "wallet", "POINTS") == wallet
    assert (wallet.may_go_negative, outside.may_go_negative) == (False, True)


def test_the_same_posting_again_changes_nothing_and_returns_the_same_rows(
    world: Account, sales: Account
) -> None:
    moves = [
        Move(world, sales, 1000, "a", {"n": 1}, timezone.now() - timedelta(days=9)),
        Move(sales, world, 30, "b"),
    ]
    first = post(moves)
    assert [t.pk for t in post(moves)] == [t.pk for t in first]
    assert (held(sales), Transfer.objects.count()) == (970, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 999},
        {"detail": {"n": 2}},
        {"occurred_at": timezone.now()},
        {"turned": True},
        {"alone": True},
    ],
)
def test_a_key_used_for_something_else_is_an_error_and_moves_nothing(
    world: Account, sales: Account, change: dict[str, object]
) -> None:
    post([Move(world, sales, 1000, "a", {"n": 1}), Move(world, sales, 50, "b")])
    other = {"amount": 1000, "detail": {"n": 1}, **change}
    source, target = (sales, world) if other.pop("turned", False) else (world, sales)
    more = [Move(world, sales, 7, "c")] if other.pop("alone", False) else []
    with pytest.raises(PostedOtherwise):
        post([Move(source, target, key="a", **other), *more])  # type: ignore[arg-type]
    assert (held(sales), Transfer.objects.count()) == (1050, 2)


def test_taking_more_than_there_is_takes_nothing(world: Account, sales: Account) -> None:
    post([Move(world, sales, 100, "a")])
    with pytest.raises(Overdrawn):
        post([Move(world, sales, 1, "b"), Move(sales, world, 102, "c")])
    assert (held(sales), Transfer.objects.count()) == (100, 1)


@pytest.mark.parametrize("amount", [0, -1, 1.5, 10.0, True, "5", None, 10**15 + 1])
def test_only_whole_amounts_above_zero_are_posted(world: Account, sales: Account, amount: object) -> None:
    with pytest.raises(Misposted):
        post([Move(world, sales, amount, "a")])  # type: ignore[arg-type]
    assert Transfer.objects.count() == 0


def test_moves_stay_in_their_currency_and_keys_are_named_once(community: Community, world: Account) -> None:
    sales, dollars = account(community, "house", "sales", "CNY"), account(community, "house", "sales", "USD")
    for moves in (
        [Move(world, dollars, 5, "a")],
        [Move(world, sales, 5, "a"), Move(world, sales, 5, "a")],
        [Move(world, world, 5, "a")],
    ):
        with pytest.raises(Misposted):
            post(moves)
    assert Transfer.objects.count() == 0


def in_threads(*tasks: object) -> list[BaseException]:
    """Run all at once, each on a connection of its own, from a common start. Returns what they raised."""
    start, raised = threading.Barrier(len(tasks)), list[BaseException]()

    def run(task) -> None:  # type: ignore[no-untyped-def]
        start.wait()
        try:
            task()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[task]) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_concurrent_postings_conserve_money_and_never_wait_in_a_ring(community: Community) -> None:
    outside = account(community, "world:sandbox", "charges", "CNY")
    purses = [account(community, f"user:{n}", "wallet", "CNY") for n in range(4)]
    post([Move(outside, purse, 1000, f"start:{purse.pk}") for purse in purses])
    overdrawn: list[int] = []

    def shuffle(seed: int) -> None:
        chance = random.Random(seed)
        for step in range(40):
            pairs = [chance.sample(purses, 2) for _ in range(chance.randint(1, 3))]
            try:
                post(
                    [
                        Move(a, b, chance.randint(1, 900), f"{seed}:{step}:{n}")
                        for n, (a, b) in enumerate(pairs)
                    ]
                )
            except Overdrawn:
                overdrawn.append(seed)

    assert in_threads(*[lambda seed=seed: shuffle(seed) for seed in range(THREADS)]) == []
    assert sum(held(purse) for purse in purses) == 4000
    assert min(held(purse) for purse in purses) >= 0
    assert len(overdrawn) > 0  # the limit was met, not just approached
    assert audit() == []


@pytest.mark.django_db(transaction=True)
def test_one_key_posted_from_eight_connections_posts_once(community: Community) -> None:
    outside, sales = (
        account(community, "world:sandbox", "charges", "CNY"),
        account(community, "house", "sales", "CNY"),
    )
    answers: list[list[int]] = []
    tasks = [
        lambda: [answers.append([t.pk for t in post([Move(outside, sales, 7, f"k:{n}")])]) for n in range(25)]
    ] * THREADS
    assert in_threads(*tasks) == []
    assert len({tuple(answer) for answer in answers}) == 25
    assert (len(answers), held(sales), Transfer.objects.count()) == (200, 175, 25)


@pytest.mark.django_db(transaction=True)
def test_one_key_for_different_things_from_eight_connections_posts_one_of_them(community: Community) -> None:
    outside = account(community, "world:sandbox", "charges", "CNY")
    purses = [account(community, f"user:{n}", "wallet", "CNY") for n in range(THREADS)]
    raised = in_threads(*[lambda purse=purse: post([Move(outside, purse, 7, "same")]) for purse in purses])
    assert [type(error) for error in raised] == [PostedOtherwise] * (THREADS - 1)
    assert (sum(held(purse) for purse in purses), audit()) == (7, [])


def test_the_hourly_audit_fails_when_the_books_are_wrong(world: Account, sales: Account) -> None:
    post([Move(world, sales, 100, "a")])
    audit_books(timestamp=0)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_account DISABLE TRIGGER ledger_account_guard")
        cursor.execute("UPDATE ledger_account SET balance = 99 WHERE id = %s", [sales.pk])
    with pytest.raises(BooksAreWrong) as caught:
        audit_books(timestamp=0)
    assert [(one.audit, one.account_id, one.what) for one in caught.value.findings] == [
        ("unbalanced", None, "balances sum to -1"),
        ("drifted", sales.pk, "balance is 99, transfers make 100"),
    ]
