"""Coupons: what they take off, and for whom.

One coupon, or several that all stack. Percentages come before amounts, which is the best order for the buyer;
each takes from what the one before left, rounded down to the minor unit, and none leaves less than nothing.
"""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from paideia.accounts.models import User
from paideia.commerce.models import Coupon, CouponUse, Order, OrderLine
from paideia.commerce.quoting import Quote
from paideia.commerce.refusals import WrongCoupon
from paideia.lib import formatting

Kind = OrderLine.Kind
CODES_MAX = 5


def coupons(quote: Quote) -> None:
    """Take off what the codes of the wish are worth. Raises WrongCoupon, naming the code and what is wrong."""
    codes = list(dict.fromkeys(plain(code) for code in quote.wish.codes if plain(code)))
    if not codes:
        return
    found = _found(quote, codes)
    if len(found) > 1 and (alone := [one for one in found if not one.stacks]):
        raise WrongCoupon(_("The coupon %(code)s cannot be used with another one.") % {"code": alone[0].code})
    before = quote.value
    for coupon in found:
        _must_fit(coupon, quote, before)
    for coupon in sorted(found, key=lambda one: (one.percent is None, -(one.percent or 0), one.pk)):
        off = worth(coupon, quote.value)
        quote.add(Kind.COUPON, -off, coupon.code)
        quote.coupons.append((coupon, off))


def worth(coupon: Coupon, value: int) -> int:
    """What a coupon takes off a value, in minor units: never more than the value."""
    if coupon.percent is not None:
        return value * coupon.percent // 100
    assert coupon.amount is not None
    return min(coupon.amount, value)


def plain(code: str) -> str:
    """A code as it is kept, however it was typed."""
    return "".join(code.split()).upper()


def counted(coupon: Coupon, *, besides: Sequence[int] = ()) -> QuerySet[CouponUse]:
    """The uses that count against the limits, but those of these orders."""
    return CouponUse.objects.filter(coupon=coupon, released_at=None).exclude(order__in=besides)


def must_have_a_use_left(coupon: Coupon, buyer: User | None, *, besides: Sequence[int] = ()) -> None:
    """Raise WrongCoupon where the coupon, or this person's share of it, is used up."""
    uses = counted(coupon, besides=besides)
    if coupon.uses_max is not None and uses.count() >= coupon.uses_max:
        raise WrongCoupon(_("The coupon %(code)s is used up.") % {"code": coupon.code})
    each = coupon.uses_each_max
    if buyer is not None and each is not None and uses.filter(user=buyer).count() >= each:
        raise WrongCoupon(_("You have used the coupon %(code)s already.") % {"code": coupon.code})


def _found(quote: Quote, codes: Sequence[str]) -> list[Coupon]:
    if len(codes) > CODES_MAX:
        raise WrongCoupon(_("Use %(max)s coupons at most.") % {"max": CODES_MAX})
    if quote.kind == Order.Kind.TRIAL:
        raise WrongCoupon(_("Coupons do not count for a trial."))
    known = {
        one.code: one for one in Coupon.objects.filter(community=quote.offer.community_id, code__in=codes)
    }
    for code in codes:
        if code not in known:
            raise WrongCoupon(
                _("There is no coupon %(code)s. Check how it is written.") % {"code": code[:40]}
            )
    return [known[code] for code in codes]


def _must_fit(coupon: Coupon, quote: Quote, value: int) -> None:
    words: dict[str, object] = {"code": coupon.code}
    if coupon.archived_at is not None or (coupon.ends_at is not None and quote.now >= coupon.ends_at):
        raise WrongCoupon(_("The coupon %(code)s has ended.") % words)
    if coupon.starts_at is not None and quote.now < coupon.starts_at:
        when = formatting.datetime(coupon.starts_at)
        raise WrongCoupon(_("The coupon %(code)s counts from %(when)s on.") % {**words, "when": when})
    offers = set(coupon.offers.values_list("pk", flat=True))
    if offers and quote.offer.pk not in offers:
        raise WrongCoupon(_("The coupon %(code)s is not for this offer.") % words)
    if coupon.amount is not None and coupon.currency != quote.currency:
        raise WrongCoupon(
            _("The coupon %(code)s is for prices in %(currency)s.") % {**words, "currency": coupon.currency}
        )
    if value < coupon.price_min:
        least = formatting.money(coupon.price_min, quote.currency)
        raise WrongCoupon(
            _("The coupon %(code)s counts from a price of %(price)s on.") % {**words, "price": least}
        )
    must_have_a_use_left(coupon, quote.buyer, besides=quote.replaceable)
