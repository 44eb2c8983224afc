"""The price of buying in a group."""

from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.commerce.models import BuyingGroup, Offer, Order, OrderLine
from paideia.commerce.quoting import Quote
from paideia.commerce.refusals import WrongWish

NEW = "new"
LET_GO = (Order.State.FAILED, Order.State.EXPIRED, Order.State.REFUNDED)


def group(quote: Quote) -> None:
    """Take off what the group saves. Raises WrongWish where there is no such group, or no place in it."""
    if quote.kind != Order.Kind.GROUP:
        return
    offer, token = quote.offer, quote.wish.group
    if quote.currency != offer.currency or offer.renewal != Offer.Renewal.NONE or offer.is_for_seats:
        raise WrongWish(_("This is not sold to groups."))
    if token == NEW:
        if not offer.group_size or offer.group_price is None:
            raise WrongWish(_("This is not sold to groups."))
        price = offer.group_price
    else:
        found = BuyingGroup.objects.filter(token=token, offer=offer).first()
        if found is None:
            raise WrongWish(_("There is no such group. Begin one of your own."))
        must_be_open(found, quote.buyer.pk if quote.buyer else None, besides=list(quote.replaceable))
        price = found.price
    quote.add(OrderLine.Kind.GROUP, price - quote.value)


def must_be_open(found: BuyingGroup, buyer_id: int | None, *, besides: list[int]) -> None:
    """Raise WrongWish for a group that is full or over, or that the person is in by a paid order."""
    if found.failed_at is not None or (found.filled_at is None and found.closes_at <= timezone.now()):
        raise WrongWish(_("This group was not full in time. Begin another one."))
    places = found.places.exclude(order__state__in=LET_GO).exclude(order__in=besides)
    theirs = places.filter(order__buyer_id=buyer_id)
    if theirs.filter(order__paid_at__isnull=False).exists():
        raise WrongWish(_("You are in this group already. Pass its link on."))
    if found.filled_at is not None or places.exclude(order__buyer_id=buyer_id).count() >= found.size:
        raise WrongWish(_("This group is full. Begin another one."))
