"""What a shop lives through besides terms that are bought: on the day it is built, by the actions that people use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.urls import set_urlconf

from paideia.access.actions import add_policy
from paideia.access.models import Grant, Policy
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.books.actions import read_day
from paideia.commerce.actions import (
    accept,
    accept_payment,
    begin_payment,
    place_order,
    refund_order,
    send_refund,
)
from paideia.commerce.actions.cards import place_card, redeem_card, save_card_terms
from paideia.commerce.actions.coupons import CouponTerms, save_coupon
from paideia.commerce.actions.fapiao import ask_for_fapiao
from paideia.commerce.actions.gifts import claim_gift
from paideia.commerce.actions.invoices import Seller, save_invoice_terms
from paideia.commerce.actions.redeeming import make_batch, redeem_code
from paideia.commerce.actions.seats import offer_seats, take_seat
from paideia.commerce.actions.subscriptions import cancel, save_retention, stay
from paideia.commerce.models import Order, SandboxCharge, SeatPool, Subscription
from paideia.commerce.providers import provider_of
from paideia.commerce.providers.sandbox import actions as sandbox
from paideia.commerce.providers.sandbox.messages import dispute_message, news_in
from paideia.commerce.quoting import GiftWish, Wish
from paideia.communities.middleware import COMMUNITY_URLS
from paideia.demo.founding import Place
from paideia.partners.actions import (
    ProgrammeTerms,
    become_affiliate,
    decide_affiliate,
    save_programme,
    save_rule,
)
from paideia.partners.actions.shares import RuleTerms
from paideia.partners.models import Affiliate, Programme, ShareRule

DAYS_READ = 11  # all whose statements should be here
SUBSCRIBERS, WITH_COUPON, BROUGHT = 14, 5, 4
CODES, CODES_USED, SEATS, SEATS_TAKEN = 40, 5, 8, 3
WHOLE_PERCENT = 100  # basis points
SHARE_PERCENT = 30


class Trade:
    """`people` are the simulated members who are here and hold little: each is used once, while there are any."""

    def __init__(self, place: Place, told: dict[str, Any], now: datetime) -> None:
        self.place, self.told, self.now = place, told, now
        much = Grant.objects.filter(plan__in=[place.plans["full"], place.plans["course"]], revoked_at=None)
        held = much.filter(Q(ends_at=None) | Q(ends_at__gt=now))
        here = User.objects.filter(
            memberships__community=place.community, memberships__left_at=None, memberships__role__key="member"
        )
        cast = [one.pk for one in place.cast.values()]
        self.people = list(here.exclude(pk__in=cast).exclude(pk__in=held.values("user")).order_by("pk"))

    def fill(self) -> None:
        set_urlconf(COMMUNITY_URLS)  # the sandbox says where it would be paid
        try:
            self._live()
        finally:
            set_urlconf(None)

    def _live(self) -> None:
        self._offer()
        code = self._recommend()
        self._subscribe(code)
        self._give()
        self._seat()
        self._take_back()
        self._share()
        for back in range(DAYS_READ, 0, -1):
            read_day(
                self.place.community, "sandbox", (self.now.astimezone(UTC) - timedelta(days=back)).date()
            )

    # Terms

    def _offer(self) -> None:
        team, place = self.place.viewer(), self.place
        save_coupon(viewer=team, terms=CouponTerms(**self.told["coupon"], uses_max=100))
        save_retention(viewer=team, percent=30, periods=2, win_back_percent=20, win_back_periods=1)
        card = self.told["card"]
        save_card_terms(
            viewer=team, currency=place.community.currency, amounts=card["amounts"], valid_months=36
        )
        add_policy(
            viewer=team,
            demand=Policy.Demand.NEVER,
            gate=place.gates["full"],
            subject_name=place.offers["basic-month"].name,
            subject_plans=[place.plans["basic"]],
            offer_id=place.offers["basic-month"].pk,
        )
        if "fapiao" in self.told:
            seller = Seller(is_on=False, gives_fapiao=True, seller=self.told["fapiao"]["title"])
            save_invoice_terms(viewer=team, seller=seller, taxes=[])

    def _recommend(self) -> str:
        """Who recommends the place; the code of the first, whom the team let in."""
        terms = ProgrammeTerms(
            is_open=True,
            joining=Programme.Joining.APPROVAL,
            rate_first=15 * WHOLE_PERCENT,
            rate_second=5 * WHOLE_PERCENT,
            hold_days=15,
            cookie_days=30,
            pays_renewals=False,
            reward_points=200,
        )
        save_programme(viewer=self.place.viewer(), terms=terms)
        words = self.told["affiliate"]
        first = become_affiliate(viewer=self.place.viewer(self.place.cast["member"]), words=words)
        decide_affiliate(viewer=self.place.viewer(), affiliate=first, to=Affiliate.State.ACTIVE)
        for viewer in self._next(1):
            become_affiliate(viewer=viewer, words=words, brought_by=first.code)
        return first.code

    # Sales

    def _subscribe(self, code: str) -> None:
        """Subscribers; the last three want to leave, and one of them stays for the team's offer."""
        made = []
        for number, viewer in enumerate(self._next(SUBSCRIBERS)):
            wish = Wish(
                codes=[self.told["coupon"]["code"]] if number < WITH_COUPON else [],
                referral_code=code if WITH_COUPON <= number < WITH_COUPON + BROUGHT else "",
            )
            order = self._buy(viewer, "renewing", wish)
            made.append((viewer, Subscription.objects.get(orders=order)))
        for number, (viewer, row) in enumerate(made[-3:]):
            gone = cancel(
                viewer=viewer,
                subscription=row,
                reason=Subscription.Reason.TIME if number else Subscription.Reason.PRICE,
                words=self.told["leaving"],
            )
            if number == 0:
                stay(viewer=viewer, subscription=gone)

    def _give(self) -> None:
        """A gift that was taken, a card that was redeemed, codes, and a group that waits for its third."""
        member = self.place.viewer(self.place.cast["member"])
        gift = self._buy(member, "basic-year", Wish(kind=Order.Kind.GIFT, gift=GiftWish(**self.told["gift"])))
        card = self.told["card"]
        present = GiftWish(message=card["message"])
        bought = self._pay(
            place_card(viewer=member, amount=card["amounts"][0], provider="sandbox", present=present)
        )
        for viewer in self._next(1):
            claim_gift(viewer=viewer, token=gift.gift.token)
            redeem_card(viewer=viewer, code=bought.gift_card.code)
        offer = self.place.offers["basic-month"]
        batch = make_batch(viewer=self.place.viewer(), offer=offer, name=self.told["batch"], size=CODES)
        codes = batch.codes.order_by("pk").values_list("code", flat=True)
        for viewer, code in zip(self._next(CODES_USED), codes, strict=False):
            redeem_code(viewer=viewer, code=code)
        group = "new"
        for viewer in self._next(2):
            order = self._buy(viewer, "course", Wish(kind=Order.Kind.GROUP, group=group))
            group = order.group_place.group.token

    def _seat(self) -> None:
        for manager in self._next(1):
            wish = Wish(kind=Order.Kind.SEATS, quantity=SEATS, pool_name=self.told["pool"])
            order = self._buy(manager, "team", wish)
            pool = SeatPool.objects.get(orders__order=order)
            addresses = [f"editor{number}@team.example" for number in range(1, SEATS_TAKEN + 2)]
            seats = offer_seats(viewer=manager, pool=pool, addresses=addresses)
            for viewer, seat in zip(self._next(SEATS_TAKEN), seats, strict=False):
                take_seat(viewer=viewer, token=seat.token)

    # What comes back, and what goes on to others

    def _take_back(self) -> None:
        """One order is refunded whole, one in part; one is disputed; for one a 发票 is asked."""
        team, why = self.place.viewer(), self.told["refunds"]
        paid = Order.objects.filter(community=self.place.community, state=Order.State.PAID, total__gt=0)
        lately = paid.exclude(kind__in=[Order.Kind.SEATS, Order.Kind.GROUP, Order.Kind.CARD])
        by_term = [
            lately.filter(offer=self.place.offers[key]) for key in ("full-year", "basic-month", "course")
        ]
        year, month, course = (rows.order_by("-paid_at").first() for rows in by_term)
        for order, reason, share in ((year, why[0], 3), (month, why[1], 1)):
            if order is not None:
                amount = order.total // share
                send_refund(refund_order(viewer=team, order=order, reason=reason, amount=amount).pk)
        if course is not None:
            charge = SandboxCharge.objects.get(charge_id=course.charge_id)
            opened = sandbox.dispute(charge=charge, state="opened")
            accept(community=self.place.community, provider="sandbox", said=news_in(dispute_message(opened)))
        renewing = paid.filter(offer=self.place.offers["renewing"]).order_by("pk").first()
        if renewing is not None and "fapiao" in self.told:
            ask_for_fapiao(viewer=self.place.viewer(renewing.buyer), order=renewing, **self.told["fapiao"])

    def _share(self) -> None:
        """A part of what the course brings belongs to the mentor, from this month on."""
        terms = RuleTerms(
            name=self.told["share"],
            kind=ShareRule.Kind.FIXED,
            rate=SHARE_PERCENT * WHOLE_PERCENT,
            person=self.place.cast["mentor"],
            offers=(self.place.offers["course"],),
        )
        save_rule(viewer=self.place.viewer(), terms=terms)

    # Small things

    def _next(self, number: int) -> list[Viewer]:
        """The next so many people, or as many as are left."""
        taken, self.people = self.people[:number], self.people[number:]
        return [self.place.viewer(one) for one in taken]

    def _buy(self, viewer: Viewer, offer: str, wish: Wish) -> Order:
        return self._pay(
            place_order(viewer=viewer, offer=self.place.offers[offer], provider="sandbox", wish=wish)
        )

    def _pay(self, order: Order) -> Order:
        """Paid on the sandbox's page, of which the shop hears by asking."""
        begin_payment(order=order, return_url="", notify_url="")
        sandbox.pay(charge=SandboxCharge.objects.get(order_number=order.number), course="silent")
        said = provider_of("sandbox").query(order)
        assert said is not None
        accept_payment(community=order.community, provider="sandbox", payment=said)
        return Order.objects.select_related("community", "buyer").get(pk=order.pk)
