"""Placing orders, and letting those expire that nobody pays."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from paideia.access.models import Grant
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.actions.settling import fulfil
from paideia.commerce.buyers import must_be_able_to_buy
from paideia.commerce.models import Offer, Order
from paideia.commerce.providers import provider_of
from paideia.commerce.refusals import HeldForGood, OfferGone, TooManyOrders
from paideia.commerce.returning import same_site

ORDER_LIFE = timedelta(hours=1)
AWAITING_MAX = 10  # unpaid orders of one person in one community
EXPIRE_AT_ONCE_MAX = 500
NUMBER_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without look-alikes: people read these aloud


@transaction.atomic
def place_order(*, viewer: Viewer, offer: Offer, provider: str, return_to: str = "") -> Order:
    """Agree on an offer as it stands now. Placing it again while unpaid gives the same order.

    The total is the offer's own, never the buyer's word. What costs nothing is settled at once. Raises
    SignInFirst, OfferGone, JoinFirst, BuyerSuspended, HeldForGood, TooManyOrders, NotFound (provider).
    """
    # One order at a time for each buyer: a double click must not make two.
    if viewer.user is not None:
        User.objects.select_for_update(no_key=True).get(pk=viewer.user.pk)
    agreed = Offer.objects.select_for_update(of=("self",), no_key=True).filter(pk=offer.pk).first()
    if agreed is None:
        raise OfferGone()
    buyer = must_be_able_to_buy(viewer, agreed)
    plans = {plan.pk for plan in agreed.plans.all()}
    if plans <= held_for_good(buyer, plans):
        raise HeldForGood()
    provider = provider_of(provider).key if agreed.price else "free"
    if (before := _same_order(buyer, agreed, provider)) is not None:
        before.return_to = same_site(return_to) or before.return_to
        before.save(update_fields=["return_to"])
        return before
    awaiting = Order.objects.filter(buyer=buyer, community=viewer.community, state=Order.State.AWAITING)
    if awaiting.count() >= AWAITING_MAX:
        raise TooManyOrders()
    order = _write(viewer, buyer, agreed, provider, return_to)
    return order if agreed.price else fulfil(order, paid_at=order.created_at, charge_id=None)


def expire_orders() -> int:
    """Close unpaid orders whose time is over. A payment that comes later settles them all the same."""
    with transaction.atomic():
        over = Order.objects.select_for_update(skip_locked=True).filter(
            state=Order.State.AWAITING, expires_at__lte=timezone.now()
        )
        orders = list(over.order_by("expires_at")[:EXPIRE_AT_ONCE_MAX])
        for order in orders:
            order.state = Order.State.EXPIRED
            order.save(update_fields=["state"])
            record(
                "order.expired",
                community=order.community_id,
                actor=order.buyer_id,
                object=order,
                number=order.number,
            )
    return len(orders)


def held_for_good(user: User, plans: set[int]) -> set[int]:
    """Those of the plans that a person holds without an end."""
    held = Grant.objects.filter(
        user=user, plan_id__in=plans, revoked_at=None, ends_at=None, starts_at__lte=timezone.now()
    )
    return set(held.values_list("plan_id", flat=True))


def _same_order(buyer: User, offer: Offer, provider: str) -> Order | None:
    return Order.objects.filter(
        buyer=buyer,
        offer=offer,
        provider=provider,
        state=Order.State.AWAITING,
        total=offer.price,
        currency=offer.currency,
        term=offer.term,
        expires_at__gt=timezone.now() + ORDER_LIFE / 4,
    ).first()


def _write(viewer: Viewer, buyer: User, offer: Offer, provider: str, return_to: str) -> Order:
    now = timezone.now()
    order = Order.objects.create(
        community=viewer.community,
        buyer=buyer,
        offer=offer,
        number=new_number(),
        total=offer.price,
        currency=offer.currency,
        term=offer.term,
        provider=provider,
        return_to=same_site(return_to),
        created_at=now,
        expires_at=now + ORDER_LIFE,
    )
    record(
        "order.placed",
        community=order.community_id,
        actor=buyer,
        object=order,
        number=order.number,
        offer=offer.name,
        offer_id=offer.pk,
        total=order.total,
        currency=order.currency,
    )
    return order


def new_number() -> str:
    """`P7K2-9XQM-4TRA`: 60 random bits that people can read aloud."""
    letters = "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"
