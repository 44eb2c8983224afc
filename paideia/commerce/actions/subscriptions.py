"""What a member does with what renews itself: leave, stay, come back, pay, change."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.activity.saying import said_of
from paideia.commerce.actions.orders import held_for_good, must_be_on_sale
from paideia.commerce.actions.renewing import has_next_already, next_order
from paideia.commerce.actions.rests import is_shut_out
from paideia.commerce.actions.settling import fulfil, locked
from paideia.commerce.buyers import must_be_here
from paideia.commerce.deliveries.grace import bridge
from paideia.commerce.deliveries.stopping import close_open_orders, end, stop
from paideia.commerce.deliveries.subscribing import RUNNING
from paideia.commerce.models import Offer, Order, RetentionOffer, Subscription
from paideia.commerce.providers import provider_of
from paideia.commerce.quoting import Wish
from paideia.commerce.quoting.renewing import listed_price, price_now
from paideia.commerce.refusals import (
    BuyerSuspended,
    HeldForGood,
    NoRetention,
    NotPermitted,
    NotRunning,
    OfferGone,
    PaidToTheEnd,
    SubscribedAlready,
    WrongWish,
)
from paideia.lib.refusal import Invalid, NotFound

State = Subscription.State
WORDS_MAX = 500


@transaction.atomic
def cancel(*, viewer: Viewer, subscription: Subscription, reason: str, words: str = "") -> Subscription:
    """Renew it no more: it ends with what is paid, and at once where nothing is. Safe to repeat. Raises
    PaidToTheEnd for instalments, NotRunning for what has ended."""
    row = _held(viewer, subscription)
    if row.instalments:
        raise PaidToTheEnd()
    if row.state == State.CANCELLED:
        return row
    if not row.is_live:
        raise NotRunning()
    if reason not in Subscription.Reason.values:
        raise Invalid(_("Say why you leave: choose one of the reasons."))
    row.cancel_reason, row.cancel_words = reason, words.strip()[:WORDS_MAX]
    stop(row)
    record(
        "subscription.cancelled",
        community=row.community_id,
        actor=row.user_id,
        object=row,
        offer=row.offer.name,
        offer_id=row.offer_id,
        reason=reason,
        ends_at=row.period_ends_at.isoformat(),
    )
    if row.period_ends_at <= timezone.now():
        end(row, "cancelled")
    return row


@transaction.atomic
def resume(*, viewer: Viewer, subscription: Subscription) -> Subscription:
    """Renew again what was cancelled and has not ended. Safe to repeat. Raises NotRunning."""
    row = _held(viewer, subscription)
    if row.is_live:
        return row
    if row.state != State.CANCELLED or row.period_ends_at <= timezone.now():
        raise NotRunning()
    row.state = State.ACTIVE if row.period else State.TRIAL
    row.charge_at, row.cancelled_at = row.period_ends_at, None
    row.cancel_reason, row.cancel_words = "", ""
    row.save()
    if row.period or row.mandate_id:
        bridge(row)
    _record(row, "subscription.resumed")
    return row


@transaction.atomic
def stay(*, viewer: Viewer, subscription: Subscription) -> Subscription:
    """Take the community's offer to stay: less for the next periods, once. Also resumes what was cancelled. Raises
    NoRetention, NotRunning."""
    row = _held(viewer, subscription)
    terms = retention_for(row)
    if terms is None:
        raise NoRetention()
    if row.state == State.CANCELLED:
        row = resume(viewer=viewer, subscription=row)
    row.discount_percent, row.discount_periods = terms.percent, terms.periods
    row.retained_at = timezone.now()
    row.save(update_fields=["discount_percent", "discount_periods", "retained_at"])
    close_open_orders(row)  # written before the discount
    if row.state == State.PAST_DUE:
        row.charge_at = timezone.now()
        row.save(update_fields=["charge_at"])
    _record(row, "subscription.retained", percent=terms.percent, periods=terms.periods)
    return row


def retention_for(row: Subscription) -> RetentionOffer | None:
    """What this member is offered to stay, if anything."""
    if row.instalments or row.retained_at is not None or row.state not in RUNNING:
        return None
    return RetentionOffer.objects.filter(community=row.community_id, percent__gt=0).first()


@transaction.atomic
def change_next(*, viewer: Viewer, subscription: Subscription, offer: Offer | None) -> Subscription:
    """Let the next period be of another offer that renews itself; None: let it be as it is. Raises NotRunning,
    WrongWish, OfferGone, HeldForGood, SubscribedAlready."""
    row = _held(viewer, subscription)
    if not row.is_live or row.instalments or row.state == State.PAST_DUE:
        raise NotRunning()
    if offer is not None:
        _must_fit_next(viewer, row, offer)
    row.next_offer = offer if offer is not None and offer.pk != row.offer_id else None
    row.next_price = row.next_price_told_at = None
    if row.next_offer is not None:  # what it costs now is what was agreed for then
        now = timezone.now()
        row.next_price, row.next_price_told_at = price_now(row.next_offer, row.currency, now), now
    row.save(update_fields=["next_offer", "next_price", "next_price_told_at"])
    close_open_orders(row)
    return row


@transaction.atomic
def pay_period(*, viewer: Viewer, subscription: Subscription, provider: str) -> Order:
    """The order of the next period, to be paid by hand: what is due, or ahead. Paid so, the way of paying is the
    one that is charged from then on. Raises NotRunning, HeldForGood, BuyerSuspended, NotFound (provider)."""
    row = _held(viewer, subscription)
    if not row.is_live:
        raise NotRunning()
    if is_shut_out(row.community_id, row.user_id):
        raise BuyerSuspended()
    if has_next_already(row):
        raise SubscribedAlready()
    plans = set(row.offer.plans.values_list("pk", flat=True))
    if not row.instalments and plans <= held_for_good(row.user, plans):
        raise HeldForGood()
    order = next_order(row, provider_of(provider).key)
    return order if order.total else fulfil(locked(order.pk), paid_at=timezone.now(), charge_id=None)


@transaction.atomic
def save_retention(
    *, viewer: Viewer, percent: int, periods: int, win_back_percent: int, win_back_periods: int
) -> RetentionOffer:
    """What those get who want to leave, and who left. Needs money.manage. Raises Invalid."""
    if not viewer.may("money.manage"):
        raise NotPermitted()
    if not (0 <= percent <= 100 and 0 <= win_back_percent <= 100):
        raise Invalid(_("Choose a percentage from 0 to 100."))
    if not (1 <= periods <= 36 and 1 <= win_back_periods <= 36):
        raise Invalid(_("Choose from 1 to 36 periods."))
    names = ("percent", "periods", "win_back_percent", "win_back_periods")
    before = said_of(RetentionOffer.objects.filter(community=viewer.community).first(), *names)
    row, _made = RetentionOffer.objects.update_or_create(
        community=viewer.community,
        defaults={
            "percent": percent,
            "periods": periods,
            "win_back_percent": win_back_percent,
            "win_back_periods": win_back_periods,
        },
    )
    record(
        "retention.changed",
        community=viewer.community,
        actor=viewer.user,
        before=before,
        after=said_of(row, *names),
    )
    return row


def _held(viewer: Viewer, subscription: Subscription) -> Subscription:
    """One's own, held for this transaction; the buyer before it, as everywhere."""
    must_be_here(viewer, subscription)
    if viewer.user is None or subscription.user_id != viewer.user.pk:
        raise NotFound("")
    User.objects.select_for_update(no_key=True).get(pk=viewer.user.pk)
    rows = Subscription.objects.select_for_update(of=("self",))
    return rows.select_related("community", "offer", "next_offer", "user").get(pk=subscription.pk)


def _must_fit_next(viewer: Viewer, row: Subscription, offer: Offer) -> None:
    must_be_here(viewer, offer)
    if offer.archived_at is not None:
        raise OfferGone()
    must_be_on_sale(offer, Wish())
    if offer.renewal != Offer.Renewal.AUTOMATIC or offer.is_for_seats:
        raise WrongWish(_("The next period can only be of something that renews itself."))
    if listed_price(offer, row.currency) is None:
        raise WrongWish(
            _("You pay in %(currency)s. Choose an offer with a price in it.") % {"currency": row.currency}
        )
    others = Subscription.objects.filter(user=row.user, offer=offer, state__in=RUNNING).exclude(pk=row.pk)
    if others.exists():
        raise SubscribedAlready()


def _record(row: Subscription, verb: str, **more: Any) -> None:
    record(
        verb,
        community=row.community_id,
        actor=row.user_id,
        object=row,
        offer=row.offer.name,
        offer_id=row.offer_id,
        **more,
    )
