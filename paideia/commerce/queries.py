"""What is on offer and what was ordered. Each read takes the viewer."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import compare_digest
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Count, Exists, F, Model, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Greatest, JSONObject
from django.utils.translation import gettext as _

from paideia.access.models import Gate, Grant, Plan
from paideia.access.viewer import Viewer
from paideia.commerce.models import CardTerms, Notice, Offer, OfferPrice, Order, Refund, SeatBand
from paideia.commerce.places import places_left
from paideia.commerce.refusals import NotPermitted, OfferGone
from paideia.communities.permissions import ROLE_NAMES
from paideia.lib.refusal import NotFound

WAYS = """
WITH RECURSIVE chain AS (
    SELECT g.*, 0 AS depth FROM access_gate g WHERE g.id = %(gate)s AND g.community_id = %(community)s
    UNION ALL
    SELECT g.*, c.depth + 1 FROM access_gate g JOIN chain c ON g.id = c.parent_id
    WHERE g.community_id = %(community)s AND c.depth < 10
)
SELECT
    (SELECT json_agg(json_build_object(
        'id', c.id, 'parent_id', c.parent_id, 'role_keys', c.role_keys, 'level_min', c.level_min,
        'free_reads', c.free_reads, 'opens_at', c.opens_at, 'after_milestone', c.after_milestone,
        'plans', (SELECT coalesce(json_agg(json_build_array(p.id, p.name, p.archived_at IS NULL)
            ORDER BY p.position, p.id), '[]')
            FROM access_gate_plans gp JOIN access_plan p ON p.id = gp.plan_id WHERE gp.gate_id = c.id)
        ) ORDER BY c.depth DESC) FROM chain c),
    (SELECT json_agg(json_build_object(
        'id', o.id, 'name', o.name, 'price', o.price, 'currency', o.currency, 'term', o.term,
        'trial_days', o.trial_days,
        'plans', ARRAY(SELECT op.plan_id FROM commerce_offer_plans op WHERE op.offer_id = o.id)
        ) ORDER BY o.price, o.position, o.id) FROM commerce_offer o
        WHERE o.community_id = %(community)s AND o.archived_at IS NULL AND o.hidden_key = ''
            AND NOT o.is_for_seats
            AND (o.on_sale_from IS NULL OR o.on_sale_from <= %(now)s)
            AND (o.on_sale_until IS NULL OR o.on_sale_until > %(now)s)
            AND (o.ends_at IS NULL OR o.ends_at > %(now)s) AND EXISTS (
            SELECT 1 FROM commerce_offer_plans op JOIN access_gate_plans gp ON gp.plan_id = op.plan_id
            JOIN chain c ON c.id = gp.gate_id WHERE op.offer_id = o.id)),
    (SELECT count(*) FROM access_freeread f WHERE f.user_id = %(user)s AND f.community_id = %(community)s
        AND f.month = date_trunc('month', %(now)s AT TIME ZONE %(zone)s)::date)
