"""A community, its buyers, its worker and its provider, on a clock of their own: one seed is one course of events."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import time_machine
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.readers import run_once
from paideia.commerce import actions
from paideia.commerce.actions.cards import expire_cards
from paideia.commerce.actions.renewing import renew_due
from paideia.commerce.actions.rests import begin_and_end_rests
from paideia.commerce.actions.sending import refunds_due, send_refund
from paideia.commerce.providers import News, ProviderDown
from paideia.lib.refusal import Refused
from tests.cast import viewer_of
from tests.simulation.provider import Simpay
from tests.simulation.town import Town, lay_out, shape_of
from tests.simulation.twin import Twin

BEGINS = datetime(2027, 1, 30, 8, tzinfo=UTC)
COMMERCE = "commerce."
BOOKS = ("commerce.invoices", "commerce.rests", "partners.commissions")  # readers that write about money
SOON, LONG = timedelta(minutes=15), timedelta(days=15)
# When a worker has something to do, but for what a job or a message brings.
NEXT = """
SELECT min(at) FROM (
    SELECT min(expires_at) FROM commerce_order WHERE state IN ('created', 'awaiting')
    UNION ALL SELECT min(charge_at) FROM commerce_subscription WHERE state IN ('trial', 'active', 'past_due')
    UNION ALL SELECT min(period_ends_at) FROM commerce_subscription WHERE state = 'cancelled'
    UNION ALL SELECT min(next_try_at) FROM commerce_refund WHERE state IN ('agreed', 'sent')
    UNION ALL SELECT min(expires_at) FROM commerce_giftcard WHERE redeemed_at IS NULL AND revoked_at IS NULL
) AS due (at) WHERE at > %s
"""


# What a worker can have to do at all: whom there is nothing for is not sent to look for it.
ANYTHING = """
SELECT EXISTS (SELECT 1 FROM commerce_order WHERE state IN ('created', 'awaiting')),
    EXISTS (SELECT 1 FROM communities_suspension),
    EXISTS (SELECT 1 FROM commerce_subscription WHERE state NOT IN ('ended', 'paid_off')),
    EXISTS (SELECT 1 FROM commerce_giftcard WHERE expires_at IS NOT NULL),
    EXISTS (SELECT 1 FROM commerce_refund WHERE state IN ('agreed', 'sent')),
    EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status = 'todo')
"""


class Crash(BaseException):
    """The process is gone: nothing after this line happens."""


@dataclass
class World:
    town: Town
    seed: int
    faults: bool = True
    log: list[str] = field(default_factory=list)
    is_changed: bool = True  # by the last step

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        self.shape = shape_of(self.seed, self.chance)
        self.people = self.town.people[: self.shape.people]
        # Who is suspended, with the last order that there was before, and since when.
        self.shut: dict[int, tuple[int, datetime]] = {}
        self.provider = Simpay(Random(self.seed + 1), self.shape)
        self.twin = Twin(self.town)
        self.clock = time_machine.travel(BEGINS, tick=False)
        self.hands = self.clock.start()
        lay_out(self.town, self.shape)

    @property
    def lasted(self) -> timedelta:
        return timezone.now() - BEGINS

    def close(self) -> None:
        self.clock.stop()

    def step(self) -> None:
        """One thing happens, and perhaps the process dies of it."""
        from tests.simulation.steps import STEPS

        weights = [weight * self.shape.often[do.__name__] for do, weight in STEPS]
        do = self.chance.choices([do for do, _weight in STEPS], weights)[0]
        self.log.append(do.__name__)
        dies = self.faults and self.chance.random() < self.shape.dies
        mortal = Mortal(self.chance.randrange(1, 45) if dies else 0)
        try:
            with mortal:
                do(self)
        except (Refused, ProviderDown) as refused:
            self.log[-1] += f":{type(refused).__name__}"
        self.log[-1] += "(dies)" if mortal.is_dead else ""
        self.is_changed = mortal.statements > 0

    def rest(self, days: int) -> None:
        """No faults any more: the worker goes on for so long, and is there whenever there is something to do."""
        self.provider.faults = self.provider.is_down = self.faults = False
        for charge in self.provider.charges.values():
            if charge.dispute == "opened":
                self.provider.decide(charge, self.chance.random() < 0.5)
        until = timezone.now() + timedelta(days=days)
        while timezone.now() < until:
            self.provider.finish_refunds()
            self.hear()
            self.work()
            self.hands.move_to(min(self._next(), until))
        self.work()
        run_once(*(() if self.shape.hears_all else BOOKS))
        self.is_changed = True

    def hear(self) -> None:
        """Take in the news that have arrived; those that came too early come again the next day."""
        for news in self.provider.arrived():
            try:
                self.take_in(news)
            except Refused:  # among them TooSoon, which asks for just that
                self.provider.news.append((timezone.now() + timedelta(days=1), news))

    def take_in(self, news: News) -> None:
        actions.accept(community=self.town.community, provider="simpay", said=news)

    def work(self) -> None:
        """Everything a worker does."""
        ((waits, is_shut, runs, card, goes_back, job),) = asked(ANYTHING)
        for is_there, do in (
            *((waits, actions.expire_orders), (is_shut, begin_and_end_rests), (runs, renew_due)),
            *((card, expire_cards), (goes_back, send_refunds)),
        ):
            if is_there:
                do()
        while job:
            job = self.job()

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
        return self.chance.choice(self.people)

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def _next(self) -> datetime:
        now = timezone.now()
        due = [at for (at,) in asked(NEXT, [now]) if at is not None]
        due += [at for at, _news in self.provider.news if at > now]
        return max(min([*due, now + LONG]), now + SOON)


def send_refunds() -> None:
    for pk in refunds_due():
        send_refund(pk)


def asked(statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or {})
        return cursor.fetchall()


class Mortal:
    """Counts the statements of a step, and lets the process die before the one of this number (0: it lives),
    whatever was committed before it."""

    def __init__(self, last: int) -> None:
        self.last, self.statements = last, 0

    @property
    def is_dead(self) -> bool:
        return 0 < self.last <= self.statements

    def __enter__(self) -> None:
        self.wrapper = connection.execute_wrapper(self._execute)
        self.wrapper.__enter__()

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        self.wrapper.__exit__(None, None, None)
        return kind is Crash

    def _execute(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.statements += 1
        if self.statements == self.last:
            raise Crash
        return execute(*args)
