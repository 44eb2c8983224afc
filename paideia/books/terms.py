"""What recurs: each term that somebody paid for, as a stretch of time with what it brings in a month."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Max, Min, Q, Sum
from django.db.models.functions import Coalesce

from paideia.access.models import Grant
from paideia.commerce.models import Offer, Order, OrderLine
from paideia.commerce.terms import MONTHS, end_of_term
from paideia.communities.models import Community

RECURRING = [
    Order.Kind.PURCHASE,
    Order.Kind.RENEWAL,
    Order.Kind.CHANGE,
    Order.Kind.GIFT,
    Order.Kind.SEATS,
    Order.Kind.GROUP,
]
AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Term:
    """Paid from `starts_at` until just before `ends_at`; `monthly` in minor units, rounded down."""

    payer_id: int
    currency: str
    starts_at: datetime
    ends_at: datetime | None
    monthly: int


def terms_of(community: Community) -> Iterator[Term]:
    """Every paid month, quarter or year: of subscriptions, and of terms bought in advance, which are no less. Not
    what is for good, until a fixed day, or paid in instalments, nor trials. A term that a refund or a dispute took
    back or shortened ends there; one that was refunded and left to its holder counts for nothing."""
    paid = Order.objects.filter(
        community=community, paid_at__isnull=False, term__in=list(MONTHS), kind__in=RECURRING
    ).exclude(renewal=Offer.Renewal.INSTALMENTS)
    unused = Sum("lines__amount", filter=Q(lines__kind=OrderLine.Kind.UNUSED))  # below zero: paid before
    rows = list(paid.annotate(unused=Coalesce(unused, 0)).order_by("pk"))
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        spans = _spans([order.pk for order in some])
        for order in some:
            if (term := _term(order, spans.get(order.pk), community.time_zone)) is not None:
                yield term


def first_of_months(since: datetime, until: datetime, time_zone: str) -> list[tuple[date, datetime]]:
    """Each month from that of `since` to that of `until`, with the moment it begins on the community's clock."""
    zone = ZoneInfo(time_zone)
    here, last = since.astimezone(zone), until.astimezone(zone)
    months = range(here.year * 12 + here.month - 1, last.year * 12 + last.month)
    days = [date(index // 12, index % 12 + 1, 1) for index in months]
    return [(day, datetime(day.year, day.month, 1, tzinfo=zone)) for day in days]


@dataclass(frozen=True, slots=True)
class Span:
    """When what an order gave begins and ends; `is_standing`: not all of it was taken back."""

    since: datetime
    until: datetime | None
    is_standing: bool


def _spans(ids: list[int]) -> dict[int, Span]:
    sources = {f"order:{pk}": pk for pk in ids}
    given = Grant.objects.filter(source__in=sources).values("source")
    rows = given.annotate(since=Min("starts_at"), until=Max("ends_at"))
    revoked = dict(
        Grant.objects.filter(source__in=sources, revoked_at__isnull=False)
        .values_list("source")
        .annotate(at=Max("revoked_at"))
    )
    standing = set(
        Grant.objects.filter(source__in=sources, revoked_at=None).values_list("source", flat=True).distinct()
    )
    found = {}
    for row in rows:
        source = row["source"]
        until = row["until"] if source in standing else revoked.get(source)
        found[sources[source]] = Span(row["since"], until, source in standing)
    return found


def _term(order: Order, span: Span | None, time_zone: str) -> Term | None:
    months = MONTHS[Offer.Term(order.term)]
    worth = order.value - order.unused  # type: ignore[attr-defined]
    assert order.paid_at is not None
    since = span.since if span else order.paid_at
    until = span.until if span and span.until else end_of_term(since, order.term, time_zone)
    is_given_away = order.state == Order.State.REFUNDED and (span is None or span.is_standing)
    if is_given_away or not worth // months or (until is not None and until <= since):
        return None
    return Term(order.buyer_id, order.currency, since, until, worth // months)
