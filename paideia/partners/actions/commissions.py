"""Commissions: what stands of an order decides what stands of them, whenever and however often it is asked."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from paideia.activity.actions import record
from paideia.commerce.models import Dispute, Order
from paideia.partners import books
from paideia.partners.actions.affiliates import active_affiliate
from paideia.partners.dividing import part_of, standing
from paideia.partners.models import Affiliate, Attribution, Commission, Programme, Reward, Sale
from paideia.partners.sameness import is_same_payer

RENEWING = (Order.Kind.RENEWAL, Order.Kind.INSTALMENT)
AT_ONCE_MAX = 500


@transaction.atomic
def reckon_commissions(order_id: int) -> list[Commission]:
    """Bring the commissions of an order to what stands of it now: made at the first asking after it was paid, less
    after refunds and while a bank disputes it, again what they were when a refund fails or a dispute is won.

    Called again, in any order with anything else, it changes nothing twice.
    """
    order = Order.objects.select_related("community", "buyer", "offer").filter(pk=order_id).first()
    if order is None or order.paid_at is None:  # the log outlives what it mentions
        return []
    if not Sale.objects.filter(order=order).exists():
        _make(order)
    found = list(
        Commission.objects.select_for_update(of=("self",))
        .filter(order=order)
        .select_related("affiliate")
        .order_by("pk")
    )
    kept = value_standing(order)
    for commission in found:
        _bring_to(order, commission, standing(commission.full, kept, order.value))
    return found


def value_standing(order: Order) -> int:
    """What was paid and not given back or taken for now, in minor units."""
    disputed = Dispute.objects.filter(order=order, state=Dispute.State.OPEN).aggregate(sum=Sum("amount"))
    return order.value - order.refunded - (disputed["sum"] or 0)


def release_commissions() -> int:
    """Make commissions whose hold is over part of the earnings. Returns how many; call again while it is the
    most."""
    due = Commission.objects.filter(released_at=None, release_at__lte=timezone.now())
    ids = list(due.order_by("release_at").values_list("pk", flat=True)[:AT_ONCE_MAX])
    for pk in ids:
        _release(pk)
    return len(ids)


def give_rewards() -> int:
    """Give the points that are due. Returns how many were decided about."""
    due = Reward.objects.filter(given_at=None, dropped_at=None, due_at__lte=timezone.now())
    ids = list(due.order_by("due_at").values_list("pk", flat=True)[:AT_ONCE_MAX])
    for pk in ids:
        _give(pk)
    return len(ids)


def _make(order: Order) -> None:
    programme = Programme.objects.filter(community=order.community).first()
    counts = programme is not None and order.value and order.kind != Order.Kind.CARD  # cards count when spent
    affiliate = _affiliate_of(order, programme) if programme and counts else None
    _sale, is_first = Sale.objects.get_or_create(order=order, defaults={"affiliate": affiliate})
    if not is_first or programme is None or affiliate is None or not _pays_for(order, programme):
        return
    assert order.paid_at is not None
    for earner, level, rate in _earners(order, affiliate, programme):
        if full := part_of(order.value, rate):
            Commission.objects.create(
                order=order,
                level=level,
                affiliate=earner,
                rate=rate,
                full=full,
                currency=order.currency,
                earned_at=order.paid_at,
                release_at=order.paid_at + timedelta(days=programme.hold_days),
            )
    _promise_points(order, affiliate, programme)


def _earners(
    order: Order, affiliate: Affiliate, programme: Programme
) -> Iterator[tuple[Affiliate, int, int]]:
    """Who gets what share. Nobody earns by what they buy themselves."""
    yield affiliate, Commission.Level.FIRST, programme.rate_first
    above = affiliate.brought_by
    if above is not None and above.is_active and not is_same_payer(above.user_id, order.buyer_id):
        yield above, Commission.Level.SECOND, programme.rate_second


def _affiliate_of(order: Order, programme: Programme) -> Affiliate | None:
    """By whose doing it was bought: the code on the order, else the link by which the buyer first came, while
    that counts; for renewals whoever brought the subscription."""
    renews = order.kind in RENEWING
    found = _of_subscription(order) if renews else _of_code(order) or _of_link(order)
    return found if found is not None and not is_same_payer(found.user_id, order.buyer_id) else None


def _of_code(order: Order) -> Affiliate | None:
    return active_affiliate(order.community, order.referral_code) if order.referral_code else None


def _of_link(order: Order) -> Affiliate | None:
    came = Attribution.objects.filter(
        community=order.community, user=order.buyer, until__gte=order.created_at
    )
    row = came.select_related("affiliate").first()
    return active_affiliate(order.community, row.affiliate.code) if row else None


def _of_subscription(order: Order) -> Affiliate | None:
    if order.subscription_id is None:
        return None
    brought = Sale.objects.filter(
        order__subscription_id=order.subscription_id, affiliate__state=Affiliate.State.ACTIVE
    )
    row = brought.select_related("affiliate").order_by("order__paid_at", "pk").first()
    return row.affiliate if row is not None else None


def _pays_for(order: Order, programme: Programme) -> bool:
    if not programme.is_open or (order.kind in RENEWING and not programme.pays_renewals):
        return False
    chosen = set(programme.offers.values_list("pk", flat=True))
    return not chosen or order.offer_id in chosen


def _promise_points(order: Order, affiliate: Affiliate, programme: Programme) -> None:
    """For a member's very first payment here."""
    paid = Order.objects.filter(community=order.community, buyer=order.buyer, paid_at__isnull=False)
    earlier = paid.filter(paid_at__lt=order.paid_at).exclude(pk=order.pk)
    if not programme.reward_points or any(one.value for one in earlier.only("total", "credit")):
        return
    assert order.paid_at is not None
    Reward.objects.get_or_create(
        community=order.community,
        newcomer=order.buyer,
        defaults={
            "affiliate": affiliate,
            "order": order,
            "points": programme.reward_points,
            "due_at": order.paid_at + timedelta(days=programme.hold_days),
        },
    )


