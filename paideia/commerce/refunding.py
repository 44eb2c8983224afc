"""The rules of refunds: how much, until when, and what becomes of access. docs/orders.md says the same in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.commerce.life import may_become
from paideia.commerce.models import Dispute, Order, Refund
from paideia.commerce.providers import Capability, provider_of
from paideia.commerce.quoting.unused import brought_in, taken_in_payment
from paideia.commerce.refusals import WrongRefund
from paideia.lib import formatting
from paideia.lib.refusal import NotFound

Access = Refund.Access


@dataclass(frozen=True, slots=True)
class Refundable:
    """What can go back of an order now: `money` through the provider, `value` in all (the rest, or all of it, as
    credit). `until` is the end of the provider's window; `why_not` says why no money can be sent."""

    money: int
    value: int
    until: datetime | None
    why_not: str = ""
    parts: bool = True  # whether the provider sends less than all

    @property
    def is_open(self) -> bool:
        return self.value > 0


@dataclass(frozen=True, slots=True)
class RefundTerms:
    """A refund as it will be: parts that add up, and what becomes of access."""

    amount: int
    credit: int
    access: str
    share: tuple[int, int]  # of what was paid and not refunded before

    @property
    def value(self) -> int:
        return self.amount + self.credit


def refundable(order: Order, *, elsewhere: bool = False) -> Refundable:
    """What can go back of this order; `elsewhere`: whatever the provider's terms are, since it has acted."""
    value = max(order.value - order.refunded - taken_in_payment(order), 0)
    if order.paid_at is None or order.state == Order.State.DISPUTED or value == 0:
        return Refundable(0, 0, None, _not_refundable(order))
    sent = Refund.objects.filter(order=order, stray_charge_id="").exclude(state=Refund.State.FAILED)
    lost = Dispute.objects.filter(order=order, state=Dispute.State.LOST)
    gone = (sent.aggregate(sum=Sum("amount"))["sum"] or 0) + (lost.aggregate(sum=Sum("amount"))["sum"] or 0)
    money = max(min(order.total - gone, value), 0)
    if not money or elsewhere:
        return Refundable(money, value, None)
    try:
        provider = provider_of(order.provider)
    except NotFound as reason:
        return Refundable(0, value, None, reason.message)
    if Capability.REFUNDS not in provider.capabilities:
        return Refundable(0, value, None, _("This way of paying cannot send money back."))
    until = order.paid_at + timedelta(days=provider.refund_days)
    if timezone.now() > until:
        over = _("Money could be sent back until %(when)s.") % {"when": formatting.datetime(until)}
        return Refundable(0, value, until, over)
    return Refundable(money, value, until, parts=Capability.PARTIAL_REFUNDS in provider.capabilities)


def refund_terms(
    order: Order, *, amount: int | None, credit: int | None, access: str, elsewhere: bool = False
) -> RefundTerms:
    """The refund that was asked for, made whole by the rules. `amount` None: all the money; `credit` None: what is
    left besides, if all the money goes back, else nothing. `access` "": by the rule. Raises WrongRefund."""
    left = refundable(order, elsewhere=elsewhere)
    if not left.is_open:
        raise WrongRefund(left.why_not)
    if amount is None:
        if left.why_not:
            raise WrongRefund(left.why_not)
        amount, credit = left.money, left.value - left.money if credit is None else credit
    credit = credit or 0
    _check(order, left, amount, credit)
    access = access or default_access(left.value - amount - credit)
    if access not in Access.values:
        raise WrongRefund(_("Choose what becomes of access."))
    return RefundTerms(amount, credit, access, (amount + credit, left.value + brought_in(order)))


def default_access(rest: int) -> str:
    """The rule: who has all the money back has no access; after a part, terms end earlier by that share, and what
    was bought for good stays."""
    return Access.SHORTENED if rest else Access.REVOKED


def state_of_money(order: Order) -> str:
    """The state of a paid order that is not disputed, by what was refunded."""
    if not order.refunded:
        return Order.State.PAID
    return Order.State.PARTLY_REFUNDED if order.refunded < order.value else Order.State.REFUNDED


def _check(order: Order, left: Refundable, amount: int, credit: int) -> None:
    if type(amount) is not int or type(credit) is not int or min(amount, credit) < 0 or not amount + credit:
        raise WrongRefund(_("Say how much is to be refunded."))
    if amount and left.why_not:
        raise WrongRefund(left.why_not)
    if amount > left.money or amount + credit > left.value:
        most = formatting.money(left.money if amount > left.money else left.value, order.currency)
        raise WrongRefund(_("No more than %(most)s is left to refund.") % {"most": most})
    if amount and not left.parts and amount != order.total:
        raise WrongRefund(_("This way of paying sends back all or nothing."))


def _not_refundable(order: Order) -> str:
    if order.paid_at is None:
        return _("Nothing was paid for this order.")
    if order.state == Order.State.DISPUTED:
        return _("The buyer's bank decides about this money. Wait for the end of the dispute.")
    if not may_become(order, Order.State.REFUNDED):
        return _("All of it is refunded already.")
    return _("Nothing was paid for this order.")
