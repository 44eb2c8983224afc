"""The sandbox's statement of a day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from paideia.commerce.providers.news import LineKind, StatementLine
from paideia.commerce.providers.sandbox.models import SandboxCharge, SandboxDispute, SandboxRefund
from paideia.communities.models import Community


def statement_of(community: Community, day: date) -> Iterator[StatementLine]:
    """Everything that moved on a day (UTC) for one community. The sandbox keeps no fees."""
    begin = datetime.combine(day, time(), UTC)
    within = (begin, begin + timedelta(days=1) - timedelta.resolution)
    paid = SandboxCharge.objects.filter(
        community=community, state=SandboxCharge.State.PAID, paid_at__range=within
    )
    for charge in paid.exclude(paid_amount=0).order_by("paid_at", "pk"):
        yield _line(LineKind.CHARGE, charge.charge_id, charge, charge.paid_amount or 0, charge.paid_at)
    done = SandboxRefund.objects.filter(
        charge__community=community, state=SandboxRefund.State.DONE, done_at__range=within
    )
    for refund in done.select_related("charge").order_by("done_at", "pk"):
        yield _line(
            LineKind.REFUND, refund.refund_id, refund.charge, refund.amount, refund.done_at, refund.key
        )
    disputes = SandboxDispute.objects.filter(charge__community=community).select_related("charge")
    for dispute in disputes.filter(opened_at__range=within).order_by("opened_at", "pk"):
        yield _line(LineKind.DISPUTE, dispute.dispute_id, dispute.charge, dispute.amount, dispute.opened_at)
    won = disputes.filter(state=SandboxDispute.State.WON, closed_at__range=within)
    for dispute in won.order_by("closed_at", "pk"):
        line_id = f"{dispute.dispute_id}:won"
        yield _line(LineKind.DISPUTE_WON, line_id, dispute.charge, dispute.amount, dispute.closed_at)


def _line(
    kind: LineKind,
    line_id: str,
    charge: SandboxCharge,
    amount: int,
    at: datetime | None,
    refund_key: str = "",
) -> StatementLine:
    assert at is not None
    return StatementLine(
        kind=kind,
        line_id=line_id,
        charge_id=charge.charge_id,
        order_number=charge.order_number,
        amount=amount,
        currency=charge.currency,
        at=at,
        refund_key=refund_key,
    )
