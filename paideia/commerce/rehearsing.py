"""Would they still be in on 1 March if this refund went through? The refund is made, access is asked, and all of it is
undone: no second rule says what a refund would do."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from paideia.access.explaining import Explanation, explain
from paideia.access.models import Gate, Grant
from paideia.access.viewer import Viewer, look
from paideia.accounts.models import User
from paideia.commerce.actions.refunds import refund_order
from paideia.commerce.buyers import must_be_here
from paideia.commerce.models import Order
from paideia.commerce.refunding import RefundTerms, refund_terms
from paideia.commerce.refusals import NotPermitted
from paideia.lib.refusal import NotFound

PEOPLE_MAX = 50


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a refund would do to one person's access at a moment. `before` and `after`: why the gate is open or
    closed without the refund and with it; None where no gate was named. `closing`: the gates that would close."""

    terms: RefundTerms
    person: User
    at: datetime
    before: Explanation | None
    after: Explanation | None
    closing: tuple[Gate, ...]
    open_before: int

    @property
    def loses(self) -> bool:
        return (
            self.before is not None
            and self.after is not None
            and self.before.is_open
            and not self.after.is_open
        )


class _Undone(Exception):
    pass


def rehearse(
    *,
    viewer: Viewer,
    order: Order,
    person: User,
    at: datetime,
    gate: Gate | None = None,
    amount: int | None = None,
    credit: int | None = None,
    access: str = "",
) -> Rehearsal:
    """Rehearse this refund (commerce.actions.refund_order says what its terms mean) and ask after the person's access
    at a time, past or to come, as it would stand by what is paid now. Nothing is kept. Needs money.manage and
    access.manage. Raises NotPermitted, NotFound, WrongRefund."""
    must_be_here(viewer, order)
    if not (viewer.may("money.manage") and viewer.may("access.manage")):
        raise NotPermitted()
    if person.pk not in {one.pk for one in people_of(order)}:
        raise NotFound("")
    before = look(viewer.community, person, at=at)
    why = explain(before, gate, at=at) if gate else None
    terms, after, why_then = _after(viewer, order, person, at, gate, (amount, credit, access))
    gone = set(before.open_gates) - set(after.open_gates)
    closing = Gate.objects.filter(community=viewer.community, pk__in=gone).order_by("name", "pk")
    return Rehearsal(terms, person, at, why, why_then, tuple(closing), len(before.open_gates))


def people_of(order: Order) -> list[User]:
    """The buyer first, then whoever else holds what the order gave: of a gift, of seats."""
    holders = Grant.objects.filter(source=f"order:{order.pk}").exclude(user=order.buyer_id)
    others = User.objects.filter(pk__in=holders.values("user")).order_by("pk")
    return [order.buyer, *others[:PEOPLE_MAX]]


def _after(
    viewer: Viewer,
    order: Order,
    person: User,
    at: datetime,
    gate: Gate | None,
    asked: tuple[int | None, int | None, str],
) -> tuple[RefundTerms, Viewer, Explanation | None]:
    amount, credit, access = asked
    try:
        with transaction.atomic():
            row = Order.objects.get(pk=order.pk)
            terms = refund_terms(row, amount=amount, credit=credit, access=access)
            refund_order(
                viewer=viewer,
                order=order,
                reason="-",
                amount=terms.amount,
                credit=terms.credit,
                access=terms.access,
            )
            after = look(viewer.community, person, at=at)
            why = explain(after, gate, at=at) if gate else None
            raise _Undone
    except _Undone:
        return terms, after, why
