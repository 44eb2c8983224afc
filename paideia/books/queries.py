"""What the money did: by month, by whom it is owed, what recurs, and where statements differ. Each read takes the
viewer."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.fields import CharField

from paideia.access.viewer import Viewer
from paideia.books.models import Difference, FeeTerms, ProviderStatement, RevenueMonth
from paideia.books.refusals import NotPermitted
from paideia.books.terms import first_of_months
from paideia.commerce.models import FapiaoRequest, Notice, Refund
from paideia.commerce.providers import Capability, available
from paideia.commerce.providers.transfer.queries import slips_to_look_at
from paideia.commerce.queries.invoices import fapiao_requests
from paideia.ledger.models import Account
from paideia.lib.refusal import NotFound

MONTHS_SHOWN = 12
LATE_REFUND = timedelta(days=1)
STATEMENT_DUE = timedelta(days=3)  # after a day, by when its statement should be here
POINTS = "POINTS"

# What went into and out of the community's own accounts, by what the key says of the cause. What comes back (a refund
# that failed, a dispute that was won) lowers what had gone out.
MOVED = """
SELECT date_trunc('month', t.occurred_at AT TIME ZONE %(zone)s)::date, own.currency,
    CASE
        WHEN other.owner = 'world:owners' THEN 'put_in'
        WHEN t.key LIKE 'order:%%' THEN 'sales'
        WHEN t.key LIKE 'refund:%%' THEN 'refunds'
        WHEN t.key LIKE 'dispute:%%' THEN 'disputes'
        WHEN t.key LIKE 'fee:%%' THEN 'fees'
        WHEN own.kind = 'expired_cards' THEN 'cards'
        ELSE 'shares'
    END AS what, sum(CASE WHEN t.target_id = own.id THEN t.amount ELSE -t.amount END)
FROM ledger_account own
JOIN ledger_transfer t ON own.id IN (t.source_id, t.target_id)
JOIN ledger_account other ON other.id = CASE WHEN t.target_id = own.id THEN t.source_id ELSE t.target_id END
WHERE own.community_id = %(community)s AND own.owner = 'house' AND own.kind IN ('sales', 'expired_cards')
    AND t.occurred_at >= %(since)s
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class MoneyMonth:
    """One month in one currency, from the ledger alone, in minor units. `net` is what is left of the sales for the
    community itself."""

    month: date
    sales: int = 0
    cards: int = 0  # gift cards that nobody redeemed in time
    refunds: int = 0
    disputes: int = 0
    fees: int = 0
    shares: int = 0  # of authors, affiliates
    put_in: int = 0  # by the owners, where sales had been passed on

    @property
    def net(self) -> int:
        return self.sales + self.cards - self.refunds - self.disputes - self.fees - self.shares


