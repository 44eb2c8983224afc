"""What is on sale, and what the team sells."""

from dataclasses import dataclass, field
from secrets import compare_digest
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from paideia.access.models import Grant, Plan
from paideia.access.viewer import Viewer
from paideia.commerce.models import CardTerms, Offer, OfferPrice, SeatBand
from paideia.commerce.places import places_left
from paideia.commerce.queries.orders import must_see_money
from paideia.commerce.refusals import OfferGone
from paideia.lib.refusal import NotFound


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


def plans_to_sell(viewer: Viewer) -> QuerySet[Plan]:
    """Plans that an offer can give."""
    found = Plan.objects.filter(community=viewer.community, archived_at=None)
    return found.exclude(kind=Plan.Kind.CIRCLE)


def offers_with_sales(viewer: Viewer) -> list[Offer]:
    """Every offer with `sold`, how often it was paid for."""
    must_see_money(viewer)
    paid = Count("orders", filter=Q(orders__paid_at__isnull=False), distinct=True)
    found = Offer.objects.filter(community=viewer.community).annotate(sold=paid)
    return list(found.prefetch_related("plans"))