"""


@dataclass(frozen=True, slots=True)
class Ways:
    """How a closed gate could be opened for a viewer. `offers` that open all of it, the cheapest first."""

    offers: tuple[Offer, ...]
    opens_with: tuple[str, ...]  # names of what opens it: plans, roles, a level
    free_reads_left: int | None  # None where a free read would not open it
    opens_at: datetime | None  # the date it waits for, if it does
    waits_for_lesson: bool
    needs_joining: bool

    @property
    def cheapest(self) -> Offer | None:
        return self.offers[0] if self.offers else None


def ways_in(viewer: Viewer, gate: Gate | int) -> Ways:
    """What opens this gate, for the paywall of a page. One query."""
    gate_id = gate.pk if isinstance(gate, Gate) else gate
    parameters = {
        "gate": gate_id,
        "community": viewer.community.pk,
        "user": viewer.user_id,
        "now": viewer.now,
        "zone": viewer.community.time_zone,
    }
    with connection.cursor() as cursor:
        cursor.execute(WAYS, parameters)
        gates, offers, spent = cursor.fetchone()
    return _ways(viewer, gates or [], offers or [], spent)


def _ways(viewer: Viewer, gates: list[dict[str, Any]], offers: list[dict[str, Any]], spent: int) -> Ways:
    closed = [gate for gate in gates if not _held_open(viewer, gate)]
    dates = [at for gate in gates if (at := _moment(gate["opens_at"])) is not None and at > viewer.now]
    waits_for_lesson = any(gate["after_milestone"] and gate["id"] not in viewer.open_gates for gate in gates)
    left = viewer.community.free_reads_max - spent
    free = (
        viewer.community.free_reads_max > 0
        and not dates
        and not waits_for_lesson
        and all(gate["free_reads"] for gate in gates if gate["id"] not in viewer.open_gates)
    )
    return Ways(
        offers=tuple(_offer(viewer, one) for one in offers if _opens_all(one, closed)),
        opens_with=tuple(dict.fromkeys(name for gate in closed for name in _names(gate))),
        free_reads_left=max(left, 0) if free else None,
        opens_at=max(dates) if dates else None,
        waits_for_lesson=waits_for_lesson,
        needs_joining=any(_is_for_members(gate) for gate in closed),
    )


def _held_open(viewer: Viewer, gate: dict[str, Any]) -> bool:
    """Whether the viewer has what this gate asks for, its times and the gates above left aside."""
    if _is_for_members(gate):
        return viewer.is_member
    if _names_nothing(gate):
        return True
    by_level = gate["level_min"] is not None and viewer.is_member and viewer.level >= gate["level_min"]
    by_plan = any(plan in viewer.plans for plan, _name, _current in gate["plans"])
    return by_plan or viewer.role in gate["role_keys"] or by_level


def _names_nothing(gate: dict[str, Any]) -> bool:
    return not gate["plans"] and not gate["role_keys"] and gate["level_min"] is None


def _is_for_members(gate: dict[str, Any]) -> bool:
    return _names_nothing(gate) and gate["parent_id"] is None


def _opens_all(offer: dict[str, Any], closed: list[dict[str, Any]]) -> bool:
    """Whether the offer gives a plan of each closed gate; joining, which buying does, opens those for
    members."""
    given = set(offer["plans"])
    return all(
        _is_for_members(gate) or any(plan in given for plan, *_rest in gate["plans"]) for gate in closed
    )


def _names(gate: dict[str, Any]) -> list[str]:
    names = [name for _plan, name, current in gate["plans"] if current]
    names += [str(ROLE_NAMES.get(key, key)) for key in gate["role_keys"]]
    if gate["level_min"] is not None:
        names.append(_("Level %(level)s") % {"level": gate["level_min"]})
    return names


def _offer(viewer: Viewer, row: dict[str, Any]) -> Offer:
    return Offer(
        community=viewer.community, **{name: value for name, value in row.items() if name != "plans"}
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def offers_for_gate(gate: Gate) -> list[Offer]:
    """Offers on sale that give a plan of this gate itself, the cheapest first."""
    found = Offer.objects.filter(
        community_id=gate.community_id, archived_at=None, hidden_key="", plans__in=gate.plans.values("pk")
    )
    return list(found.distinct().order_by("price", "position", "pk"))


def offers_on_sale(viewer: Viewer, hidden_key: str = "") -> list[Offer]:
    """What the community sells, in the order its team chose, each with its plans and whether there are gift cards
    beside it (`with_cards`); and what is sold to who has the link with this key. One query."""
    if not viewer.may_enter:
        raise NotFound("")
    keys = {"", hidden_key[:43]}
    listed = Offer.objects.filter(community=viewer.community, archived_at=None, hidden_key__in=keys)
    begun = Q(on_sale_from=None) | Q(on_sale_from__lte=viewer.now)
    goes_on = (Q(on_sale_until=None) | Q(on_sale_until__gt=viewer.now)) & (
        Q(ends_at=None) | Q(ends_at__gt=viewer.now)
    )
    cards = CardTerms.objects.filter(community=viewer.community, amounts__len__gt=0)
    return _with_plans(listed.filter(begun & goes_on).annotate(with_cards=Exists(cards)))


def offer_on_sale(viewer: Viewer, pk: int, hidden_key: str = "") -> Offer:
    """One offer that can be bought now, with its plans. Raises OfferGone for archived ones, NotFound for absent
    ones, and for hidden ones without their key. One query."""
    found = _with_plans(Offer.objects.filter(community=viewer.community, pk=pk))
    if (
        not found
        or not viewer.may_enter
        or not compare_digest(found[0].hidden_key.encode(), hidden_key.encode())
    ):
        raise NotFound("")
    if found[0].archived_at is not None:
        raise OfferGone()
    return found[0]


def _with_plans(offers: QuerySet[Offer]) -> list[Offer]:
    """The offers, whose plans, prices and bands ask the database no more, with `places_left` (None: no limit)."""
    row = JSONObject(**{name: name for name in ("id", "name", "summary", "kind", "position", "community_id")})
    given = Plan.objects.filter(offers=OuterRef("pk")).order_by("position", "pk").values(row=row)
    in_others = OfferPrice.objects.filter(offer=OuterRef("pk")).order_by("currency")
    by_seats = SeatBand.objects.filter(offer=OuterRef("pk")).order_by("seats_min")
    found: list[Offer] = list(
        offers.annotate(
            given=ArraySubquery(given),
            in_others=ArraySubquery(in_others.values(row=JSONObject(currency="currency", price="price"))),
            by_seats=ArraySubquery(by_seats.values(row=JSONObject(seats_min="seats_min", price="price"))),
            places_left=places_left(),
        )
    )
    for offer in found:
        offer._prefetched_objects_cache = {  # type: ignore[attr-defined]
            "plans": _loaded(Plan, offer.given),  # type: ignore[attr-defined]
            "prices": _loaded(OfferPrice, offer.in_others),  # type: ignore[attr-defined]
            "bands": _loaded(SeatBand, offer.by_seats),  # type: ignore[attr-defined]
        }
    return found


def _loaded(model: type[Model], rows: list[dict[str, Any]]) -> QuerySet[Any]:
    loaded = model._default_manager.none()
    loaded._result_cache = [model(**row) for row in rows]
    return loaded


@dataclass(frozen=True, slots=True)
class Had:
    """Plans that a person holds for good, and all that they ever held: those cannot be tried."""

    for_good: set[int] = field(default_factory=set)
    ever: set[int] = field(default_factory=set)


def plans_had(viewer: Viewer) -> Had:
    """What the viewer holds and held here. One query; none for strangers."""
    had = Had()
    if viewer.user is None:
        return had
    grants = Grant.objects.filter(user=viewer.user, plan__community=viewer.community)
    for plan, starts_at, ends_at, revoked_at in grants.values_list(
        "plan_id", "starts_at", "ends_at", "revoked_at"
    ):
        had.ever.add(plan)
        if ends_at is None and revoked_at is None and starts_at <= viewer.now:
            had.for_good.add(plan)
    return had


def orders_of(viewer: Viewer) -> QuerySet[Order]:
    """A buyer's own orders here, newest first."""
    own = Order.objects.filter(community=viewer.community, buyer_id=viewer.user_id)
    return own.select_related("offer").order_by("-created_at", "-pk")


