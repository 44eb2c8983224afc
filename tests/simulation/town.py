"""Where every course begins: a community with offers of every kind, and how one seed shapes it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from django.db import connection, transaction

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.commerce.actions.cards import save_card_terms
from paideia.commerce.actions.redeeming import make_batch
from paideia.commerce.actions.subscriptions import save_retention
from paideia.commerce.models import Coupon, Offer, RedeemBatch
from paideia.communities.actions import create_community
from paideia.communities.models import Community
from tests.cast import let_in, person, viewer_of

PEOPLE = 5
ONCE, RENEWED = ("good", "month", "few", "wish"), ("sub", "year", "taste", "parts")
# The plans that each offer gives: what is rented one way can be rented another way, and stacks.
PLANS = {
    **{name: (name,) for name in ("good", "few", "wish", "parts")},
    **dict.fromkeys(("month", "sub", "taste", "team"), ("full",)),
    "year": ("full", "extra"),
}
OFFERS: dict[str, dict[str, Any]] = {
    "good": {"price": 9900},
    "month": {"price": 3000, "term": "month"},
    "few": {"price": 5000, "quantity_max": 2},
    "wish": {"price": 1000, "price_is_minimum": True},
    "sub": {"price": 2500, "term": "month", "renewal": "automatic"},
    "year": {"price": 20_000, "term": "year", "renewal": "automatic", "trial_days": 7},
    "taste": {
        **{"price": 2000, "term": "month", "renewal": "automatic"},
        **{"trial_days": 5, "trial_price": 100},
    },
    "parts": {"price": 4000, "renewal": "instalments", "instalments": 3},
    "team": {"price": 1500, "term": "month", "is_for_seats": True},
}


@dataclass
class Town:
    """What all seeds begin with; each is rolled back to it."""

    community: Community
    owner: User
    people: list[User]
    offers: dict[str, Offer]
    coupon: Coupon
    batch: RedeemBatch


def found() -> Town:
    owner = person("olga")
    community = create_community(
        by=owner, slug="agora", name="Agora", currency="CNY", time_zone="Europe/Berlin"
    )
    community.refresh_from_db()
    people = [let_in(community, person(f"buyer{number}")) for number in range(PEOPLE)]
    plans = {
        name: Plan.objects.create(community=community, key=name, name=name)
        for name in sorted({name for names in PLANS.values() for name in names})
    }
    offers = {}
    for name, fields in OFFERS.items():
        offers[name] = Offer.objects.create(community=community, name=name, currency="CNY", **fields)
        offers[name].plans.add(*(plans[one] for one in PLANS[name]))
    coupon = Coupon.objects.create(
        community=community, code="SAVE20", percent=20, uses_max=3, uses_each_max=None
    )
    Coupon.objects.create(
        **{"community": community, "code": "OFF3", "amount": 300, "currency": "CNY"},
        **{"first_period_only": False, "uses_each_max": None},
    )
    team = viewer_of(owner, community)
    save_card_terms(viewer=team, currency="CNY", amounts=[500, 4000], valid_months=1)
    save_retention(viewer=team, percent=50, periods=2, win_back_percent=0, win_back_periods=1)
    batch = make_batch(viewer=team, offer=offers["month"], name="printed", size=4)
    return Town(community, owner, people, offers, coupon, batch)


@dataclass(frozen=True)
class Shape:
    """What one course is like: who and what there is, what often happens, and how often what goes wrong."""

    people: int
    offers: tuple[str, ...]
    places: int  # of the limited offer
    uses: int  # of the coupon
    often: dict[str, float]  # how much more often than usual a thing happens
    pauses: tuple[int, ...]  # minutes that pass at once
    haggles: float = 0.3  # how often a buyer has a coupon
    dies: float = 0.0
    declines: float = 0.0
    loses: float = 0.0  # an answer, of a provider that has acted
    is_silent: float = 0.0  # a provider that was asked
    waits: float = 0.0  # a refund, for the bank
    bounces: float = 0.0  # such a refund
    repeats: float = 0.0  # one message
    hears_all: bool = False  # all that hears of orders does, not the books' readers alone


@dataclass(frozen=True)
class Theme:
    offers: tuple[str, ...] = (*ONCE, *RENEWED, "team")
    often: dict[str, float] = field(default_factory=dict)
    people: tuple[int, ...] = (2, 3, PEOPLE)


# Chances that are the same in every course never bring the rare things together: each draws its own (Groce and
# others, "Swarm Testing", 2012).
THEMES = (
    Theme(),
    Theme(often={"refund": 4, "bank": 3, "work": 2, "dispute": 0}),
    Theme(often={"dispute": 7, "hear": 1.5}),
    Theme(RENEWED, {"leave": 2, "pass_time": 3, "work": 3, "pay": 1.5}, (1, 2)),
    Theme(RENEWED, {"dispute": 3, "refund": 2, "pass_time": 2, "leave": 2}, (1, 2)),
    Theme(("few", "wish"), {"buy": 1.5, "pay": 1.5, "pass_time": 0.4, "refund": 0.3}, (3, PEOPLE)),
    Theme(
        ("month", "sub", "good"), {"give": 8, "claim": 9, "pay": 1.5, "hear": 2, "pass_time": 1.5, "buy": 0.3}
    ),
    Theme(("month", "wish", "sub"), {"buy_card": 6, "hand_card": 3, "redeem": 8, "withdraw": 8, "pay": 1.5}),
    Theme(("month", "sub", "year", "good"), {"change": 9, "refund": 2, "pass_time": 1.5}, (1, 2)),
    Theme(("team", "month"), {"buy_seats": 8, "take_seat": 10, "reclaim": 3, "refund": 1.5}, (3, PEOPLE)),
    Theme(("year", "taste"), {"try_out": 8, "leave": 2, "pass_time": 2}, (2, 3)),
    Theme(often={"suspend_or_lift": 6}, people=(2,)),
)
SLOW, QUICK = (30, 600, 1500, 8000, 30_000, 44_000), (1, 30, 70, 600, 1500)


ALWAYS = frozenset(
    {"buy", "pay", "hear", "work", "sweep", "pass_time", "refund", "dispute", "bank", "outage"}
)


def shape_of(seed: int, chance: Random) -> Shape:
    """The themes take turns, so that few courses have seen them all; the rest is chance."""
    theme = THEMES[seed % len(THEMES)]
    goes_wrong = chance.choice([0.0, 1.0, 1.0, 1.0, 2.0])
    return Shape(
        people=chance.choice(theme.people),
        offers=theme.offers,
        places=chance.choice([1, 1, 2]),
        uses=chance.choice([1, 2, 3]),
        often={name: _how_often(name, theme, chance) for name in _names()},
        pauses=chance.choice([SLOW, SLOW, QUICK, (*SLOW, *QUICK)]),
        haggles=chance.choice([0.1, 0.3, 0.9]),
        dies=goes_wrong * chance.choice([0, 0.1, 0.15]),
        declines=goes_wrong * chance.choice([0.1, 0.2, 0.4]),
        loses=goes_wrong * chance.choice([0, 0.15, 0.4]),
        is_silent=goes_wrong * 0.05,
        waits=chance.choice([0.2, 0.7]),
        bounces=goes_wrong * chance.choice([0.2, 0.45]),
        repeats=goes_wrong * 0.2,
        hears_all=chance.random() < 0.1,
    )


def _how_often(name: str, theme: Theme, chance: Random) -> float:
    if name in theme.often:
        return theme.often[name]
    is_about_it = name in ALWAYS or not theme.often
    return chance.choice([0.5, 1, 1, 2] if is_about_it else [0, 0, 0.5])


def _names() -> list[str]:
    from tests.simulation.steps import STEPS

    return [do.__name__ for do, _weight in STEPS]


def lay_out(town: Town, shape: Shape) -> None:
    """Give the town the limits of this course, and all rows the same numbers whatever was before it."""
    Offer.objects.filter(pk=town.offers["few"].pk).update(quantity_max=shape.places)
    Coupon.objects.filter(pk=town.coupon.pk).update(uses_max=shape.uses)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('commerce_order_id_seq', 1000), setval('commerce_refund_id_seq', 1000)")


def rolled_back(do: Callable[[], Any]) -> Any:
    """What `do` returns, with all that it wrote undone."""
    with transaction.atomic():
        try:
            return do()
        finally:
            transaction.set_rollback(True)
