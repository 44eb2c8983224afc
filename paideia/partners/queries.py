"""What affiliates, authors and the team may see of partners' money. Each read takes the viewer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.ledger.models import Account
from paideia.lib import formatting
from paideia.lib.money import major
from paideia.lib.refusal import NotFound
from paideia.partners.models import (
    Affiliate,
    Attribution,
    ClickDay,
    Commission,
    Payout,
    PayoutTerms,
    Programme,
    Reward,
    Sale,
    ShareRule,
    ShareRun,
    Statement,
)
from paideia.partners.refusals import NotPermitted

ROWS_MAX = 100
KINDS = {"earnings": "earnings", "commission_held": "held", "payout": "paying"}


@dataclass(slots=True)
class Purse:
    """What one person has here in one currency, in minor units."""

    currency: str
    held: int = 0
    earnings: int = 0
    paying: int = 0
    paid: int = 0
    owed: int = 0


@dataclass(frozen=True, slots=True)
class Reach:
    """What came of an affiliate's link."""

    clicks: int
    sign_ups: int
    sales: int
    points: int


def programme_of(viewer: Viewer) -> Programme | None:
    return Programme.objects.filter(community=viewer.community).first()


def affiliate_of(viewer: Viewer) -> Affiliate | None:
    """The viewer as an affiliate, if they are one."""
    if viewer.user is None:
        return None
    return Affiliate.objects.filter(community=viewer.community, user=viewer.user).first()


def purses(viewer: Viewer) -> list[Purse]:
    """What the viewer has here, by currency; empty for who never earned anything."""
    if viewer.user is None:
        return []
    mine, owner = viewer.user.pk, f"user:{viewer.user.pk}"
    found: dict[str, Purse] = {}
    accounts = Account.objects.filter(community=viewer.community, owner__in=[owner, f"world:{owner}"])
    accounts = accounts.filter(kind__in=[*KINDS, "debt"])
    for kind, currency, balance in accounts.values_list("kind", "currency", "balance"):
        purse = found.setdefault(currency, Purse(currency))
        if kind == "debt":
            purse.owed = -balance
        else:
            setattr(purse, KINDS[kind], balance)
    paid = Payout.objects.filter(community=viewer.community, user=mine, state=Payout.State.PAID)
    for currency, amount in paid.values_list("currency").annotate(sum=Sum("amount")):
        found.setdefault(currency, Purse(currency)).paid = amount
    return [found[currency] for currency in sorted(found)]


def reach_of(affiliate: Affiliate) -> Reach:
    """All that came of this link."""
    clicks = ClickDay.objects.filter(affiliate=affiliate).aggregate(sum=Coalesce(Sum("count"), 0))
    points = Reward.objects.filter(affiliate=affiliate, given_at__isnull=False)
    return Reach(
        clicks=clicks["sum"],
        sign_ups=Attribution.objects.filter(affiliate=affiliate).count(),
        sales=Sale.objects.filter(affiliate=affiliate).count(),
        points=points.aggregate(sum=Coalesce(Sum("points"), 0))["sum"],
    )


def commissions_of(viewer: Viewer) -> list[Commission]:
    """The viewer's newest commissions. Who bought is not told."""
    found = Commission.objects.filter(affiliate__community=viewer.community, affiliate__user=viewer.user)
    return list(found.select_related("order__offer").order_by("-earned_at", "-pk")[:ROWS_MAX])


def statements_of(viewer: Viewer) -> list[Statement]:
    found = Statement.objects.filter(run__community=viewer.community, user=viewer.user)
    return list(found.select_related("run").order_by("-run__month", "currency")[:ROWS_MAX])


def statement_of(viewer: Viewer, pk: int) -> Statement:
    """One's own statement, or any for those who may see the money; NotFound alike for all others'."""
    found = (
        Statement.objects.filter(run__community=viewer.community, pk=pk).select_related("run", "user").first()
    )
    if found is None or not (found.user_id == viewer.user_id or viewer.may("money.view")):
        raise NotFound("")
    return found


def payouts_of(viewer: Viewer) -> list[Payout]:
    found = Payout.objects.filter(community=viewer.community, user=viewer.user)
    return list(found[:ROWS_MAX])


def payout_terms(viewer: Viewer) -> dict[str, PayoutTerms]:
    """By currency."""
    found = PayoutTerms.objects.filter(community=viewer.community).prefetch_related("bands")
    return {terms.currency: terms for terms in found}


def affiliates(viewer: Viewer, state: str = "") -> QuerySet[Affiliate]:
    """All who take part or did, newest first; those who asked to only where `state` says so."""
    must_see_money(viewer)
    found = Affiliate.objects.filter(community=viewer.community).select_related("user", "brought_by__user")
    if state in Affiliate.State.values:
        return found.filter(state=state)
    return found.exclude(state=Affiliate.State.ASKED)


def with_reach(rows: Sequence[Affiliate]) -> Sequence[Affiliate]:
    """The same rows with `clicks_in_all`, `sold` and `brought_people`, in three queries whatever their number."""
    keys = [row.pk for row in rows]
    clicks = dict(
        ClickDay.objects.filter(affiliate__in=keys).values_list("affiliate").annotate(sum=Sum("count"))
    )
    sold = dict(Sale.objects.filter(affiliate__in=keys).values_list("affiliate").annotate(n=Count("pk")))
    brought = dict(
        Attribution.objects.filter(affiliate__in=keys).values_list("affiliate").annotate(n=Count("pk"))
    )
    for row in rows:
        row.clicks_in_all = clicks.get(row.pk, 0)  # type: ignore[attr-defined]
        row.sold = sold.get(row.pk, 0)  # type: ignore[attr-defined]
        row.brought_people = brought.get(row.pk, 0)  # type: ignore[attr-defined]
    return rows


