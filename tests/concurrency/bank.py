"""A payment provider in memory that many may ask at once, and that knows the truth about the money."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any, TypeVar

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
    RefundAnswer,
    RefundNews,
    RefundState,
    StatementLine,
    charge_of,
)
from paideia.communities.models import Community

numbers = count(1)  # of all banks: no two charges have one name
Said = TypeVar("Said", bound=News)


@dataclass
class Charge:
    charge_id: str
    about: dict[str, Any]
    mandate_id: str = ""
    dispute: str = ""  # "", "opened", "won", "lost"
    gone: int = 0  # minor units that went back

    @property
    def amount(self) -> int:
        return int(self.about["amount"])


@dataclass
class Sent:
    """A refund as the bank sees it."""

    charge: Charge
    amount: int
    state: RefundState
    refund_id: str
    key: str


@dataclass
class Bank:
    """Does what it is asked for at once. `mood` decides which refunds arrive at once, later or never, and which
    renewals are declined; the machine sets it between its rounds."""

    mood: int = 0
    key: str = "bank"
    label: str = "Bank"
    note: str = ""
    capabilities: frozenset[Capability] = frozenset(Capability) - {Capability.STATEMENTS}
    currencies: frozenset[str] | None = None
    refund_days: int = 180
    charges: dict[str, Charge] = field(default_factory=dict)
    refunds: dict[str, Sent] = field(default_factory=dict)
    told: list[News] = field(default_factory=list)  # all that was ever said: it may be said again
    lock: threading.RLock = field(default_factory=threading.RLock)

    # what the shop asks

    def start(self, order: Order, *, return_url: str, notify_url: str) -> str:
        return f"https://bank.test/{order.number}"

    def read_notification(self, request: HttpRequest) -> News:
        return Nothing()

    def reconcile(self, community: Community, day: date) -> Iterable[StatementLine]:
        return ()

    def query(self, order: Order) -> Payment | None:
        with self.lock:
            found = [one for one in self.charges.values() if one.about["order_number"] == order.number]
            return self._paid(found[0]) if found else None

    def charge(self, order: Order, mandate_id: str) -> Payment:
        with self.lock:
            assert any(one.mandate_id == mandate_id for one in self.charges.values()), (
                "charged without consent"
            )
            if (known := self.query(order)) is not None:
                return known
            if (self.mood + order.total) % 5 == 0:
                return self.decline(order)
            return self.pay(order, mandate_id=mandate_id)

    def refund(self, refund: Refund) -> RefundAnswer:
        with self.lock:
            if refund.key not in self.refunds:
                charge = self.charges[charge_of(refund)]
                if charge.dispute in {"opened", "lost"} or charge.gone + refund.amount > charge.amount:
                    return RefundAnswer(RefundState.FAILED, message="nothing is left of this charge")
                charge.gone += refund.amount
                later = (self.mood + refund.amount) % 3 == 0
                state = RefundState.PENDING if later else RefundState.DONE
                self.refunds[refund.key] = Sent(charge, refund.amount, state, self._number("re"), refund.key)
            return self.query_refund(refund)

    def query_refund(self, refund: Refund) -> RefundAnswer:
        with self.lock:
            sent = self.refunds[refund.key]
            return RefundAnswer(
                sent.state, sent.refund_id, "the bank says no" if sent.state == "failed" else ""
            )

    # what happens at the bank

    def pay(self, order: Order, *, short: int = 0, mandate_id: str = "", early: int = 0) -> Payment:
        """A buyer pays on the page of an order; `early`: so many seconds before we hear of it."""
        with self.lock:
            about = {
                "order_number": order.number,
                "charge_id": self._number("ch"),
                "amount": order.total - short,
                "currency": order.currency,
                "at": timezone.now() - timedelta(seconds=early),
                "body": {},
            }
            if not mandate_id and order.renewal != Offer.Renewal.NONE:
                mandate_id = self._number("ma")
            made = Charge(about["charge_id"], about, mandate_id)
            self.charges[made.charge_id] = made
            return self._say(self._paid(made))

    def decline(self, order: Order) -> Payment:
        with self.lock:
            number = self._number("no")
            about = {"order_number": order.number, "charge_id": number, "amount": order.total}
            rest = {"currency": order.currency, "at": timezone.now(), "body": {}}
            return self._say(Payment(message_id=f"{number}:failed", succeeded=False, **about, **rest))

    def finish(self, number: int, *, fails: bool) -> RefundNews | None:
        """A refund that was to arrive later arrives, or does not."""
        with self.lock:
            waiting = [one for one in self.refunds.values() if one.state == RefundState.PENDING]
            if not waiting:
                return None
            sent = waiting[number % len(waiting)]
            sent.state = RefundState.FAILED if fails else RefundState.DONE
            sent.charge.gone -= sent.amount if fails else 0
            return self._say(self._refund_news(sent))

    def send_unasked(self, charge: Charge, amount: int) -> RefundNews | None:
        """Somebody refunds on the bank's own pages."""
        with self.lock:
            amount = min(amount, charge.amount - charge.gone)
            if amount <= 0 or charge.dispute in {"opened", "lost"}:
                return None
            charge.gone += amount
            number = self._number("re")
            self.refunds[number] = Sent(charge, amount, RefundState.DONE, number, "")
            return self._say(self._refund_news(self.refunds[number]))

    def dispute(self, charge: Charge) -> DisputeNews | None:
        with self.lock:
            if charge.dispute or charge.gone:
                return None
            charge.dispute = "opened"
            return self._say(self._dispute_news(charge))

    def decide(self, number: int, *, won: bool) -> DisputeNews | None:
        with self.lock:
            opened = [one for one in self.charges.values() if one.dispute == "opened"]
            if not opened:
                return None
            charge = opened[number % len(opened)]
            charge.dispute = "won" if won else "lost"
            charge.gone += 0 if won else charge.amount
            return self._say(self._dispute_news(charge))

    def held(self, currency: str) -> int:
        """What is still of buyers' money, in minor units."""
        mine = [one for one in self.charges.values() if one.about["currency"] == currency]
        return sum(one.amount - one.gone for one in mine)

    # inside

    def _number(self, kind: str) -> str:
        return f"{kind}_{next(numbers)}"

    def _say(self, news: Said) -> Said:
        self.told.append(news)
        return news

    def _paid(self, charge: Charge) -> Payment:
        name = f"{charge.charge_id}:paid"
        return Payment(message_id=name, succeeded=True, mandate_id=charge.mandate_id, **charge.about)

    def _refund_news(self, sent: Sent) -> RefundNews:
        return RefundNews(
            message_id=f"{sent.refund_id}:{sent.state}",
            state=sent.state,
            refund_key=sent.key,
            refund_id=sent.refund_id,
            **{**sent.charge.about, "amount": sent.amount, "at": timezone.now()},
        )

    def _dispute_news(self, charge: Charge) -> DisputeNews:
        return DisputeNews(
            message_id=f"{charge.charge_id}:dispute:{charge.dispute}",
            state=DisputeState(charge.dispute),
            dispute_id=f"dp_{charge.charge_id}",
            **{**charge.about, "at": timezone.now()},
        )
