"""Seats for a pool that is there already: more of them until it ends, or another term for all of them."""

import re

from django.utils.translation import gettext as _

from paideia.commerce.models import Order, OrderLine, SeatPool
from paideia.commerce.quoting import Quote
from paideia.commerce.refusals import WrongWish

IS_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def pool(quote: Quote) -> None:
    """More seats cost their share of the term, rounded up to the minor unit. Raises WrongWish for a pool that is not
    the buyer's, or over."""
    wish = quote.wish
    plain_domain(wish.pool_domain)
    if quote.kind != Order.Kind.SEATS or wish.pool_id is None:
        return
    found = SeatPool.objects.filter(
        pk=wish.pool_id, manager=quote.buyer, offer=quote.offer, closed_at=None
    ).first()
    if found is None:
        raise WrongWish(_("These seats are not yours to extend."))
    if wish.renews_pool:
        _must_be_renewable(found, wish.quantity)
        return
    if found.ends_at is None:
        return
    whole, left = found.ends_at - found.starts_at, found.ends_at - quote.now
    if left.total_seconds() <= 0:
        raise WrongWish(_("These seats have ended. Renew them instead."))
    if left < whole:
        seconds, of = int(left.total_seconds()) or 1, int(whole.total_seconds()) or 1
        share = -(-quote.value * seconds // of)
        quote.add(OrderLine.Kind.SHARE, share - quote.value)


def plain_domain(typed: str) -> str:
    """A mail domain as it is kept. Raises WrongWish for what is none."""
    domain = typed.strip().lower().removeprefix("@")
    if domain and not IS_DOMAIN.fullmatch(domain):
        raise WrongWish(_("This is no mail domain. Write it as in school.example."))
    return domain


def _must_be_renewable(found: SeatPool, quantity: int) -> None:
    if found.ends_at is None or found.offer.ends_at is not None:
        raise WrongWish(_("These seats need not be renewed."))
    if quantity != found.size:
        raise WrongWish(_("All %(n)s seats are renewed together.") % {"n": found.size})
