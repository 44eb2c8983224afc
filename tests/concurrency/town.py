"""A community with everything on sale, its people, and the bank they pay with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from paideia.access.models import Plan
from paideia.access.viewer import Viewer, look
from paideia.accounts.models import User
from paideia.commerce.actions.redeeming import make_batch
from paideia.commerce.models import (
    BillingAddress,
    BuyingGroup,
    CardTerms,
    Coupon,
    GiftCard,
    InvoiceTerms,
    Offer,
    OfferPrice,
    Order,
    RedeemBatch,
    Refund,
    RetentionOffer,
    SeatBand,
    Subscription,
    TaxRule,
)
from paideia.communities.actions import create_community
from paideia.communities.models import Community
from paideia.partners.actions import become_affiliate
from paideia.partners.models import Commission, PayoutTerms, Programme, Reward, ShareRule, TaxBand
from tests.cast import let_in, person
from tests.concurrency.bank import Bank

PLACES = 3  # of the limited offer
USES = {"TEN": 4, "FLAT": 6, "FREE": 3}  # of the coupons
CODES = 6
numbers = count(1)
OFFERS: dict[str, tuple[str, dict[str, Any]]] = {  # the keys of their plans, and their terms
    "month": ("a", {"price": 3000, "term": "month"}),
    "year": ("a", {"price": 20000, "term": "year", "group_size": 2, "group_price": 15000}),
    "both": ("ab", {"price": 5000, "term": "month", "trial_days": 7}),
    "few": ("b", {"price": 4000, "term": "month", "quantity_max": PLACES}),
    "wish": ("b", {"price": 1000, "term": "quarter", "price_is_minimum": True}),
    "good": ("c", {"price": 9900}),
    "day": ("c", {"price": 1700, "term": "deadline"}),
    "sub": ("d", {"price": 2500, "term": "month", "renewal": "automatic", "grace_days": 3}),
    "more": ("e", {"price": 9000, "term": "quarter", "renewal": "automatic", "grace_days": 5}),
    "parts": ("f", {"price": 4000, "renewal": "instalments", "instalments": 3}),
    "seats": ("s", {"price": 1000, "term": "quarter", "is_for_seats": True}),
}


@dataclass
class Town:
    community: Community
    owner: User
    people: list[User]
    offers: list[Offer]
    plans: list[Plan]
    batch: RedeemBatch
    bank: Bank
    codes: list[str] = field(default_factory=list)  # of affiliates

    def viewer(self, user: User) -> Viewer:
        return look(self.community, user)

    @property
    def team(self) -> Viewer:
        return look(self.community, self.owner)

    def offer(self, name: str) -> Offer:
        return self.offers[list(OFFERS).index(name)]

    def leave_behind(self) -> None:
        """Let no worker find anything to do here any more: another town follows in the same database."""
        never, here = datetime(2200, 1, 1, tzinfo=UTC), self.community
        Order.objects.filter(community=here, paid_at=None).update(expires_at=never, provider="gone")
        Refund.objects.filter(order__community=here).update(next_try_at=None)
        Subscription.objects.filter(community=here).update(charge_at=None, period_ends_at=never)
        GiftCard.objects.filter(community=here).update(expires_at=None)
        BuyingGroup.objects.filter(community=here).update(closes_at=never)
        Commission.objects.filter(order__community=here).update(release_at=never)
        Reward.objects.filter(community=here).update(due_at=never)
        ShareRule.objects.filter(community=here).update(ended_at=never)


def found(bank: Bank, ends_at: datetime) -> Town:
    """A town of its own: many stand beside each other in one database. `ends_at` is the fixed day of an offer."""
    number = next(numbers)
    owner = person(f"olga{number}")
    community = create_community(
        by=owner, slug=f"town-{number}", name="Town", currency="CNY", time_zone="UTC"
    )
    community.refresh_from_db()
    people = [let_in(community, person(f"p{number}-{index}")) for index in range(6)]
    plans = {
        key: Plan.objects.create(community=community, key=key, name=key)
        for key in sorted({letter for letters, _terms in OFFERS.values() for letter in letters})
    }
    offers = [_offer(community, name, plans, ends_at) for name in OFFERS]
    viewer = look(community, owner)
    batch = make_batch(viewer=viewer, offer=offers[0], name="Cards", size=CODES)
    _discounts(community, offers)
    town = Town(community, owner, people, offers, list(plans.values()), batch, bank)
    town.codes = _partners(town)
    return town


def _offer(community: Community, name: str, plans: dict[str, Plan], ends_at: datetime) -> Offer:
    letters, terms = OFFERS[name]
    ends = ends_at if terms.get("term") == "deadline" else None
    offer = Offer.objects.create(community=community, name=name, currency="CNY", ends_at=ends, **terms)
    offer.plans.set([plans[letter] for letter in letters])
    return offer


def _discounts(community: Community, offers: list[Offer]) -> None:
    by_name = dict(zip(OFFERS, offers, strict=True))
    Coupon.objects.create(
        community=community,
        code="TEN",
        percent=10,
        uses_max=USES["TEN"],
        first_period_only=False,
        stacks=True,
    )
    Coupon.objects.create(
        community=community,
        code="FLAT",
        amount=500,
        currency="CNY",
        uses_max=USES["FLAT"],
        uses_each_max=None,
        stacks=True,
    )
    Coupon.objects.create(community=community, code="FREE", percent=100, uses_max=USES["FREE"])
    OfferPrice.objects.create(offer=by_name["good"], currency="USD", price=1500)
    OfferPrice.objects.create(offer=by_name["month"], currency="JPY", price=600)
    SeatBand.objects.create(offer=by_name["seats"], seats_min=3, price=900)
    CardTerms.objects.create(community=community, currency="CNY", amounts=[2000, 10000], valid_months=2)
    RetentionOffer.objects.create(
        community=community, percent=20, periods=2, win_back_percent=30, win_back_periods=2
    )


def _partners(town: Town) -> list[str]:
    """Two affiliates, one brought by the other; an author; tax on what is paid out, and on sales to one country."""
    Programme.objects.create(
        community=town.community,
        is_open=True,
        joining="everybody",
        rate_first=2000,
        rate_second=500,
        hold_days=3,
        pays_renewals=True,
        reward_points=100,
    )
    first = become_affiliate(viewer=town.viewer(town.people[0]))
    second = become_affiliate(viewer=town.viewer(town.people[1]), brought_by=first.code)
    terms = PayoutTerms.objects.create(community=town.community, currency="CNY", least=1)
    TaxBand.objects.create(terms=terms, above=300, exempt=100, rate=2000, off=0)
    ShareRule.objects.create(
        community=town.community, name="Author", kind="fixed", rate=3000, person=town.people[2]
    )
    InvoiceTerms.objects.create(community=town.community, is_on=True, seller="Town")
    TaxRule.objects.create(community=town.community, name="VAT", country="DE", rate=1900, is_inclusive=False)
    BillingAddress.objects.create(user=town.people[3], name="Somebody", country="DE")
    return [first.code, second.code]
