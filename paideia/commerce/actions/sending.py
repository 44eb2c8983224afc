"""Bringing agreed refunds to the buyer: asked of the provider under the refund's own key until it answers for
certain. A provider that is down for hours costs time, never money."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.activity.actions import record
from paideia.commerce import books
from paideia.commerce.actions.claims import take_the_rest
from paideia.commerce.actions.settling import locked
from paideia.commerce.deliveries import resting
from paideia.commerce.life import advance
from paideia.commerce.models import Dispute, Notice, Order, Refund
from paideia.commerce.providers import ProviderDown, RefundAnswer, RefundState, provider_of
from paideia.commerce.refunding import state_of_money
from paideia.lib.refusal import NotFound

State = Refund.State
WAIT_FIRST, WAIT_MAX = timedelta(minutes=1), timedelta(hours=6)
WORRY_AFTER = timedelta(days=1)  # without an answer, the team is told
DUE_AT_ONCE_MAX = 500


def refunds_due() -> list[int]:
    """Refunds under way whose provider is to be asked now, the longest due first."""
    due = Refund.objects.filter(state__in=[State.AGREED, State.SENT], next_try_at__lte=timezone.now())
    return list(due.order_by("next_try_at").values_list("pk", flat=True)[:DUE_AT_ONCE_MAX])


def send_refund(refund_id: int) -> Refund:
    """Ask the provider for a refund, or what became of one that was sent. Safe to repeat, at once and after any
    crash: the provider knows it by its key."""
    refund = Refund.objects.select_related("order__community").get(pk=refund_id)
    if not refund.is_under_way:
        return refund
    try:
        provider = provider_of(refund.order.provider)
        ask = provider.refund if refund.state == State.AGREED else provider.query_refund
        answer = ask(refund)
    except (ProviderDown, NotFound) as reason:
        return put_off(refund_id, str(reason))
    return take_answer(refund_id, answer)


@transaction.atomic
def put_off(refund_id: int, why: str) -> Refund:
    """Ask again later: a minute after the first try, then ever longer, up to six hours."""
    refund = _held(refund_id)
    if refund.is_under_way:
        now = timezone.now()
        refund.next_try_at = now + min(WAIT_FIRST * 2 ** min(refund.tries, 20), WAIT_MAX)
        refund.tries, refund.failure = min(refund.tries + 1, 30_000), why[:300]
        refund.save(update_fields=["tries", "next_try_at", "failure"])
        if refund.state == State.AGREED and now - refund.created_at > WORRY_AFTER:
            _tell_team(refund, "late", _("The provider has not taken this refund for a day. It is tried on."))
    return refund


@transaction.atomic
def take_answer(refund_id: int, answer: RefundAnswer) -> Refund:
    """Act on what the provider says of a refund. What arrived or failed before stays so, but that what arrived can
    come back."""
    refund = _held(refund_id)
    if answer.refund_id and not refund.provider_refund_id:
        refund.provider_refund_id = answer.refund_id[:120]
        refund.save(update_fields=["provider_refund_id"])
    if answer.state == RefundState.FAILED and refund.state != State.FAILED:
        _fail(refund, answer.message)
    elif answer.state == RefundState.DONE and refund.is_under_way:
        _finish(refund)
    elif answer.state == RefundState.PENDING and refund.is_under_way:
        _wait(refund)
    return refund


def _held(refund_id: int) -> Refund:
    order_id = Refund.objects.values_list("order_id", flat=True).get(pk=refund_id)
    order = locked(order_id)
    refund = Refund.objects.select_for_update(of=("self",)).get(pk=refund_id)
    refund.order = order
    return refund


def _wait(refund: Refund) -> None:
    refund.state, refund.failure = State.SENT, ""
    refund.next_try_at = timezone.now() + min(WAIT_FIRST * 2 ** min(refund.tries + 4, 20), WAIT_MAX)
    refund.tries = min(refund.tries + 1, 30_000)
    refund.save(update_fields=["state", "failure", "next_try_at", "tries"])


def _finish(refund: Refund) -> None:
    """The buyer has it: what was on its way is out of the house."""
    order = refund.order
    if refund.amount:
        way, outside = books.on_its_way(order, refund.currency), books.charges_of(order, refund.currency)
        books.move(way, outside, refund.amount, f"refund:{refund.pk}:done", _detail(refund))
    refund.state, refund.done_at, refund.next_try_at = State.DONE, timezone.now(), None
    refund.failure = ""
    refund.save(update_fields=["state", "done_at", "next_try_at", "failure"])
    _resolve_own_notices(refund)
    record(
        "refund.done",
        community=order.community_id,
        object=refund,
        buyer=order.buyer_id,
        **_said_of(refund),
    )


def _fail(refund: Refund, why: str) -> None:
    """The buyer does not have it. The money is where it came from, the access that was taken is given again, and
    somebody of the team has to look."""
    order = refund.order
    was_done = refund.state == State.DONE
    source = (
        books.charges_of(order, refund.currency) if was_done else books.on_its_way(order, refund.currency)
    )
    target = books.unmatched(order, refund.currency) if refund.stray_charge_id else books.income_of(order)
    if not refund.stray_charge_id:
        books.hold(order)  # a bank may claim what is there again
    if refund.amount:
        books.move(source, target, refund.amount, f"refund:{refund.pk}:failed", _detail(refund))
    refund.state, refund.done_at, refund.next_try_at = State.FAILED, None, None
    refund.failure = why[:300]
    refund.save(update_fields=["state", "done_at", "next_try_at", "failure"])
    if not refund.stray_charge_id:
        _undo(order, refund)
    _tell_team(refund, "failed", why)
    record(
        "refund.failed",
        community=order.community_id,
        object=refund,
        buyer=order.buyer_id,
        why=refund.failure,
        **_said_of(refund),
    )


def _undo(order: Order, refund: Refund) -> None:
    """As if it had not been agreed, but for the credit, which the buyer has."""
    order.refunded -= refund.amount
    claim = take_the_rest(order)
    if order.state == Order.State.DISPUTED:
        order.save(update_fields=["refunded"])
        _rest_on(order, refund)
    elif claim is None:
        advance(order, state_of_money(order), refunded=order.refunded)
        resting.give_again(order, refund.taken, key=f"refund:{refund.pk}:again")
    else:  # a bank has it: what the refund took stays taken
        _save_refunded(order)
        if claim.state == Dispute.State.OPEN:
            advance(order, Order.State.DISPUTED)
            _rest_on(order, refund)


def _save_refunded(order: Order) -> None:
    if order.state == (state := state_of_money(order)):
        order.save(update_fields=["refunded"])
    else:
        advance(order, state, refunded=order.refunded)


def _rest_on(order: Order, refund: Refund) -> None:
    """What the failed refund took is given again with the rest, should the dispute be won."""
    dispute = Dispute.objects.filter(order=order, state=Dispute.State.OPEN).order_by("pk")[0]
    dispute.taken = [*dispute.taken, *refund.taken]
    dispute.save(update_fields=["taken"])


def _tell_team(refund: Refund, what: str, why: str) -> None:
    """A notice that stays open until somebody has looked; one of each kind."""
    Notice.objects.get_or_create(
        community_id=refund.order.community_id,
        provider=refund.order.provider,
        message_id=f"refund:{refund.key}:{what}",
        defaults={
            "order": refund.order,
            "charge_id": refund.stray_charge_id or refund.order.charge_id or "",
            "amount": refund.amount,
            "currency": refund.currency,
            "outcome": Notice.Outcome.REFUND_FAILED,
            "body": {"refund": refund.key, "why": why[:300]},
        },
    )


def _resolve_own_notices(refund: Refund) -> None:
    mine = Notice.objects.filter(
        community_id=refund.order.community_id, message_id=f"refund:{refund.key}:late", resolved_at=None
    )
    mine.update(resolved_at=timezone.now(), resolution=_("The refund arrived after all."))


def _detail(refund: Refund) -> dict[str, str]:
    return {"order": refund.order.number, "refund": refund.key}


def _said_of(refund: Refund) -> dict[str, Any]:
    return {
        "number": refund.order.number,
        "offer": refund.order.title,
        "amount": refund.amount,
        "currency": refund.currency,
        "stray": bool(refund.stray_charge_id),
    }
