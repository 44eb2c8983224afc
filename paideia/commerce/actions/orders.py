"""Placing orders, going to pay them, and letting those expire that nobody pays."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.models import Grant
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.actions.settling import fulfil, locked
from paideia.commerce.buyers import must_be_able_to_buy
from paideia.commerce.deliveries import delivery_of
from paideia.commerce.holding import hold
from paideia.commerce.life import advance
from paideia.commerce.models import Offer, Order
from paideia.commerce.places import places_taken as places_taken
from paideia.commerce.providers import order_life, provider_of
from paideia.commerce.quoting import Quote, Wish, quote
from paideia.commerce.quoting.wishes import is_the_same
from paideia.commerce.refusals import HeldForGood, NotOnSale, OfferGone, SoldOut, TooManyOrders
from paideia.commerce.returning import same_site
from paideia.lib import formatting

ORDER_LIFE = timedelta(hours=1)
AWAITING_MAX = 10  # unpaid orders of one person in one community
EXPIRE_AT_ONCE_MAX = 500
NUMBER_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without look-alikes: people read these aloud
UNPAID = (Order.State.CREATED, Order.State.AWAITING)
# Kinds that give the buyer the offer's plans: pointless to who has them for good.
FOR_ONESELF = (Order.Kind.PURCHASE, Order.Kind.CHANGE, Order.Kind.GROUP)


@transaction.atomic
def place_order(
    *, viewer: Viewer, offer: Offer, provider: str, return_to: str = "", wish: Wish | None = None
) -> Order:
    """Agree on an offer as it stands now. Placing the same again while unpaid gives the same order.

    What it costs is reckoned here, never the buyer's word. What costs nothing is settled at once. Rows are
    locked in the order buyer, offer, coupons, orders, accounts. Raises SignInFirst, OfferGone, NotOnSale,
    SoldOut, JoinFirst, BuyerSuspended, HeldForGood, TooManyOrders, WrongWish, NotFound (provider).
    """
    wish = wish or Wish()
    # One order at a time for each buyer: a double click must not make two.
    if viewer.user is not None:
        User.objects.select_for_update(no_key=True).get(pk=viewer.user.pk)
    agreed = Offer.objects.select_for_update(of=("self",), no_key=True).filter(pk=offer.pk).first()
    if agreed is None:
        raise OfferGone()
    buyer = must_be_able_to_buy(viewer, agreed)
    must_be_on_sale(agreed, wish)
    plans = {plan.pk for plan in agreed.plans.all()}
    if wish.kind in FOR_ONESELF and plans <= held_for_good(buyer, plans):
        raise HeldForGood()
    reckoned = quote(offer=agreed, buyer=buyer, wish=wish, now=timezone.now())
    provider = provider_of(provider).key if reckoned.total else "free"
    if (before := _same_order(buyer, agreed, provider, reckoned)) is not None:
        before.return_to = same_site(return_to) or before.return_to
        before.referral_code = before.referral_code or wish.referral_code[:40]
        before.save(update_fields=["return_to", "referral_code"])
        return before
    awaiting = Order.objects.filter(buyer=buyer, community=viewer.community, state__in=UNPAID)
    if awaiting.count() >= AWAITING_MAX:
        raise TooManyOrders()
    _make_way(reckoned)
    _must_have_a_place(agreed, wish)
    order = write_order(buyer=buyer, provider=provider, quote=reckoned, return_to=return_to)
    return order if order.total else fulfil(order, paid_at=order.created_at, charge_id=None)


def write_order(*, buyer: User, provider: str, quote: Quote, return_to: str = "") -> Order:
    """Write down what was agreed, for a caller who holds the buyer and the offer."""
    offer, now = quote.offer, quote.now
    order = Order.objects.create(
        community_id=offer.community_id,
        buyer=buyer,
        offer=offer,
        kind=quote.kind,
        number=new_number(),
        total=quote.total,
        credit=quote.credit,
        currency=quote.currency,
        quantity=quote.wish.quantity,
        term=offer.term,
        ends_at=offer.ends_at,
        renewal=offer.renewal,
        instalments=offer.instalments,
        provider=provider,
        return_to=same_site(return_to),
        subscription=quote.subscription,
        period=quote.subscription.period + 1 if quote.subscription else None,
        replaces=quote.replaces,
        referral_code=quote.wish.referral_code[:40],
        created_at=now,
        expires_at=now + order_life(provider, ORDER_LIFE),
    )
    for line in quote.lines:
        line.order = order
        line.save()
    hold(order, quote)
    delivery_of(order).prepare(order, quote)
    record(
        "order.placed",
        community=order.community_id,
        actor=buyer,
        object=order,
        number=order.number,
        kind=order.kind,
        offer=offer.name,
        offer_id=offer.pk,
        total=order.total,
        credit=order.credit,
        currency=order.currency,
    )
    return order


def begin_payment(*, order: Order, return_url: str, notify_url: str) -> str:
    """The address of the provider's page for an order that waits to be paid. Safe to repeat.

    The order is committed before the provider is asked: whatever becomes of the asking, it can be asked again.
    """
    with transaction.atomic():
        row = locked(order.pk)
        if row.state == Order.State.CREATED:
            advance(row, Order.State.AWAITING)
    return provider_of(row.provider).start(row, return_url=return_url, notify_url=notify_url)


def must_be_on_sale(offer: Offer, wish: Wish) -> None:
    """Raise OfferGone for a hidden offer without its key, NotOnSale outside its time of sale."""
    if offer.hidden_key and not secrets.compare_digest(offer.hidden_key.encode(), wish.hidden_key.encode()):
        raise OfferGone()
    now = timezone.now()
    if offer.on_sale_from is not None and now < offer.on_sale_from:
        when = formatting.datetime(offer.on_sale_from)
        raise NotOnSale(_("This is sold from %(when)s on.") % {"when": when})
    if offer.on_sale_until is not None and now >= offer.on_sale_until:
        raise NotOnSale(_("The sale of this has ended."))
    if offer.ends_at is not None and now >= offer.ends_at:
        raise NotOnSale(_("This has ended: there would be nothing left of it."))


def expire_orders() -> int:
    """Close unpaid orders whose time is over, each in a transaction of its own. A payment that comes later settles
    them all the same, where it can still be given. Returns how many were closed."""
    over = Order.objects.filter(state__in=UNPAID, expires_at__lte=timezone.now())
    ids = list(over.order_by("expires_at").values_list("pk", "buyer_id")[:EXPIRE_AT_ONCE_MAX])
    return sum(_expire(*pair) for pair in ids)


@transaction.atomic
def _expire(order_id: int, buyer_id: int) -> bool:
    """Whether it was closed: not where its buyer is at it, or somebody was faster."""
    if not User.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=buyer_id).exists():
        return False
    over = Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=True).select_related(
        "community"
    )
    order = over.filter(pk=order_id, state__in=UNPAID, expires_at__lte=timezone.now()).first()
    if order is None:
        return False
    advance(order, Order.State.EXPIRED)
    _record_expiry(order)
    return True


def _record_expiry(order: Order) -> None:
    record(
        "order.expired",
        community=order.community_id,
        actor=order.buyer_id,
        object=order,
        number=order.number,
    )


def held_for_good(user: User, plans: set[int]) -> set[int]:
    """Those of the plans that a person holds without an end."""
    held = Grant.objects.filter(
        user=user, plan_id__in=plans, revoked_at=None, ends_at=None, starts_at__lte=timezone.now()
    )
    return set(held.values_list("plan_id", flat=True))


def _make_way(reckoned: Quote) -> None:
    """Close the buyer's unpaid orders whose coupons and credit this one counts on."""
    for order in (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=reckoned.replaceable)
        .order_by("pk")
    ):
        advance(order, Order.State.EXPIRED)
        _record_expiry(order)


