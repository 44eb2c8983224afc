"""What must be true whenever all hands are at rest."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import Count, F, Sum

from paideia.access.models import Grant
from paideia.access.viewer import look
from paideia.activity.models import Fact
from paideia.commerce.models import (
    BuyingGroup,
    Coupon,
    CouponUse,
    Dispute,
    GroupPlace,
    Invoice,
    Offer,
    Order,
    RedeemCode,
    Refund,
    SeatPool,
    Subscription,
)
from paideia.commerce.providers import ProviderDown
from paideia.ledger.actions import Overdrawn
from paideia.ledger.models import Account
from paideia.ledger.queries import audit, balance
from paideia.lib.refusal import Refused
from paideia.partners.models import Commission, Payout
from tests.concurrency.spans import Key
from tests.concurrency.town import Town
from tests.concurrency.twin import Twin

State = Order.State
UNPAID = {State.CREATED, State.AWAITING, State.FAILED, State.EXPIRED}
BOOKED = """
SELECT o.id, o.number, o.kind, o.state, o.total + o.credit AS value,
    coalesce((SELECT sum(t.amount) FROM ledger_transfer t
        WHERE t.key IN ('order:' || o.id || ':sale', 'order:' || o.id || ':credit')), 0),
    coalesce((SELECT a.balance FROM ledger_account a
        WHERE a.owner = 'order:' || o.id AND a.kind = 'held' AND a.community_id = o.community_id), 0), o.credit