def _bring_to(order: Order, commission: Commission, amount: int) -> None:
    """Post the difference, if there is one, in one step."""
    difference = amount - commission.amount
    if not difference:
        return
    commission.amount, commission.steps = amount, commission.steps + 1
    commission.save(update_fields=["amount", "steps"])
    community, user_id, currency = order.community, commission.affiliate.user_id, commission.currency
    key, detail = f"commission:{commission.pk}:{commission.steps}", {"order": order.number}
    held, sales = books.held(community, user_id, currency), books.sales(community, currency)
    if difference > 0 and commission.released_at is None:
        books.from_sales(held, difference, key, detail)
    elif difference > 0:
        books.sales_to_earnings(community, user_id, currency, difference, key, detail)
    elif commission.released_at is None:
        books.move(held, sales, -difference, key, detail)
    else:
        books.from_earnings(user_id, sales, -difference, key, detail)
    record(
        "commission.changed",
        community=community,
        actor=user_id,
        object=commission,
        order=order.pk,
        number=order.number,
        offer=order.title,
        by=difference,
        amount=amount,
        currency=currency,
        level=commission.level,
    )


@transaction.atomic
def _release(commission_id: int) -> None:
    row = (
        Commission.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=commission_id, released_at=None)
        .select_related("affiliate__community", "order")
        .first()
    )
    if row is None:
        return
    row.released_at, row.steps = timezone.now(), row.steps + 1
    row.save(update_fields=["released_at", "steps"])
    if not row.amount:
        return
    community, user_id = row.affiliate.community, row.affiliate.user_id
    held = books.held(community, user_id, row.currency)
    key = f"commission:{row.pk}:{row.steps}"
    books.to_earnings(held, user_id, row.amount, key, {"order": row.order.number})
    record(
        "commission.released",
        community=community,
        actor=user_id,
        object=row,
        amount=row.amount,
        currency=row.currency,
    )


@transaction.atomic
def _give(reward_id: int) -> None:
    row = (
        Reward.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=reward_id, given_at=None, dropped_at=None)
        .select_related("affiliate__community", "order")
        .first()
    )
    if row is None:
        return
    if value_standing(row.order) <= 0 or is_same_payer(row.affiliate.user_id, row.newcomer_id):
        row.dropped_at = timezone.now()
        row.save(update_fields=["dropped_at"])
        return
    row.given_at = timezone.now()
    row.save(update_fields=["given_at"])
    user_id, community = row.affiliate.user_id, row.affiliate.community
    books.give_points(community, user_id, row.points, f"reward:{row.pk}", {"newcomer": row.newcomer_id})
    record(
        "reward.given",
        community=community,
        actor=user_id,
        object=row,
        points=row.points,
        newcomer=row.newcomer_id,
    )
