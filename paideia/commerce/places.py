"""Places of offers that are sold a limited number of times."""

from django.db.models import Case, F, IntegerField, OuterRef, Subquery, Sum, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from paideia.commerce.models import Offer, Order
from paideia.commerce.refusals import NoLongerThere

Kind, State = Order.Kind, Order.State
TAKE_PLACES = (Kind.PURCHASE, Kind.CHANGE, Kind.GIFT, Kind.SEATS, Kind.GROUP)
LET_GO = (State.FAILED, State.EXPIRED, State.REFUNDED)


def places_taken(offer: Offer) -> int:
    """Places of a limited offer that are sold, or held by orders that can still be paid."""
    taken = Order.objects.filter(offer=offer, kind__in=TAKE_PLACES).exclude(state__in=LET_GO)
    return sum(taken.values_list("quantity", flat=True))


def places_left() -> Combinable:
    """An expression over offers: places that can be bought now; None for offers without a limit."""
    taken = Order.objects.filter(offer=OuterRef("pk"), kind__in=TAKE_PLACES).exclude(state__in=LET_GO)
    total = taken.order_by().values("offer").annotate(sum=Sum("quantity")).values("sum")
    left = F("quantity_max") - Coalesce(Subquery(total), 0)
    return Case(When(quantity_max__isnull=False, then=Greatest(left, 0)), output_field=IntegerField())


def must_still_be_there(order: Order) -> None:
    """Raise NoLongerThere for an order that was let go and whose place others have by now, or whose offer is
    archived, or whose term is over. The caller holds a limited offer and the order."""
    if order.kind not in TAKE_PLACES or order.offer is None:
        return
    if order.ends_at is not None and order.ends_at <= timezone.now():
        raise NoLongerThere(order.number)
    if order.state not in LET_GO:
        return
    limit = order.offer.quantity_max
    sold_out = limit is not None and places_taken(order.offer) + order.quantity > limit
    if sold_out or order.offer.archived_at is not None:
        raise NoLongerThere(order.number)
