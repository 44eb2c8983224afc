"""A community, its buyers, its worker and its provider, on a clock of their own: one seed is one course of events."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import time_machine
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from paideia.access.models import Plan
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.readers import run_once
from paideia.commerce import actions
from paideia.commerce.actions.renewing import renew_due
from paideia.commerce.actions.sending import refunds_due, send_refund
from paideia.commerce.actions.subscriptions import cancel, pay_period, resume
from paideia.commerce.models import Coupon, Offer, Order, Refund, Subscription
from paideia.commerce.providers import News, ProviderDown
from paideia.commerce.quoting import Wish
from paideia.communities.actions import create_community
from paideia.communities.models import Community
from paideia.lib.refusal import Refused
from tests.cast import let_in, person, viewer_of
from tests.simulation.provider import Simpay

BEGINS = datetime(2027, 1, 30, 8, tzinfo=UTC)
PLACES, USES = 2, 3  # of the limited offer, of the coupon
COMMERCE = "commerce."


class Crash(BaseException):
    """The process is gone: nothing after this line happens."""


@dataclass
class Town:
    """What all seeds begin with; each is rolled back to it."""

    community: Community
    owner: User
    people: list[User]
    offers: dict[str, Offer]
    coupon: Coupon


def found() -> Town:
    owner = person("olga")
    community = create_community(by=owner, slug="agora", name="Agora", currency="CNY")
    community.refresh_from_db()
    people = [let_in(community, person(f"buyer{number}")) for number in range(5)]
    kinds: dict[str, dict[str, Any]] = {
        "good": {"price": 9900},
        "month": {"price": 3000, "term": "month"},
        "few": {"price": 5000, "quantity_max": PLACES},
        "wish": {"price": 1000, "price_is_minimum": True},
        "sub": {"price": 2500, "term": "month", "renewal": "automatic"},
        "parts": {"price": 4000, "renewal": "instalments", "instalments": 3},
    }
    offers = {}
    for name, fields in kinds.items():
        plan = Plan.objects.create(community=community, key=name, name=name)
        offers[name] = Offer.objects.create(community=community, name=name, currency="CNY", **fields)
        offers[name].plans.add(plan)
    coupon = Coupon.objects.create(
        community=community, code="SAVE20", percent=20, uses_max=USES, uses_each_max=None
    )
    return Town(community, owner, people, offers, coupon)


@dataclass
class World:
    town: Town
    seed: int
    faults: bool = True
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        self.provider = Simpay(Random(self.seed + 1))
        self.clock = time_machine.travel(BEGINS, tick=False)
        self.hands = self.clock.start()

    def close(self) -> None:
        self.clock.stop()

    def step(self) -> None:
        """One thing happens, and perhaps the process dies of it."""
        name, do = self.chance.choices(*zip(*STEPS, strict=True))[0]  # type: ignore[misc]
        self.log.append(name)
        with suppress(Refused, ProviderDown), self._mortal():
            do(self)

    def rest(self, hours: int) -> None:
        """No faults any more: the worker goes on for so long."""
        self.provider.faults = self.provider.is_down = self.faults = False
        for charge in self.provider.charges.values():
            if charge.dispute == "opened":
                self.provider.decide(charge, self.chance.random() < 0.5)
        for _ in range(hours // 4):
            self.hands.shift(timedelta(hours=4))
            self.provider.finish_refunds()
            for news in self.provider.arrived():
                try:
                    self.take_in(news)
                except Refused:  # come again
                    self.provider.news.append((timezone.now() + timedelta(hours=1), news))
            self.work()
        run_once()

    def take_in(self, news: News) -> None:
        actions.accept(community=self.town.community, provider="simpay", said=news)

    def work(self) -> None:
        """Everything a worker does."""
        actions.expire_orders()
        renew_due()
        for pk in refunds_due():
            send_refund(pk)
        while self.job():
            pass

    def job(self) -> bool:
        """One job of the queue. It is gone when it is done, and there again when the process dies of it."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, task_name, args FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id LIMIT 1"
            )
            found = cursor.fetchone()
            if found is None:
                return False
            pk, task, arguments = found
            if task.startswith(COMMERCE):
                with suppress(ProviderDown):
                    app.tasks[task].func(**json.loads(arguments))
            cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [pk])
        return True

    def viewer(self, user: User) -> Viewer:
        return viewer_of(user, self.town.community)

    def someone(self) -> User:
        return self.chance.choice(self.town.people)

    def _mortal(self) -> "_Mortal":
        dies = self.faults and self.chance.random() < 0.12
        return _Mortal(self.chance.randrange(1, 45) if dies else 0, self.log)


