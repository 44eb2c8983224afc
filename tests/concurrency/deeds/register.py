"""How deeds are kept by their names, and what several of them need."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import QuerySet

from paideia.commerce import actions as shop
from paideia.commerce.models import Order
from paideia.commerce.providers import News, Payment
from paideia.commerce.quoting import Wish
from tests.concurrency.town import Town

Deed = Callable[[Town, int, int, int], object]
One = TypeVar("One")
DEEDS: dict[str, Deed] = {}
WEIGHTS: dict[str, int] = {}
NEWEST = 5
CODES = ((), (), (), ("TEN",), ("FLAT",), ("TEN", "FLAT"), ("FREE",))


def deed(weight: int) -> Callable[[Deed], Deed]:
    def register(do: Deed) -> Deed:
        DEEDS[do.__name__], WEIGHTS[do.__name__] = do, weight
        return do

    return register


def newest(rows: "QuerySet[Any]", number: int, among: int = NEWEST) -> Any:
    """One of the newest, or None."""
    found = list(rows.order_by("-pk")[:among])
    return found[number % len(found)] if found else None


def of(some: Sequence[One], number: int) -> One:
    return some[number % len(some)]


def orders(town: Town) -> "QuerySet[Order]":
    return Order.objects.filter(community=town.community).select_related("community", "offer")


def tell(town: Town, news: News | None, times: int = 1) -> None:
    """The bank's notification, perhaps more than once."""
    for _ in range(times if news is not None else 0):
        shop.accept(community=town.community, provider="bank", said=news)  # type: ignore[arg-type]


def paid(town: Town, order: Order, *, short: int = 0, early: int = 0) -> Payment:
    shop.begin_payment(order=order, return_url="", notify_url="")
    return town.bank.pay(order, short=short, early=early)


def wish_for(town: Town, b: int, c: int) -> Wish:
    return Wish(
        codes=of(CODES, c),
        uses_credit=c % 3 == 0,
        referral_code=of([*town.codes, ""], b + c),
    )


def place(town: Town, a: int, b: int, wish: Wish) -> Order:
    offer = of([one for one in town.offers if not one.is_for_seats], a)
    return shop.place_order(viewer=town.viewer(of(town.people, b)), offer=offer, provider="bank", wish=wish)
