"""A payment provider in memory that is as unreliable as the seed says, and knows the truth about the money."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from paideia.commerce.models import Offer, Order, Refund
from paideia.commerce.providers import (
    Capability,
    DisputeNews,
    DisputeState,
    News,
    Nothing,
    Payment,
    ProviderDown,
    RefundAnswer,
    RefundNews,
    RefundState,
    StatementLine,
    charge_of,
)
from paideia.communities.models import Community
from tests.simulation.town import Shape


@dataclass
class Charge:
    charge_id: str
    order_number: str
    amount: int
    currency: str
    at: datetime
    unasked: bool = False  # by a mandate
    mandate_id: str = ""
    dispute: str = ""  # "", "opened", "won", "lost"
    gone: int = 0  # minor units that went back


@dataclass
class Sent:
    """A refund as the provider sees it."""

    charge: Charge
    amount: int
    state: RefundState
    refund_id: str
    key: str


@dataclass
class Simpay:
    """Its news wait in `news` with the time from which they can arrive; whoever takes them in may fail, and is told
    again."""

    chance: Random
    shape: Shape
    faults: bool = True
    is_down: bool = False
    key: str = "simpay"
    label: str = "Simpay"
    note: str = ""
    capabilities: frozenset[Capability] = frozenset(Capability) - {Capability.STATEMENTS}
    currencies: frozenset[str] | None = None
    refund_days: int = 180
    pages: dict[str, Order] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)
    refunds: dict[str, Sent] = field(default_factory=dict)
    news: list[tuple[datetime, News]] = field(default_factory=list)
    numbers: int = 0

    # what the shop asks

    def start(self, order: Order, *, return_url: str, notify_url: str) -> str:
        self._answer()
        self.pages[order.number] = order
        return f"https://pay.test/{order.number}"

    def read_notification(self, request: HttpRequest) -> News:
        return Nothing()

    def reconcile(self, community: Community, day: date) -> Iterable[StatementLine]:
        return ()

    def query(self, order: Order) -> Payment | None:
        self._answer()
        found = self._of(order.number)
        return self._paid(found[0]) if found else None

    def charge(self, order: Order, mandate_id: str) -> Payment:
        self._answer()
        assert any(one.mandate_id == mandate_id for one in self.charges.values()), "charged without consent"
        if known := [one for one in self._of(order.number) if one.unasked]:
            return self._paid(known[0])
        if self.faults and self.chance.random() < self.shape.declines:
            return self._declined(order)
        made = self._capture(order, unasked=True)
        made.mandate_id = mandate_id
        if self._loses():
            raise ProviderDown("the answer is lost")
        return self._paid(made)

    def refund(self, refund: Refund) -> RefundAnswer:
        self._answer()
        if refund.key not in self.refunds:
            charge = self.charges[charge_of(refund)]
            if charge.dispute in {"opened", "lost"} or charge.gone + refund.amount > charge.amount:
                return RefundAnswer(RefundState.FAILED, message="nothing is left of this charge")
            state = RefundState.PENDING if self.chance.random() < self.shape.waits else RefundState.DONE
            charge.gone += refund.amount
            self.refunds[refund.key] = Sent(charge, refund.amount, state, self._number("re"), refund.key)
            if self._loses():
                raise ProviderDown("the answer is lost")
        return self.query_refund(refund)

    def query_refund(self, refund: Refund) -> RefundAnswer:
        self._answer()
        sent = self.refunds[refund.key]
        return RefundAnswer(sent.state, sent.refund_id, "the bank says no" if sent.state == "failed" else "")

    # what happens at the provider's

    def pay(self, number: str, *, fails: bool = False) -> None:
        """A buyer pays on the page of an order, whatever has become of it meanwhile."""
        order = self.pages[number]
        if fails:
            self._tell(self._declined(order))
        else:
            made = self._capture(order)
            if order.offer is not None and order.offer.renewal != Offer.Renewal.NONE:
                made.mandate_id = self._number("ma")
            self._tell(self._paid(made))

    def finish_refunds(self) -> None:
        for sent in self.refunds.values():
            if sent.state == RefundState.PENDING and self.chance.random() < 0.5:
                fails = self.faults and self.chance.random() < self.shape.bounces
                sent.state = RefundState.FAILED if fails else RefundState.DONE
                sent.charge.gone -= sent.amount if fails else 0
                self._tell(self._refund_news(sent))

    def dispute(self) -> None:
        """A bank takes a charge back, or decides about one that it took."""
        for charge in self.charges.values():
            if charge.dispute == "opened" and self.chance.random() < 0.5:
                self.decide(charge, self.chance.random() < 0.5)
                return
        free = [one for one in self.charges.values() if not one.dispute and one.gone == 0]
        if free:
            charge = self.chance.choice(free)
            charge.dispute = "opened"
            self._tell(self._dispute_news(charge, DisputeState.OPENED))

    def decide(self, charge: Charge, won: bool) -> None:
        charge.dispute = "won" if won else "lost"
        charge.gone += 0 if won else charge.amount
        self._tell(self._dispute_news(charge, DisputeState.WON if won else DisputeState.LOST))

    def arrived(self) -> list[News]:
        """The news that arrive now, in whatever order."""
        now = timezone.now()
        here = [news for at, news in self.news if at <= now]
        self.news = [(at, news) for at, news in self.news if at > now]
        self.chance.shuffle(here)
        return here

    def held(self) -> int:
        """What is still of buyers' money, in minor units."""
        return sum(one.amount - one.gone for one in self.charges.values())

    # inside

    def _answer(self) -> None:
        if self.is_down or (self.faults and self.chance.random() < self.shape.is_silent):
            raise ProviderDown("no answer")

    def _loses(self) -> bool:
        return self.faults and self.chance.random() < self.shape.loses

    def _of(self, number: str) -> list[Charge]:
        return [one for one in self.charges.values() if one.order_number == number]

    def _number(self, kind: str) -> str:
        self.numbers += 1
        return f"{kind}_{self.numbers}"

    def _capture(self, order: Order, *, unasked: bool = False) -> Charge:
        made = Charge(
            self._number("ch"), order.number, order.total, order.currency, timezone.now(), unasked=unasked
        )
        self.charges[made.charge_id] = made
        return made

    def _tell(self, news: News) -> None:
        """Late, out of order, several times."""
        times = 1
        while self.faults and times < 4 and self.chance.random() < self.shape.repeats:
            times += 1
        for _ in range(times):
            late = timedelta(minutes=self.chance.choice([0, 0, 1, 10, 300]) if self.faults else 0)
            self.news.append((timezone.now() + late, news))

    def _paid(self, charge: Charge) -> Payment:
        return Payment(
            message_id=f"{charge.charge_id}:paid",
            succeeded=True,
            mandate_id=charge.mandate_id,
            **self._about(charge),
        )

    def _declined(self, order: Order) -> Payment:
        number = self._number("no")
        return Payment(
            message_id=f"{number}:failed",
            order_number=order.number,
            succeeded=False,
            charge_id=number,
            amount=order.total,
            currency=order.currency,
            at=timezone.now(),
            body={},
        )

    def _refund_news(self, sent: Sent) -> RefundNews:
        about = {**self._about(sent.charge), "amount": sent.amount}
        return RefundNews(
            message_id=f"{sent.refund_id}:{sent.state}",
            state=sent.state,
            refund_key=sent.key,
            refund_id=sent.refund_id,
            **about,
        )

    def _dispute_news(self, charge: Charge, state: DisputeState) -> DisputeNews:
        return DisputeNews(
            message_id=f"{charge.charge_id}:dispute:{state}",
            state=state,
            dispute_id=f"dp_{charge.charge_id}",
            **{**self._about(charge), "at": timezone.now()},
        )

    def _about(self, charge: Charge) -> dict[str, Any]:
        return {
            "order_number": charge.order_number,
            "charge_id": charge.charge_id,
            "amount": charge.amount,
            "currency": charge.currency,
            "at": charge.at,
            "body": {},
        }
