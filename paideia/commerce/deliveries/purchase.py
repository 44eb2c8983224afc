"""Plans for the buyer, one term after what they still have of them."""

from datetime import datetime

from paideia.access.actions import grant, revoke
from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.commerce.deliveries.shortening import take_off
from paideia.commerce.models import Order, Refund
from paideia.commerce.quoting import Quote
from paideia.commerce.terms import end_of_term


class Purchase:
    def prepare(self, order: Order, quote: Quote) -> None:
        pass  # the order says all

    def account_name(self, order: Order) -> tuple[str, str]:
        return "house", "sales"

    def deliver(self, order: Order) -> list[Grant]:
        """A grant for each plan, after what the buyer still has of it: renewing early loses no day."""
        assert order.paid_at is not None and order.offer is not None
        grants = []
        for plan in order.offer.plans.order_by("pk"):
            starts_at = free_from(order.buyer, plan, order.paid_at)
            ends_at = end_of_term(starts_at, order.term, order.community.time_zone, deadline=order.ends_at)
            grants.append(
                grant(
                    user=order.buyer,
                    plan=plan,
                    starts_at=starts_at,
                    ends_at=ends_at,
                    source=f"order:{order.pk}",
                    key=f"order:{order.pk}:plan:{plan.pk}",
                    occurred_at=order.paid_at,
                )
            )
        return grants

    def withdraw(
        self, order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime
    ) -> None:
        if access == Refund.Access.SHORTENED:
            take_off(order, share=share, because=because, at=at)
            return
        for given in Grant.objects.filter(source=f"order:{order.pk}", revoked_at=None):
            revoke(grant=given, because=because)


def free_from(buyer: User, plan: Plan, paid_at: datetime) -> datetime:
    """When a new term of the plan can begin: now, or at the end of what was paid before. A trial ends with
    it."""
    last = (
        Grant.objects.filter(user=buyer, plan=plan, revoked_at=None, is_trial=False, ends_at__gt=paid_at)
        .exclude(source__startswith="grace:")  # days in which a renewal is tried are no time that was paid
        .order_by("-ends_at")
        .first()
    )
    return last.ends_at if last is not None and last.ends_at is not None else paid_at


__all__ = ["Purchase", "free_from"]
