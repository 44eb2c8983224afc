"""Access while a renewal is tried: given with each period and so never late, taken back when nothing renews."""

from datetime import timedelta

from paideia.access.actions import grant, revoke
from paideia.access.models import Grant
from paideia.commerce.deliveries.purchase import free_from
from paideia.commerce.models import Subscription


def source_of(subscription: Subscription) -> str:
    return f"grace:{subscription.pk}"


def bridge(subscription: Subscription) -> None:
    """Let access go on for the grace days after the period. Terms that follow do not wait for their end."""
    if not subscription.grace_days:
        return
    source = source_of(subscription)
    number = Grant.objects.filter(source=source).count()
    for plan in subscription.offer.plans.order_by("pk"):
        starts_at = free_from(subscription.user, plan, subscription.period_ends_at)
        grant(
            user=subscription.user,
            plan=plan,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(days=subscription.grace_days),
            source=source,
            key=f"{source}:{subscription.period}:{plan.pk}:{number}",
        )


def take_down(subscription: Subscription, because: str) -> None:
    """No grace for what is not renewed."""
    for one in Grant.objects.filter(source=source_of(subscription), revoked_at=None):
        revoke(grant=one, because=because)