def _must_have_a_place(offer: Offer, wish: Wish) -> None:
    """The caller holds the offer: two buyers of the last place come one after the other."""
    if offer.quantity_max is not None and places_taken(offer) + wish.quantity > offer.quantity_max:
        raise SoldOut()


def _same_order(buyer: User, offer: Offer, provider: str, reckoned: Quote) -> Order | None:
    """The unpaid order that was placed before for the same, if one was."""
    waiting = Order.objects.filter(
        buyer=buyer,
        offer=offer,
        kind=reckoned.kind,
        provider=provider,
        state__in=UNPAID,
        total=reckoned.total,
        credit=reckoned.credit,
        currency=reckoned.currency,
        quantity=reckoned.wish.quantity,
        term=offer.term,
        ends_at=offer.ends_at,
        expires_at__gt=timezone.now() + ORDER_LIFE / 4,
    )
    wanted = [(one.kind, one.amount, one.note) for one in reckoned.lines]
    for found in waiting.order_by("pk"):
        lines = [(line.kind, line.amount, line.note) for line in found.lines.all()]
        if lines == wanted and is_the_same(found, reckoned.wish):
            return found
    return None


def new_number() -> str:
    """`P7K2-9XQM-4TRA`: 60 random bits that people can read aloud."""
    letters = "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"
