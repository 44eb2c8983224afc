"""Orders that were placed and paid at once: the rows of `place_order` and `settle_order`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.commerce.actions.orders import ORDER_LIFE, new_number
from paideia.commerce.models import Offer, Order, OrderLine, SandboxCharge
from paideia.demo import deeds
from paideia.demo.founding import Place
from paideia.demo.holdings import Holdings
from paideia.demo.rows import save
from paideia.ledger.actions import Move, accounts, post

PROVIDER = "sandbox"


class Shop:
    def __init__(self, place: Place, people: Sequence[User], fact: Callable[..., None]) -> None:
        self.place, self.people, self.fact = place, people, fact
        self.holdings = Holdings(place.community.time_zone)
        self.plans = {key: list(offer.plans.order_by("pk")) for key, offer in place.offers.items()}
        self.orders: list[Order] = []
        self.grants: list[tuple[Grant, Order]] = []

    def pay(self, deed: deeds.Paid) -> None:
        buyer, offer = self.people[deed.person], self.place.offers[deed.offer]
        order = self._order(deed, buyer, offer)
        agreed = {"number": order.number, "kind": order.kind, "offer": offer.name, "offer_id": offer.pk}
        price = {"total": order.total, "credit": 0, "currency": order.currency}
        self.fact("order.placed", deed.at, buyer, order, **agreed, **price)
        grants = [self._grant(deed, order, plan) for plan in self.plans[deed.offer]]
        self.fact(
            "order.settled",
            deed.at,
            buyer,
            order,
            **agreed,
            **price,
            term=order.term,
            provider=PROVIDER,
            charge_id=deed.charge,
            paid_at=deed.at.isoformat(),
            plans=[{"id": one.plan_id, "name": one.plan.name, **_span(one)} for one in grants],
        )

    def save(self) -> None:
        save(self.orders)
        save([charge_of(order) for order in self.orders])
        save([OrderLine(order=one, kind=OrderLine.Kind.PRICE, amount=one.total) for one in self.orders])
        for grant, order in self.grants:
            grant.source = f"order:{order.pk}"
            grant.key = f"order:{order.pk}:plan:{grant.plan_id}"
        save([grant for grant, _order in self.grants])
        if self.orders:
            community, currency = self.place.community, self.orders[0].currency
            names = [(f"world:{PROVIDER}", "charges"), ("house", "sales")]
            source, target = accounts(community, names, currency)
            post([_sale(order, source, target) for order in self.orders])

    def _order(self, deed: deeds.Paid, buyer: User, offer: Offer) -> Order:
        order = Order(
            community=self.place.community,
            buyer=buyer,
            offer=offer,
            number=new_number(),
            total=offer.price,
            currency=offer.currency,
            term=offer.term,
            state=Order.State.PAID,
            provider=PROVIDER,
            charge_id=deed.charge,
            created_at=deed.at,
            expires_at=deed.at + ORDER_LIFE,
            paid_at=deed.at,
        )
        self.orders.append(order)
        return order

    def _grant(self, deed: deeds.Paid, order: Order, plan: Plan) -> Grant:
        starts_at, ends_at = self.holdings.give(deed.person, plan.key, order.term, deed.at)
        grant = Grant(plan=plan, user=order.buyer, starts_at=starts_at, ends_at=ends_at, given_at=deed.at)
        self.grants.append((grant, order))
        self.fact(
            "grant.given",
            deed.at,
            order.buyer,
            grant,
            plan=plan.pk,
            source=lambda: f"order:{order.pk}",
            is_trial=False,
            **_span(grant),
        )
        return grant


def charge_of(order: Order) -> SandboxCharge:
    """The provider's own side, so that its statements say the same."""
    assert order.charge_id is not None
    return SandboxCharge(
        token=order.charge_id,
        community=order.community,
        charge_id=order.charge_id,
        order_number=order.number,
        description=order.title,
        amount=order.total,
        currency=order.currency,
        state=SandboxCharge.State.PAID,
        paid_amount=order.total,
        paid_at=order.paid_at,
        created_at=order.created_at,
    )


def _span(grant: Grant) -> dict[str, Any]:
    return {
        "starts_at": grant.starts_at.isoformat(),
        "ends_at": grant.ends_at.isoformat() if grant.ends_at else None,
    }


def _sale(order: Order, source: Any, target: Any) -> Move:
    detail = {"order": order.number, "charge": order.charge_id}
    return Move(source, target, order.total, f"order:{order.pk}:sale", detail, order.paid_at)