def money_by_month(viewer: Viewer) -> dict[str, list[MoneyMonth]]:
    """The last twelve months, the newest first, for each currency that anything moved in; from the first of them in
    which anything did."""
    must_see_money(viewer)
    zone, now = viewer.community.time_zone, viewer.now
    begins = first_of_months(now - timedelta(days=31 * (MONTHS_SHOWN - 1)), now, zone)[-MONTHS_SHOWN:]
    found: dict[str, dict[date, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    with connection.cursor() as cursor:
        cursor.execute(MOVED, {"zone": zone, "community": viewer.community.pk, "since": begins[0][1]})
        for month, currency, what, amount in cursor.fetchall():
            goes_in = what in {"sales", "cards", "put_in"}
            found[currency][month][what] = int(amount if goes_in else -amount)
    return {
        currency: [
            MoneyMonth(month, **months.get(month, {}))
            for month, _begin in reversed(begins)
            if month >= min(months)
        ]
        for currency, months in found.items()
        if currency != POINTS
    }


@dataclass(frozen=True, slots=True)
class Holdings:
    """What lies where now, in one currency, in minor units. Owed, or held for somebody: all but `own`."""

    currency: str
    parts: dict[str, int] = field(default_factory=dict)


# Part, and the accounts that it is the sum of.
PARTS = {
    "earnings": Q(owner__startswith="user:", kind="earnings"),
    "commissions": Q(owner__startswith="user:", kind="commission_held"),
    "payouts": Q(owner__startswith="user:", kind="payout"),
    "credit": Q(owner__startswith="user:", kind="credit"),
    "cards": Q(owner__startswith="card:", kind="balance"),
    "set_aside": Q(owner__startswith="order:", kind="held") | Q(owner__startswith="group:", kind="held"),
    "going_back": Q(owner__startswith="order:", kind="refunds"),
    "disputed": Q(owner__startswith="order:", kind="disputed"),
    "unmatched": Q(owner="house", kind="unmatched"),
    "receivable": Q(owner="house", kind="receivable"),
    "own": Q(owner="house", kind__in=["sales", "expired_cards"]),
}


def holdings(viewer: Viewer) -> dict[str, Holdings]:
    """The balances of the ledger, by what they are for and currency."""
    must_see_money(viewer)
    part = Case(
        *[When(q, then=Value(name)) for name, q in PARTS.items()], default=None, output_field=CharField()
    )
    rows = Account.objects.filter(community=viewer.community).exclude(currency=POINTS).annotate(part=part)
    found: dict[str, Holdings] = {}
    for currency, name, amount in (
        rows.exclude(part=None)
        .values("currency", "part")
        .annotate(sum=Sum("balance"))
        .values_list("currency", "part", "sum")
    ):
        found.setdefault(currency, Holdings(currency)).parts[name] = int(amount)
    return found


def revenue(viewer: Viewer, currency: str) -> list[RevenueMonth]:
    """The stored MRR waterfall, the newest month first."""
    must_see_money(viewer)
    rows = RevenueMonth.objects.filter(community=viewer.community, currency=currency)
    return list(rows.order_by("-month")[:MONTHS_SHOWN])


def revenue_currencies(viewer: Viewer) -> list[str]:
    must_see_money(viewer)
    rows = RevenueMonth.objects.filter(community=viewer.community)
    return list(rows.order_by("currency").values_list("currency", flat=True).distinct())


@dataclass(frozen=True, slots=True)
class ToDo:
    """What somebody should look at today: how many of each."""

    notices: int
    differences: int
    refunds: int  # without an answer for a day
    payouts: int  # members who wait for money that they asked for
    statements: int  # days whose statement should be here
    slips: int = 0  # of bank transfers that nobody has compared yet
    fapiao: int = 0  # buyers who wait for one

    @property
    def is_empty(self) -> bool:
        return not any(astuple(self))


def to_do(viewer: Viewer) -> ToDo:
    must_see_money(viewer)
    here = viewer.community
    notices = Notice.objects.filter(community=here, outcome__in=Notice.OPEN_OUTCOMES, resolved_at=None)
    refunds = Refund.objects.filter(
        order__community=here,
        state__in=[Refund.State.AGREED, Refund.State.SENT],
        created_at__lte=viewer.now - LATE_REFUND,
    )
    payouts = Account.objects.filter(community=here, owner__startswith="user:", kind="payout", balance__gt=0)
    return ToDo(
        notices=notices.count(),
        differences=differences(viewer, Difference.State.OPEN).count(),
        refunds=refunds.count(),
        payouts=payouts.count(),
        statements=len(statements_missing(viewer)),
        slips=slips_to_look_at(viewer).count(),
        fapiao=fapiao_requests(viewer, FapiaoRequest.State.ASKED).count(),
    )


def statements_missing(viewer: Viewer) -> list[tuple[str, date]]:
    """Provider and day of statements that should have been had by now: the last week's, of providers that moved
    money then."""
    until = (viewer.now - STATEMENT_DUE).astimezone(UTC).date()
    days = [until - timedelta(days=back) for back in range(7, 0, -1)]
    begin = datetime.combine(days[0], datetime.min.time(), UTC)
    told = {one.key for one in available() if Capability.STATEMENTS in one.capabilities}
    own = Account.objects.filter(community=viewer.community, kind="charges")
    moved = {
        (owner.removeprefix("world:"), at.astimezone(UTC).date())
        for owner, at in own.filter(transfers_out__occurred_at__gte=begin)
        .values_list("owner", "transfers_out__occurred_at")
        .distinct()[:100_000]
    }
    read = ProviderStatement.objects.filter(community=viewer.community, covers_until__gte=begin)
    spans = list(read.values_list("provider", "covers_from", "covers_until"))
    return [
        (provider, day)
        for provider, day in sorted(moved)
        if provider in told and day in days and not _is_read(provider, day, spans)
    ]


def _is_read(provider: str, day: date, spans: Iterable[tuple[str, datetime, datetime]]) -> bool:
    noon = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12)
    return any(name == provider and begin <= noon < end for name, begin, end in spans)


def differences(viewer: Viewer, state: str = "", provider: str = "") -> QuerySet[Difference]:
    """Where statements and books differ, the newest first."""
    must_see_money(viewer)
    found = Difference.objects.filter(community=viewer.community)
    if state in Difference.State.values:
        found = found.filter(state=state)
    if provider:
        found = found.filter(provider=provider)
    return found.select_related("line", "order", "resolved_by").order_by("-pk")


def difference_of(viewer: Viewer, pk: int) -> Difference:
    """Raises NotFound, for those of other communities too."""
    found = differences(viewer).filter(pk=pk).first()
    if found is None:
        raise NotFound("")
    return found


def statements(viewer: Viewer) -> QuerySet[ProviderStatement]:
    """Those that were read, the newest first, with `paired` lines and their number of open `differences`."""
    must_see_money(viewer)
    read = ProviderStatement.objects.filter(community=viewer.community).select_related("read_by")
    return read.annotate(
        lines_kept=Count("lines", distinct=True),
        paired=Count("lines", filter=~Q(lines__entry=""), distinct=True),
    ).order_by("-covers_from", "-pk")


def fee_terms(viewer: Viewer) -> QuerySet[FeeTerms]:
    must_see_money(viewer)
    return FeeTerms.objects.filter(community=viewer.community).order_by("provider", F("currency"))


def must_see_money(viewer: Viewer) -> None:
    if not viewer.may("money.view"):
        raise NotPermitted()
