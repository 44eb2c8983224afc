"""A term of an offer's plans for somebody, however they came by it."""

from collections.abc import Iterable
from datetime import datetime

from paideia.access.actions import grant
from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.commerce.deliveries.purchase import free_from
from paideia.commerce.terms import end_of_term


def give_term(
    *,
    user: User,
    plans: Iterable[Plan],
    term: str,
    deadline: datetime | None,
    time_zone: str,
    at: datetime,
    source: str,
) -> list[Grant]:
    """A grant for each plan, after what the person still has of it. `source` names the cause: once each plan."""
    grants = []
    for plan in sorted(plans, key=lambda one: one.pk):
        starts_at = free_from(user, plan, at)
        grants.append(
            grant(
                user=user,
                plan=plan,
                starts_at=starts_at,
                ends_at=end_of_term(starts_at, term, time_zone, deadline=deadline),
                source=source,
                key=f"{source}:plan:{plan.pk}",
                occurred_at=at,
            )
        )
    return grants
