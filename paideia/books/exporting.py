"""What can be taken along as a table: everything of a month, or of all time."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.books.queries import must_see_money
from paideia.commerce.models import Order, Refund, Subscription
from paideia.communities.models import Community
from paideia.ledger.models import Transfer
from paideia.lib.money import major
from paideia.lib.refusal import NotFound

Row = list[object]
AT_ONCE = 2000

NAMES = {
    "transfers": _("Transfers of the ledger"),
    "orders": _("Orders"),
    "refunds": _("Refunds"),
    "subscriptions": _("Subscriptions"),
    "payouts": _("Payouts to members"),
}


def rows(*, viewer: Viewer, what: str, month: date | None) -> Iterator[Row]:
    """The table's rows, its header first, in the order of time, read as they are taken. Needs money.view; who took
    which is recorded. Raises NotFound for a table that there is not."""
    must_see_money(viewer)
    if what not in NAMES:
        raise NotFound("")
    with transaction.atomic():
        record(
            "money.exported",
            community=viewer.community,
            actor=viewer.user,
            table=what,
            month=month.isoformat() if month else None,
        )
    return TABLES[what](viewer.community, month)


def _transfers(community: Community, month: date | None) -> Iterator[Row]:
    yield ["id", "occurred_at", "posted_at", "key", "source", "target", "amount", "currency"]
    found = Transfer.objects.filter(source__community=community).select_related("source", "target")
    for one in _of_month(found, "occurred_at", community, month):
        ends = f"{one.source.owner}/{one.source.kind}", f"{one.target.owner}/{one.target.kind}"
        money = _whole(one.amount, one.source.currency), one.source.currency
        yield [one.pk, _at(one.occurred_at), _at(one.posted_at), one.key, *ends, *money]


def _orders(community: Community, month: date | None) -> Iterator[Row]:
    yield [
        *("number", "kind", "offer", "buyer", "email", "state", "total", "credit", "refunded", "currency"),
        *("provider", "charge_id", "created_at", "paid_at"),
    ]
    found = Order.objects.filter(community=community).select_related("offer", "buyer")
    for one in _of_month(found, "created_at", community, month):
        amounts = [_whole(amount, one.currency) for amount in (one.total, one.credit, one.refunded)]
        who = one.buyer.handle, one.buyer.email
        rest = one.currency, one.provider, one.charge_id, _at(one.created_at), _at(one.paid_at)
        yield [one.number, one.kind, one.offer.name if one.offer else "", *who, one.state, *amounts, *rest]


def _refunds(community: Community, month: date | None) -> Iterator[Row]:
    yield [
        *("order", "key", "amount", "credit", "currency", "state", "access", "reason", "by"),
        *("provider_refund_id", "created_at", "done_at"),
    ]
    found = Refund.objects.filter(order__community=community).select_related("order", "by")
    for one in _of_month(found, "created_at", community, month):
        amounts = [_whole(amount, one.currency) for amount in (one.amount, one.credit)]
        by = one.by.handle if one.by else ""
        rest = one.provider_refund_id, _at(one.created_at), _at(one.done_at)
        yield [
            one.order.number,
            one.key,
            *amounts,
            one.currency,
            one.state,
            one.access,
            one.reason,
            by,
            *rest,
        ]


def _subscriptions(community: Community, month: date | None) -> Iterator[Row]:
    yield [
        *("id", "member", "email", "offer", "state", "price", "currency", "term", "period", "period_ends_at"),
        *("provider", "cancel_reason", "created_at", "cancelled_at", "ended_at"),
    ]
    found = Subscription.objects.filter(community=community).select_related("user", "offer")
    for one in _of_month(found, "created_at", community, month):
        agreed = one.offer.name, one.state, _whole(one.price, one.currency), one.currency, one.term
        times = _at(one.created_at), _at(one.cancelled_at), _at(one.ended_at)
        ends = one.period, _at(one.period_ends_at)
        yield [
            one.pk,
            one.user.handle,
            one.user.email,
            *agreed,
            *ends,
            one.provider,
            one.cancel_reason,
            *times,
        ]


def _payouts(community: Community, month: date | None) -> Iterator[Row]:
    """From the ledger: what was asked for, refused, withheld as tax and sent, each a transfer."""
    yield ["occurred_at", "key", "member", "from", "to", "amount", "currency", "reference"]
    asked = Q(target__owner__startswith="user:", target__kind="payout")
    settled = Q(source__owner__startswith="user:", source__kind="payout")
    found = Transfer.objects.filter(asked | settled, source__community=community)
    for one in _of_month(found.select_related("source", "target"), "occurred_at", community, month):
        member = one.target.owner if one.target.kind == "payout" else one.source.owner
        ends = one.source.kind, f"{one.target.owner}/{one.target.kind}"
        money = _whole(one.amount, one.source.currency), one.source.currency
        yield [_at(one.occurred_at), one.key, member, *ends, *money, one.detail.get("reference", "")]


TABLES: dict[str, Callable[[Community, date | None], Iterator[Row]]] = {
    "transfers": _transfers,
    "orders": _orders,
    "refunds": _refunds,
    "subscriptions": _subscriptions,
    "payouts": _payouts,
}


def _of_month(
    found: "QuerySet[Any, Any]", field: str, community: Community, month: date | None
) -> Iterator[Any]:
    """The rows of a month on the community's clock, so many at once that memory does not grow with them."""
    if month is not None:
        zone = ZoneInfo(community.time_zone)
        after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        begin, end = (datetime(day.year, day.month, 1, tzinfo=zone) for day in (month, after))
        found = found.filter(**{f"{field}__gte": begin, f"{field}__lt": end})
    last: Model | None = None
    ordered = found.order_by("pk")
    while True:
        some = list((ordered if last is None else ordered.filter(pk__gt=last.pk))[:AT_ONCE])
        yield from some
        if len(some) < AT_ONCE:
            return
        last = some[-1]


def _whole(amount: int, currency: str) -> str:
    return str(amount) if currency == "POINTS" else f"{major(amount, currency):f}"


def _at(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