def order_of(viewer: Viewer, number: str) -> Order:
    """One's own order, or any for those who may see the community's money. NotFound alike for all others'."""
    order = (
        Order.objects.filter(community=viewer.community, number=number)
        .select_related("offer", "buyer")
        .first()
    )
    if order is None or not (order.buyer_id == viewer.user_id or viewer.may("money.view")):
        raise NotFound("")
    return order


def orders_searched(viewer: Viewer, words: str = "", state: str = "") -> QuerySet[Order]:
    """All orders, newest first, for those who may see money. `words`: a number, a buyer or an offer."""
    must_see_money(viewer)
    found = Order.objects.filter(community=viewer.community)
    if state in Order.State.values:
        found = found.filter(state=state)
    elif state == "open_notices":
        found = found.filter(Exists(_open_notices().filter(order=OuterRef("pk"))))
    elif state == "refunds":
        found = found.filter(Exists(_refunds_under_way().filter(order=OuterRef("pk"))))
    if words := words.strip():
        found = found.filter(
            Q(number__istartswith=words)
            | Q(buyer__handle__icontains=words)
            | Q(buyer__name__icontains=words)
            | Q(buyer__email__iexact=words)
            | Q(offer__name__icontains=words)
            | Q(charge_id=words)
        )
    return found.select_related("offer", "buyer").order_by("-created_at", "-pk")


def open_notices(viewer: Viewer) -> QuerySet[Notice]:
    """Payments that settled nothing and wait for the team, newest first."""
    must_see_money(viewer)
    found = _open_notices().filter(community=viewer.community)
    return found.select_related("order").order_by("-received_at", "-pk")


def _refunds_under_way() -> QuerySet[Refund]:
    return Refund.objects.filter(state__in=[Refund.State.AGREED, Refund.State.SENT])


def _open_notices() -> QuerySet[Notice]:
    return Notice.objects.filter(outcome__in=Notice.OPEN_OUTCOMES, resolved_at=None)


def plans_to_sell(viewer: Viewer) -> QuerySet[Plan]:
    """Plans that an offer can give."""
    found = Plan.objects.filter(community=viewer.community, archived_at=None)
    return found.exclude(kind=Plan.Kind.CIRCLE)


def must_see_money(viewer: Viewer) -> None:
    if not viewer.may("money.view"):
        raise NotPermitted()


def grants_of(order: Order) -> list[Grant]:
    """What an order gave, with the plans."""
    given = Grant.objects.filter(source=f"order:{order.pk}", user_id=order.buyer_id)
    return list(given.select_related("plan").order_by("pk"))


def offers_with_sales(viewer: Viewer) -> list[Offer]:
    """Every offer with `sold`, how often it was paid for."""
    must_see_money(viewer)
    paid = Count("orders", filter=Q(orders__paid_at__isnull=False), distinct=True)
    found = Offer.objects.filter(community=viewer.community).annotate(sold=paid)
    return list(found.prefetch_related("plans"))


@dataclass(frozen=True, slots=True)
class Sales:
    """What was paid in one currency: in the last 30 days and in all, in minor units."""

    currency: str
    month: int
    orders: int
    total: int


def sales(viewer: Viewer) -> list[Sales]:
    """Paid orders by currency, without what was refunded, the larger first."""
    must_see_money(viewer)
    since = viewer.now - timedelta(days=30)
    rows = (
        Order.objects.filter(community=viewer.community, paid_at__isnull=False)
        .exclude(state=Order.State.DISPUTED)
        .values("currency")
        .annotate(
            all=Sum(Greatest(F("total") - F("refunded"), 0)),
            count=Count("pk"),
            recent=Coalesce(Sum(Greatest(F("total") - F("refunded"), 0), filter=Q(paid_at__gte=since)), 0),
        )
        .order_by("-all")
    )
    return [Sales(row["currency"], row["recent"], row["count"], row["all"]) for row in rows]