def affiliate(viewer: Viewer, pk: int) -> Affiliate:
    must_see_money(viewer)
    found = Affiliate.objects.filter(community=viewer.community, pk=pk).first()
    if found is None:
        raise NotFound("")
    return found


def payouts(viewer: Viewer, state: str = "") -> QuerySet[Payout]:
    """What members asked for, newest first."""
    must_see_money(viewer)
    found = Payout.objects.filter(community=viewer.community).select_related("user")
    return found.filter(state=state) if state in Payout.State.values else found


def payout(viewer: Viewer, pk: int) -> Payout:
    found = payouts(viewer).filter(pk=pk).first()
    if found is None:
        raise NotFound("")
    return found


def rows_of_payouts(viewer: Viewer, state: str) -> Iterator[Sequence[object]]:
    """The payouts as a table for the bank: with whole account numbers. Needs money.manage."""
    if not viewer.may("money.manage"):
        raise NotPermitted()
    yield (
        _("Number"),
        _("Member"),
        _("Method"),
        _("Name"),
        _("Account"),
        _("Bank"),
        _("Amount"),
        _("Tax"),
        _("To be paid"),
        _("Currency"),
        _("State"),
        _("Reference"),
        _("Asked for"),
    )
    for row in payouts(viewer, state):
        yield (
            *(row.pk, row.user.shown_name, row.get_method_display(), row.holder, row.account, row.bank),
            *(major(row.amount, row.currency), major(row.tax, row.currency), major(row.net, row.currency)),
            *(row.currency, row.get_state_display(), row.reference, formatting.datetime(row.asked_at)),
        )


def rows_of_statement(statement: Statement) -> Iterator[Sequence[object]]:
    yield (
        _("Rule"),
        _("Sales it is of"),
        _("Share"),
        _("To be divided"),
        _("Your seconds"),
        _("All seconds"),
        _("Amount"),
        _("Currency"),
    )
    currency = statement.currency
    for line in statement.lines.select_related("rule"):
        yield (
            *(line.rule.name, major(line.base, currency), f"{line.rule.rate / 100:g} %"),
            *(major(line.pot, currency), line.seconds or "", line.seconds_in_all or ""),
            *(major(line.amount, currency), currency),
        )


def rows_of_run(viewer: Viewer, pk: int) -> Iterator[Sequence[object]]:
    """All statements of a month, for the team."""
    must_see_money(viewer)
    run = ShareRun.objects.filter(community=viewer.community, pk=pk).first()
    if run is None:
        raise NotFound("")
    yield _("Member"), _("Amount"), _("Currency")
    for row in run.statements.select_related("user").order_by("user_id", "currency"):
        yield row.user.shown_name, major(row.amount, row.currency), row.currency


def rules(viewer: Viewer) -> list[ShareRule]:
    must_see_money(viewer)
    found = ShareRule.objects.filter(community=viewer.community).select_related("person")
    return list(found.prefetch_related("offers"))


def runs(viewer: Viewer) -> list[ShareRun]:
    """The months that were booked, each with `sums`: (currency, minor units) that were given out."""
    must_see_money(viewer)
    found = list(ShareRun.objects.filter(community=viewer.community)[:24])
    given = Statement.objects.filter(run__in=found).values_list("run", "currency").annotate(sum=Sum("amount"))
    sums: dict[int, list[tuple[str, int]]] = {}
    for run_id, currency, amount in given.order_by("run", "currency"):
        sums.setdefault(run_id, []).append((currency, amount))
    for run in found:
        run.sums = sums.get(run.pk, [])  # type: ignore[attr-defined]
    return found


def owed_in_all(viewer: Viewer) -> list[Purse]:
    """What the community owes its partners, by currency."""
    must_see_money(viewer)
    accounts = Account.objects.filter(community=viewer.community).filter(
        Q(owner__startswith="user:", kind__in=list(KINDS)) | Q(owner__startswith="world:user:", kind="debt")
    )
    found: dict[str, Purse] = {}
    for kind, currency, balance in accounts.values_list("kind", "currency").annotate(sum=Sum("balance")):
        purse = found.setdefault(currency, Purse(currency))
        if kind == "debt":
            purse.owed = -balance
        else:
            setattr(purse, KINDS[kind], balance)
    return [found[currency] for currency in sorted(found)]


def recent_clicks(affiliate: Affiliate, viewer: Viewer, days: int = 30) -> list[int]:
    """Clicks of each of the last days, the oldest first."""
    today = viewer.now.date()
    counted = dict(
        ClickDay.objects.filter(affiliate=affiliate, day__gt=today - timedelta(days=days)).values_list(
            "day", "count"
        )
    )
    return [counted.get(today - timedelta(days=back), 0) for back in range(days - 1, -1, -1)]


def must_see_money(viewer: Viewer) -> None:
    if not viewer.may("money.view"):
        raise NotPermitted()