FROM commerce_order o WHERE o.community_id = %s
"""
WORKERS = {
    "let_expire",
    "renew_due",
    "finish_groups",
    "pass_on",
    "reckon",
    "ask",
    "send",
    "send_all",
    "say_what_ends",
}
LAWS: list[Callable[[Town], Iterator[str]]] = []


def law(check: Callable[[Town], Iterator[str]]) -> Callable[[Town], Iterator[str]]:
    LAWS.append(check)
    return check


def broken(town: Town) -> list[str]:
    """The laws that do not hold now, but that of the twin."""
    return [what for check in LAWS for what in check(town)]


def surprises(results: list[tuple[str, object]]) -> list[str]:
    """What nobody may meet: an error that is no refusal; and refusals where there is nobody to read them, or that name
    nothing."""
    return [
        f"{place}, {name}: {type(one).__name__}: {one}"
        for place, (name, one) in enumerate(results)
        if isinstance(one, Exception) and not _may_be_told(name, one)
    ]


def _may_be_told(name: str, error: Exception) -> bool:
    if isinstance(error, Overdrawn):
        return False
    if name in WORKERS:
        return isinstance(error, ProviderDown)
    return isinstance(error, Refused | ProviderDown)


@law
def the_ledger_is_right(town: Town) -> Iterator[str]:
    yield from (str(finding) for finding in audit(town.community))


@law
def what_is_paid_is_booked(town: Town) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(BOOKED, [town.community.pk])
        for pk, number, kind, state, value, booked, held, credit in cursor.fetchall():
            if booked != (0 if state in UNPAID else value):
                yield f"order {pk} ({kind} {number}) is {state}, worth {value}, and {booked} is booked"
            waits = state in {State.CREATED, State.AWAITING}
            if held != (credit if waits else 0):
                yield f"order {pk} is {state} and holds {held} of its {credit} credit"


@law
def no_more_goes_back_than_came(town: Town) -> Iterator[str]:
    refunds = Refund.objects.filter(order__community=town.community, stray_charge_id="")
    sent = _sums(refunds.exclude(state=Refund.State.FAILED), "amount")
    credit = _sums(refunds, "credit")
    lost = _sums(Dispute.objects.filter(order__community=town.community, state="lost"), "amount")
    opened = _sums(Dispute.objects.filter(order__community=town.community, state="open"), "amount")
    for order in Order.objects.filter(community=town.community):
        pk = order.pk
        gone = sent.get(pk, 0) + credit.get(pk, 0) + lost.get(pk, 0)
        if gone != order.refunded:
            yield f"order {pk} says {order.refunded} went back, its refunds and disputes say {gone}"
        if sent.get(pk, 0) + lost.get(pk, 0) > order.total + credit.get(pk, 0):
            yield f"order {pk}: {sent.get(pk, 0)} of {order.total} is sent back"
        if gone + opened.get(pk, 0) > order.value:
            yield f"order {pk}: {gone} and {opened.get(pk, 0)} claimed, of {order.value}"
        whole = gone == order.value and gone > 0
        if order.state in {State.PAID, State.PARTLY_REFUNDED, State.REFUNDED}:
            right = State.REFUNDED if whole else State.PARTLY_REFUNDED if gone else State.PAID
            if order.state != right:
                yield f"order {pk} is {order.state}, with {gone} of {order.value} gone"
    for charge in town.bank.charges.values():
        if charge.gone > charge.amount:
            yield f"{charge.charge_id}: {charge.gone} of {charge.amount} went back"


@law
def what_is_on_its_way_lies_apart(town: Town) -> Iterator[str]:
    way: dict[tuple[str, str, str], int] = {}
    under_way = Refund.objects.filter(order__community=town.community, state__in=["agreed", "sent"])
    for pk, currency, amount in under_way.values_list("order", "currency", "amount"):
        name = f"order:{pk}", "refunds", currency
        way[name] = way.get(name, 0) + amount
    opened = Dispute.objects.filter(order__community=town.community, state="open")
    for pk, currency, amount in opened.values_list("order", "currency", "amount"):
        name = f"order:{pk}", "disputed", currency
        way[name] = way.get(name, 0) + amount
    for account in Account.objects.filter(community=town.community, kind__in=["refunds", "disputed"]):
        if account.balance != way.get((account.owner, account.kind, account.currency), 0):
            yield f"{account} holds {account.balance}"


def _sums(rows: Any, name: str) -> dict[int, int]:
    return dict(rows.values_list("order").annotate(sum=Sum(name)).values_list("order", "sum"))


@law
def limits_are_kept(town: Town) -> Iterator[str]:
    for coupon in Coupon.objects.filter(community=town.community):
        uses = CouponUse.objects.filter(coupon=coupon, released_at=None)
        if coupon.uses_max is not None and uses.count() > coupon.uses_max:
            yield f"{uses.count()} of {coupon.uses_max} uses of {coupon.code} are taken"
        each = uses.values("user").annotate(n=Count("pk")).values_list("n", flat=True)
        if coupon.uses_each_max is not None and max(each, default=0) > coupon.uses_each_max:
            yield f"somebody uses {coupon.code} {max(each)} times"
    for use in CouponUse.objects.filter(coupon__community=town.community).select_related("order"):
        is_let_go = use.order.state in {State.FAILED, State.EXPIRED}
        if is_let_go != (use.released_at is not None):
            yield f"order {use.order_id} is {use.order.state}, its coupon released: {use.released_at}"
    for offer in Offer.objects.filter(community=town.community, quantity_max__isnull=False):
        taken = offer.orders.filter(kind__in=["purchase", "gift"]).exclude(
            state__in=[State.FAILED, State.EXPIRED, State.REFUNDED]
        )
        if (count := taken.count()) > (offer.quantity_max or 0):
            yield f"{count} of {offer.quantity_max} places of {offer.name} are taken"
    codes = RedeemCode.objects.filter(batch=town.batch)
    given = Grant.objects.filter(source__in=[f"code:{pk}" for pk in codes.values_list("pk", flat=True)])
    if given.count() != codes.exclude(used_by=None).count():
        yield f"{given.count()} codes gave something"
    for places in (
        GroupPlace.objects.filter(group__community=town.community, order__paid_at__isnull=False)
        .exclude(order__state=State.REFUNDED)
        .values("group", "group__size")
        .annotate(n=Count("pk"))
        .filter(n__gt=F("group__size"))
    ):
        yield f"group {places['group']}: {places['n']} of {places['group__size']} have paid"
    for full in BuyingGroup.objects.filter(community=town.community, filled_at=None, failed_at=None):
        if full.paid_places >= full.size:
            yield f"group {full.pk} has {full.paid_places} of {full.size} and is not full"
    for pool in SeatPool.objects.filter(community=town.community):
        taken_seats = pool.seats.filter(reclaimed_at=None).count()
        if taken_seats > pool.size:
            yield f"pool {pool.pk}: {taken_seats} of {pool.size} seats are given"


@law
def each_period_is_paid_once(town: Town) -> Iterator[str]:
    paid = Order.objects.filter(community=town.community, subscription__isnull=False, paid_at__isnull=False)
    for twice in paid.values("subscription", "period").annotate(n=Count("pk")).filter(n__gt=1):
        yield f"period {twice['period']} of subscription {twice['subscription']} was paid {twice['n']} times"
    for row in Subscription.objects.filter(community=town.community):
        count = paid.filter(subscription=row).count()
        if (
            count != row.period and row.state != Subscription.State.ENDED
        ):  # paid after the end: a term like others
            yield f"subscription {row.pk} says {row.period} periods, and {count} are paid"


@law
def everybody_has_their_share(town: Town) -> Iterator[str]:
    """Commissions follow what stands of their orders, and the accounts hold them; payouts that are on their way lie
    apart."""
    held: dict[tuple[str, str, str], int] = {}
    for one in Commission.objects.filter(order__community=town.community).select_related(
        "order", "affiliate"
    ):
        disputed = one.order.disputes.filter(state="open").aggregate(sum=Sum("amount"))["sum"] or 0
        stands = one.order.value - one.order.refunded - disputed
        if one.amount != one.full * stands // one.order.value:
            yield f"commission {one.pk} is {one.amount} of {one.full}; {stands} of {one.order.value} stands"
        if one.released_at is None:
            name = f"user:{one.affiliate.user_id}", "commission_held", one.currency
            held[name] = held.get(name, 0) + one.amount
    for row in Payout.objects.filter(community=town.community, state__in=["asked", "approved"]):
        name = f"user:{row.user_id}", "payout", row.currency
        held[name] = held.get(name, 0) + row.amount
    for account in Account.objects.filter(community=town.community, kind__in=["commission_held", "payout"]):
        name = account.owner, account.kind, account.currency
        if account.balance != held.get(name, 0):
            yield f"{account} holds {account.balance}, not {held.get(name, 0)}"


@law
def papers_say_what_stands(town: Town) -> Iterator[str]:
    sums: dict[int, int] = {}
    papers = Invoice.objects.filter(order__community=town.community)
    for pk, kind, amount in papers.values_list("order", "kind", "amount"):
        sums[pk] = sums.get(pk, 0) + (amount if kind == Invoice.Kind.INVOICE else -amount)
    for order in Order.objects.filter(pk__in=sums):
        if sums[order.pk] != order.value - order.refunded:
            yield f"the papers of order {order.pk} sum to {sums[order.pk]}, of {order.value - order.refunded}"


def unlike_the_bank(town: Town) -> Iterator[str]:
    """When nothing is on its way: what came in and stayed is what the bank holds. What it sent back unasked, or lost
    of a charge that settled nothing, is left to the team, and need not be booked."""
    for currency in ("CNY", "USD", "JPY"):
        here, there = -balance(town.community, "world:bank", "charges", currency), town.bank.held(currency)
        charges = [one for one in town.bank.charges.values() if one.about["currency"] == currency]
        unasked = [one for one in town.bank.refunds.values() if not one.key and one.charge in charges]
        unclear = sum(one.amount for one in [*unasked, *(one for one in charges if one.dispute == "lost")])
        if not there <= here <= there + unclear:
            yield f"the books say {here} {currency} came and stayed, the bank {there}, and {unclear} is for the team"


def unlike_the_twin(
    town: Town, now_of: Callable[[int], datetime], now: datetime, make: type[Twin] = Twin
) -> list[str]:
    """Where a person holds a plan that the twin says they do not, or the other way round: each moment at which
    anything begins or ends, and one between any two."""
    told = make(town.community.pk, now_of)
    theirs = _stretches(town)
    wrong = _differences(told, theirs)
    if wrong:  # the log may leave the order of one moment open
        other = _differences(make(town.community.pk, now_of, late=True), theirs)
        wrong = {who: what for who, what in wrong.items() if who in other}
    return [*wrong.values(), *_seen(town, told, set(wrong), now)]


Stretch = tuple[datetime, datetime | None, datetime | None]


def _stretches(town: Town) -> dict[Key, list[Stretch]]:
    found: dict[Key, list[Stretch]] = {}
    rows = Grant.objects.filter(plan__community=town.community)
    for user, plan, *rest in rows.values_list("user_id", "plan_id", "starts_at", "ends_at", "revoked_at"):
        found.setdefault((user, plan), []).append(tuple(rest))  # type: ignore[arg-type]
    return found


def _differences(twin: Twin, theirs: dict[Key, list[Stretch]]) -> dict[Key, str]:
    wrong = {}
    for who in {*twin.spans, *theirs}:
        if who[0] in twin.untold:
            continue
        mine = [(one.starts, one.ends, one.gone) for one in twin.spans[who]]
        edges = sorted({at for one in (*mine, *theirs.get(who, [])) for at in one if at is not None})
        between = [at + (later - at) / 2 for at, later in pairwise(edges)]
        for at in [*edges, *between, *(edge + timedelta(days=400) for edge in edges[-1:])]:
            here, there = _holds(mine, at), _holds(theirs.get(who, []), at)
            if here != there:
                wrong[who] = (
                    f"{who} at {at}: the twin says {here}, the grants {there}; {_told(mine, theirs.get(who, []))}"
                )
                break
    return wrong


def _holds(some: list[Stretch], at: datetime) -> bool:
    return any(
        start <= at and (end is None or at < end) and (gone is None or at < gone) for start, end, gone in some
    )


def _told(mine: list[Stretch], theirs: list[Stretch]) -> str:
    both = set(mine) & set(theirs)
    twin, grants = ([one for one in some if one not in both] for some in (mine, theirs))
    return f"only the twin: {_text(twin)}, only the grants: {_text(grants)}"


def _text(some: list[Stretch]) -> str:
    return "; ".join(" – ".join(f"{at:%y-%m-%d %H:%M}" if at else "…" for at in one) for one in some)


def _seen(town: Town, twin: Twin, but: set[Key], now: datetime) -> Iterator[str]:
    """What the viewer sees, now and at another time, is what the twin says."""
    number = Fact.objects.filter(community_id=town.community.pk).count()
    moments = [None, now + timedelta(days=1 + number % 90), now - timedelta(hours=1 + number % 500)]
    for user in (one for one in town.people if one.pk not in twin.untold):
        for at in moments:
            seen = look(town.community, user, at=at).plans
            for plan in town.plans:
                who = user.pk, plan.pk
                if who not in but and (plan.pk in seen) != twin.holds(who, at or now):
                    yield f"{who} at {at or now}: the viewer says {plan.pk in seen}, the twin {plan.pk not in seen}"