class _Mortal:
    """Lets the process die before the statement of this number (0: it lives), whatever was committed before it."""

    def __init__(self, statement: int, log: list[str]) -> None:
        self.left, self.log = statement, log

    def __enter__(self) -> None:
        self.wrapper = connection.execute_wrapper(self._execute)
        self.wrapper.__enter__()

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        self.wrapper.__exit__(None, None, None)
        return kind is Crash

    def _execute(self, execute: Callable[..., Any], *args: Any) -> Any:
        if self.left:
            self.left -= 1
            if not self.left:
                self.log.append("(dies)")
                raise Crash
        return execute(*args)


def buy(world: World) -> None:
    name = world.chance.choice(list(world.town.offers))
    offer = world.town.offers[name]
    codes = ("SAVE20",) if world.chance.random() < 0.4 else ()
    chosen = world.chance.choice([1000, 1500, 99_00]) if name == "wish" and not codes else None
    wish = Wish(codes=codes, chosen_price=chosen)
    order = actions.place_order(
        viewer=world.viewer(world.someone()), offer=offer, provider="simpay", wish=wish
    )
    if world.chance.random() < 0.9:
        actions.begin_payment(order=order, return_url="", notify_url="")


def pay(world: World) -> None:
    """Somebody pays on a page that they have open, perhaps long after, perhaps again."""
    if world.provider.pages:
        number = world.chance.choice(list(world.provider.pages)[-4:])
        world.provider.pay(number, fails=world.chance.random() < 0.15)
        if world.chance.random() < 0.5:
            come_back(world, number)


def come_back(world: World, number: str) -> None:
    order = Order.objects.get(number=number)
    if (said := world.provider.query(order)) is not None:
        world.take_in(said)


def hear(world: World) -> None:
    """News arrive; those that nobody lived to take in come again."""
    again = timezone.now() + timedelta(hours=1)
    arrived = world.provider.arrived()
    world.provider.news += [(again, news) for news in arrived]
    for news in arrived:
        world.take_in(news)
        world.provider.news.remove((again, news))


def work(world: World) -> None:
    world.work()


def sweep(world: World) -> None:
    """Two workers at the same: what one does the other finds done."""
    for _ in range(2):
        world.chance.choice([actions.expire_orders, renew_due, run_once])()


def pass_time(world: World) -> None:
    world.hands.shift(timedelta(minutes=world.chance.choice([1, 30, 70, 600, 1500, 8000, 30_000])))


def refund(world: World) -> None:
    paid = Order.objects.filter(community=world.town.community, paid_at__isnull=False).order_by("?")
    chosen = list(paid.order_by("pk"))
    if chosen:
        order = world.chance.choice(chosen)
        part = world.chance.random() < 0.4
        actions.refund_order(
            viewer=world.viewer(world.town.owner),
            order=order,
            amount=order.total // 3 if part else None,
            reason="asked",
        )


def dispute(world: World) -> None:
    world.provider.dispute()


def bank(world: World) -> None:
    world.provider.finish_refunds()


def leave(world: World) -> None:
    rows = list(Subscription.objects.filter(community=world.town.community).order_by("pk"))
    if rows:
        row = world.chance.choice(rows)
        viewer = world.viewer(row.user)
        what = world.chance.choice(["cancel", "cancel", "resume", "pay"])
        if what == "cancel":
            cancel(viewer=viewer, subscription=row, reason="price")
        elif what == "resume":
            resume(viewer=viewer, subscription=row)
        else:
            order = pay_period(viewer=viewer, subscription=row, provider="simpay")
            actions.begin_payment(order=order, return_url="", notify_url="")


def outage(world: World) -> None:
    world.provider.is_down = world.chance.random() < 0.4


STEPS: list[tuple[tuple[str, Callable[[World], None]], int]] = [
    ((do.__name__, do), weight)
    for do, weight in (
        (buy, 22),
        (pay, 20),
        (hear, 18),
        (work, 10),
        (sweep, 5),
        (pass_time, 12),
        (refund, 6),
        (dispute, 3),
        (bank, 3),
        (leave, 4),
        (outage, 3),
    )
]


def rolled_back(do: Callable[[], Any]) -> Any:
    """What `do` returns, with all that it wrote undone."""
    with transaction.atomic():
        try:
            return do()
        finally:
            transaction.set_rollback(True)


__all__ = ["Refund", "Town", "World", "found", "rolled_back"]
