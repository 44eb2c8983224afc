"""Gifts of offers: taken by whoever opens the link first."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.actions.orders import held_for_good
from paideia.commerce.buyers import let_in, must_be_here, must_be_welcome
from paideia.commerce.deliveries.giving import give_term
from paideia.commerce.models import Gift, Order
from paideia.commerce.refusals import HeldForGood, WrongCode
from paideia.lib.refusal import NotFound

GIVEN_STATES = (Order.State.PAID, Order.State.PARTLY_REFUNDED)


@transaction.atomic
def claim_gift(*, viewer: Viewer, token: str) -> Gift:
    """Take what a gift's link gives; its term begins now. Who claims it again gets the same answer. Raises NotFound,
    WrongCode, HeldForGood, SignInFirst, BuyerSuspended, JoinFirst."""
    user = must_be_welcome(viewer)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    order = locked_gift(token)
    must_be_here(viewer, order)
    gift = order.gift
    if gift.claimed_by_id == user.pk:
        return gift
    _must_be_there(gift, order)
    assert order.offer is not None
    plans = list(order.offer.plans.all())
    ids = {plan.pk for plan in plans}
    if ids <= held_for_good(user, ids):
        raise HeldForGood()
    gift.claimed_by, gift.claimed_at = user, timezone.now()
    gift.save(update_fields=["claimed_by", "claimed_at"])
    let_in(order.community, user)
    give_term(
        user=user,
        plans=plans,
        term=order.term,
        deadline=order.ends_at,
        time_zone=order.community.time_zone,
        at=gift.claimed_at,
        source=f"order:{order.pk}",
    )
    record(
        "gift.claimed",
        community=order.community_id,
        actor=user,
        object=order,
        number=order.number,
        offer=order.title,
        giver=order.buyer_id,
    )
    return gift


@transaction.atomic
def note_sent(gift: Gift) -> None:
    """Write down that the link was mailed. Safe to repeat: it is said once."""
    if Gift.objects.filter(pk=gift.pk, delivered_at=None).update(delivered_at=timezone.now()):
        record(
            "gift.sent",
            community=gift.order.community_id,
            actor=gift.order.buyer_id,
            object=gift,
            number=gift.order.number,
            offer=gift.order.title,
        )


def locked_gift(token: str) -> Order:
    """The order of a gift, held for this transaction, with the gift as it stands then. Raises NotFound."""
    order_id = Gift.objects.filter(token=token).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound("")
    order = (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("community", "offer", "buyer")
        .get(pk=order_id)
    )
    order.gift = Gift.objects.select_for_update().get(order=order)
    return order


def _must_be_there(gift: Gift, order: Order) -> None:
    if gift.claimed_at is not None:
        raise WrongCode(_("Somebody has taken this gift already."))
    if gift.cancelled_at is not None or order.state not in GIVEN_STATES:
        raise WrongCode(_("This gift was taken back. Ask whoever gave it to you."))
    if order.ends_at is not None and order.ends_at <= timezone.now():
        raise WrongCode(_("This gift has ended on its fixed day."))
