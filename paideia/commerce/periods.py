"""When the periods of a subscription begin and end: always counted from its anchor, on the community's calendar."""

from datetime import datetime, timedelta

from paideia.commerce.models import Offer, Subscription
from paideia.commerce.terms import MONTHS, end_of_term

# After a charge that failed, the next is tried after so long; the last pause repeats.
BACK_OFF = (timedelta(hours=6), timedelta(hours=18), timedelta(days=1), timedelta(days=2))


def end_of_period(subscription: Subscription, period: int) -> datetime:
    """When this period ends. The period at the anchor ends at the anchor."""
    term = Offer.Term.MONTH if subscription.instalments else subscription.term
    end = end_of_term(
        subscription.anchor_at,
        term,
        subscription.community.time_zone,
        times=period - subscription.anchor_period,
    )
    assert end is not None and term in MONTHS
    return end


def end_of_all(subscription: Subscription) -> datetime | None:
    """When access ends that is paid off in instalments; None for good. Never before the last of them."""
    end = end_of_term(
        subscription.anchor_at,
        subscription.term,
        subscription.community.time_zone,
        deadline=subscription.ends_at,
    )
    last = end_of_period(subscription, subscription.instalments)
    return None if end is None else max(end, last)


def end_of_tries(subscription: Subscription, first_tried_at: datetime) -> datetime:
    """Until when a due charge is tried. Who was asked late is given the grace days all the same."""
    return max(subscription.period_ends_at, first_tried_at) + timedelta(days=subscription.grace_days)


def next_try(tries: int, now: datetime, last: datetime) -> datetime:
    """When a charge that failed so many times is tried again; the last time when the grace is over."""
    return min(now + BACK_OFF[min(max(tries, 1), len(BACK_OFF)) - 1], last)
