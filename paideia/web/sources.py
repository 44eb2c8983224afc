"""What orders, trials and circles say of the grants that came from them, on pages of rooms below them."""

from django.utils.translation import gettext as _

from paideia.access.sources import Source, describes
from paideia.commerce.models import Offer, Order
from paideia.spaces.models import Space


@describes("order")
def orders(ids: set[int]) -> dict[int, Source]:
    numbers = Order.objects.filter(pk__in=ids).values_list("pk", "number")
    return {
        pk: Source(_("From order %(number)s.") % {"number": number}, "order", number)
        for pk, number in numbers
    }


@describes("trial")
def trials(ids: set[int]) -> dict[int, Source]:
    names = Offer.objects.filter(pk__in=ids).values_list("pk", "name")
    return {pk: Source(_("A trial of “%(offer)s”.") % {"offer": name}) for pk, name in names}


@describes("circle")
def circles(ids: set[int]) -> dict[int, Source]:
    spaces = Space.objects.filter(pk__in=ids).values_list("pk", "name", "slug")
    return {
        pk: Source(_("From the circle “%(circle)s”.") % {"circle": name}, "space", slug)
        for pk, name, slug in spaces
    }
