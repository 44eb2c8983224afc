"""Taking the refunded share off the end of what an order gave."""

from collections import defaultdict
from datetime import datetime

from paideia.access.actions import revoke, shorten
from paideia.access.models import Grant
from paideia.commerce.models import Order
from paideia.commerce.quoting.unused import length_of


def take_off(order: Order, *, share: tuple[int, int], because: str, at: datetime) -> None:
    """Let each person's time of each plan end earlier by `share[0]` in `share[1]` of all of it, the last stretch of it
    first, and by nothing that has passed. What never ends has no last part, and stays."""
    held: dict[tuple[int, int], list[Grant]] = defaultdict(list)
    for one in Grant.objects.filter(source=f"order:{order.pk}").order_by("starts_at", "pk"):
        held[one.user_id, one.plan_id].append(one)
    for grants in held.values():
        _take_off(grants, share, because, at)


def _take_off(grants: list[Grant], share: tuple[int, int], because: str, at: datetime) -> None:
    standing = [one for one in grants if one.revoked_at is None]
    if any(one.ends_at is None for one in standing):
        return
    part, whole = share
    timed = [one for one in grants if one.ends_at is not None]
    off = sum((length_of(one) for one in timed), at - at) * part // whole
    for one in reversed(standing):
        assert one.ends_at is not None
        begins = max(one.starts_at, at)
        if off <= at - at or one.ends_at <= begins:
            continue
        ends_at = max(one.ends_at - off, begins)
        off -= one.ends_at - ends_at
        if ends_at <= begins:
            revoke(grant=one, because=because)
        else:
            shorten(grant=one, ends_at=ends_at, because=because)
