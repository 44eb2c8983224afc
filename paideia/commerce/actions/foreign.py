"""Refunds that a provider tells of: which of ours it is, and those that were made on the provider's own pages."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.commerce.actions.refunds import new_key, refund_order
from paideia.commerce.actions.sending import take_answer
from paideia.commerce.actions.settling import locked
from paideia.commerce.actions.strays import SOON, must_be_known
from paideia.commerce.models import Notice, Order, Refund
from paideia.commerce.providers import RefundAnswer, RefundNews, RefundState
from paideia.commerce.refusals import TooSoon, WrongRefund
from paideia.communities.models import Community

Outcome = Notice.Outcome


def refund_told(community: Community, provider: str, order: Order | None, news: RefundNews) -> Refund | None:
    """The refund of ours that the news is about: by our key, by the provider's id, or, where neither is known yet,
    the one of this order that is on its way with this very amount."""
    ours = Refund.objects.filter(order__community=community, order__provider=provider)
    if news.refund_key and (found := ours.filter(key=news.refund_key).first()) is not None:
        return found
    if news.refund_id and (found := ours.filter(provider_refund_id=news.refund_id).first()) is not None:
        return found
    if order is None or news.refund_key:
        return None
    waiting = ours.filter(order=order, provider_refund_id="", amount=news.amount, currency=news.currency)
    under_way = waiting.filter(state__in=[Refund.State.AGREED, Refund.State.SENT])
    return next((one for one in under_way.order_by("pk") if _charge(one) == news.charge_id), None)


@transaction.atomic
def take_in(order: Order | None, news: RefundNews) -> str:
    """Book a refund that somebody made elsewhere, by the rule for access. What does not fit the order is left to
    the team. Raises TooSoon, also while the bank decides about the order."""
    if news.state != RefundState.DONE:
        return Outcome.NOTED
    if order is None or news.currency != order.currency:
        return Outcome.MISMATCHED
    if order.paid_at is not None and news.charge_id not in {"", order.charge_id}:
        return Outcome.MISMATCHED
    row = locked(order.pk)
    must_be_known(row, news.charge_id, news.at)
    if row.state == Order.State.DISPUTED and timezone.now() - news.at < SOON:
        raise TooSoon()
    try:
        refund = refund_elsewhere(row, news)
    except WrongRefund:
        return Outcome.MISMATCHED
    take_answer(refund.pk, RefundAnswer(RefundState.DONE, news.refund_id))
    return Outcome.REFUNDED


def refund_elsewhere(order: Order, news: RefundNews) -> Refund:
    reason = _("Refunded on the provider's own pages.")
    key = news.refund_key if 0 < len(news.refund_key) <= 40 else new_key()
    return refund_order(viewer=None, order=order, reason=reason, amount=news.amount, key=key, elsewhere=True)


def _charge(refund: Refund) -> str:
    return refund.stray_charge_id or refund.order.charge_id or ""
