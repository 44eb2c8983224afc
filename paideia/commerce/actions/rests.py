"""While a member is suspended their terms and subscriptions rest: nothing is charged, nothing ends. When it is over,
what they had paid for goes on from then, for the time that was left of it.

Begun and ended by whoever comes first: a reader of the facts, or the job of every five minutes, which also sees a
suspension end by itself. Each is safe to repeat.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.actions import grant, shorten
from paideia.access.models import Grant
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.deliveries.grace import bridge, take_down
from paideia.commerce.deliveries.purchase import free_from
from paideia.commerce.deliveries.stopping import close_open_orders
from paideia.commerce.deliveries.subscribing import RUNNING
from paideia.commerce.models import Offer, Order, Rest, Subscription
from paideia.communities.models import Membership, Suspension
from paideia.communities.standing import is_suspended, suspensions_in_force

State = Subscription.State
PAID_BY = ("order:", "trial:", "code:")  # sources of terms that go on; seats end with their pool


def begin_and_end_rests() -> int:
    """Begin the rest of whoever is suspended, end that of whoever is not any more. Returns how many."""
    resting = Rest.objects.filter(community=OuterRef("community"), user=OuterRef("user"), until=None)
    shut = Membership.objects.filter(is_suspended()).exclude(Exists(resting))
    done = sum(begin_rest(*pair) for pair in list(shut.order_by("pk").values_list("community_id", "user_id")))
    rests = Rest.objects.filter(until=None).order_by("pk").values_list("community_id", "user_id")
    return done + sum(end_rest(*pair) for pair in list(rests))


def is_shut_out(community_id: int, user_id: int) -> bool:
    """Whether this member is suspended now."""
    return _in_force(community_id, user_id).exists()


@transaction.atomic
def begin_rest(community_id: int, user_id: int) -> bool:
    """Let rest what a suspended member has. False where there is nothing to do."""
    User.objects.select_for_update(no_key=True).get(pk=user_id)
    since = _in_force(community_id, user_id).order_by("at").values_list("at", flat=True).first()
    if since is None:
        return False
    _rest, made = Rest.objects.get_or_create(
        community_id=community_id, user_id=user_id, until=None, defaults={"since": since}
    )
    if made:
        for row in _held(community_id, user_id):
            if row.is_live:
                lie_down(row)
                record("subscription.rested", **_said_of(row))
    return made


def lie_down(row: Subscription) -> None:
    """Charge nothing until the rest is over. The caller holds the row, and its owner before it."""
    close_open_orders(row)
    row.charge_at = None
    row.save(update_fields=["charge_at"])


@transaction.atomic
def end_rest(community_id: int, user_id: int) -> bool:
    """Let it go on, where the member is not suspended any more. False where there is nothing to do."""
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    rest = Rest.objects.select_for_update().filter(community=community_id, user=user, until=None).first()
    if rest is None or is_shut_out(community_id, user_id):
        return False
    rest.until = max(_ended_at(rest), rest.since)
    rest.save(update_fields=["until"])
    rows = _held(community_id, user_id)
    for row in rows:
        take_down(row, _("The membership was suspended."))
    _give_what_rested(rest, user)
    for row in rows:
        _go_on(row, rest)
    return True


def _in_force(community_id: int, user_id: int) -> QuerySet[Suspension]:
    return suspensions_in_force().filter(membership__community=community_id, membership__user=user_id)


def _ended_at(rest: Rest) -> datetime:
    """When the last suspension since then was lifted, or over by itself; it may have been noticed later."""
    now = timezone.now()
    rows = Suspension.objects.filter(membership__community=rest.community_id, membership__user=rest.user_id)
    ends = [
        min(at for at in (one.lifted_at, one.until) if at is not None)
        for one in rows.filter(at__gte=rest.since)
        if one.lifted_at or one.until
    ]
    return min(max(ends, default=now), now)


def _held(community_id: int, user_id: int) -> list[Subscription]:
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("community", "offer", "user")
    return list(rows.filter(community=community_id, user=user_id, state__in=RUNNING).order_by("pk"))


def _give_what_rested(rest: Rest, user: User) -> None:
    """Each term that the rest fell into ends where the rest began, and what was left of it follows the rest."""
    assert rest.until is not None
    for one in _touched(rest):
        assert one.ends_at is not None
        cut = max(one.starts_at, rest.since)
        left = one.ends_at - cut
        shorten(grant=one, ends_at=cut, because=_("The membership was suspended."))
        starts_at = free_from(user, one.plan, rest.until)
        grant(
            user=user,
            plan=one.plan,
            starts_at=starts_at,
            ends_at=starts_at + left,
            source=one.source,
            key=f"rest:{rest.pk}:{one.pk}",
        )


def _touched(rest: Rest) -> list[Grant]:
    """Terms that were paid for. Not those until a fixed day, which are no longer for anybody, nor seats."""
    paid = Q()
    for source in PAID_BY:
        paid |= Q(source__startswith=source)
    found = Grant.objects.filter(
        paid,
        user=rest.user_id,
        plan__community=rest.community_id,
        revoked_at=None,
        starts_at__lt=rest.until,
        ends_at__gt=rest.since,
    )
    grants = list(found.select_related("plan").order_by("starts_at", "pk"))
    fixed = Order.objects.filter(pk__in=[_order_id(one) for one in grants]).filter(
        Q(term=Offer.Term.DEADLINE) | Q(kind=Order.Kind.SEATS)
    )
    left_out = set(fixed.values_list("pk", flat=True))
    return [one for one in grants if _order_id(one) not in left_out]


def _order_id(one: Grant) -> int:
    return int(one.source.removeprefix("order:")) if one.source.startswith("order:") else 0


def _go_on(row: Subscription, rest: Rest) -> None:
    """The period that was paid ends later by the time that it rested; one that was not paid begins now."""
    assert rest.until is not None
    if row.period_ends_at > rest.since:
        begun = row.anchor_at if row.period else rest.since  # a first period may begin later
        later = max(rest.until - max(rest.since, begun), timedelta(0))
    else:
        later = rest.until - row.period_ends_at
    row.period_ends_at += later
    if row.instalments:  # their last end is counted from the first
        row.anchor_at += later
    else:
        row.anchor_at, row.anchor_period = row.period_ends_at, row.period
    if row.is_live:
        row.state, row.tries = State.ACTIVE if row.period else State.TRIAL, 0
        row.charge_at = row.period_ends_at
    row.save()
    if row.is_live and (row.period or row.mandate_id):
        bridge(row)
    if row.is_live:
        record("subscription.went_on", **_said_of(row))


def _said_of(row: Subscription) -> dict[str, Any]:
    return {
        "community": row.community_id,
        "actor": row.user_id,
        "object": row,
        "offer": row.offer.name,
        "offer_id": row.offer_id,
        "ends_at": row.period_ends_at.isoformat(),
    }
