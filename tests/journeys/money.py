"""One of everything about money that has a page of its own, made by the actions that people use."""

from datetime import date
from typing import Any

from django.db import transaction
from django.test import Client
from django.utils import timezone

from paideia.access.models import Plan
from paideia.activity.readers import run_once
from paideia.books.actions import upload_statement
from paideia.books.models import Difference
from paideia.commerce.actions import place_order, refund_order, settle_order
from paideia.commerce.actions.cards import give_card, save_card_terms
from paideia.commerce.actions.coupons import CouponTerms, save_coupon
from paideia.commerce.actions.fapiao import ask_for_fapiao
from paideia.commerce.actions.invoices import Seller, save_invoice_terms
from paideia.commerce.actions.redeeming import make_batch
from paideia.commerce.actions.seats import offer_seats
from paideia.commerce.models import Invoice, Offer, Order, Subscription
from paideia.commerce.providers.sandbox.models import SandboxCharge
from paideia.commerce.quoting import GiftWish, Wish
from paideia.communities.addresses import path_in
from paideia.partners.actions import Destination, ask_for_payout, become_affiliate, release_commissions
from paideia.partners.actions.shares import RuleTerms, save_rule
from paideia.partners.models import Programme, ShareRun, Statement, StatementLine
from tests.journeys.place import Place


def furnish_with_money(place: Place) -> None:
    """Add to the rows of the place: what the member bought and earned, and what the team made."""
    seller = Seller(is_on=True, gives_fapiao=True, seller="Agora Ltd")
    save_invoice_terms(viewer=place.viewer("owner"), seller=seller, taxes=[])
    _bought(place)
    _sold(place)
    _earned(place)
    with transaction.atomic():  # so that the readers wait for no test in another database of the server
        run_once()
    place.rows["invoice"] = Invoice.objects.filter(order=place.rows["renewing"]).earliest("pk")
    place.rows["fapiao"] = ask_for_fapiao(
        viewer=place.viewer("member"),
        order=place.rows["renewing"],
        title="A firm",
        tax_number="",
        email="firm@example.org",
    )
    _read(place)


def buy(place: Place, name: str, offer: Offer, **wish: Any) -> Order:
    order = place_order(viewer=place.viewer(name), offer=offer, provider="sandbox", wish=Wish(**wish))
    return settle_order(
        order.pk,
        charge_id=f"ch-{order.pk}",
        amount=order.total,
        currency=order.currency,
        paid_at=timezone.now(),
    )


def _offer(place: Place, name: str, **terms: Any) -> Offer:
    plan = Plan.objects.create(community=place.community, key=name.lower(), name=f"{name} plan")
    offer = Offer.objects.create(
        community=place.community, name=name, price=5000, currency="CNY", term="month", **terms
    )
    offer.plans.add(plan)
    return offer


def _bought(place: Place) -> None:
    """A subscription of which a part was refunded, seats, a present, and a payment that waits."""
    renewing = _offer(place, "Club", renewal="automatic")
    order = buy(place, "member", renewing)
    refund_order(viewer=place.viewer("owner"), order=order, reason="A day was missing", amount=100)
    seats = buy(
        place,
        "member",
        _offer(place, "Class", is_for_seats=True),
        kind="seats",
        quantity=3,
        pool_domain="school.example",
    )
    pool = seats.seats.pool
    (seat,) = offer_seats(viewer=place.viewer("member"), pool=pool, addresses=["pupil@example.org"])
    present = GiftWish(recipient_email="nan@example.org", message="Slowly")
    gift = buy(place, "member", place.rows["offer"], kind="gift", gift=present)
    client = Client()
    client.force_login(place.people["visitor"])
    client.post(path_in(place.community, "order_payment", place.rows["waiting"].number))
    place.rows |= {
        "renewing": order,
        "subscription": Subscription.objects.get(user=place.people["member"]),
        "pool": pool,
        "seat": seat,
        "gift": gift.gift,
        "charge": SandboxCharge.objects.get(order_number=place.rows["waiting"].number),
    }


def _sold(place: Place) -> None:
    """A coupon, a batch of codes and a gift card of the house."""
    owner, offer = place.viewer("owner"), place.rows["offer"]
    save_card_terms(viewer=owner, currency="CNY", amounts=[10000, 20000], valid_months=12)
    place.rows |= {
        "coupon": save_coupon(viewer=owner, terms=CouponTerms(code="SLOWLY", percent=10)),
        "batch": make_batch(viewer=owner, offer=offer, name="Fair", size=3),
        "card": give_card(viewer=owner, amount=5000, currency="CNY"),
    }


def _earned(place: Place) -> None:
    """An affiliate with a payout that waits, and an author with a statement."""
    Programme.objects.create(
        community=place.community, is_open=True, joining="everybody", rate_first=2000, hold_days=0
    )
    member = place.viewer("member")
    affiliate = become_affiliate(viewer=member)
    buy(place, "asker", _offer(place, "Course"), referral_code=affiliate.code)
    with transaction.atomic():
        run_once()
    release_commissions()
    to = Destination("bank", "Mia Plain", "6222020200112233445", "Bank")
    payout = ask_for_payout(viewer=member, amount=500, currency="CNY", to=to)
    rule = save_rule(viewer=place.viewer("owner"), terms=RuleTerms("Authors", "pool", 1000))
    run = ShareRun.objects.create(community=place.community, month=date(2026, 1, 1))
    statement = Statement.objects.create(run=run, user=place.people["member"], currency="CNY", amount=700)
    StatementLine.objects.create(statement=statement, rule=rule, base=7000, pot=700, amount=700)
    place.rows |= {"affiliate": affiliate, "payout": payout, "statement": statement, "run": run, "rule": rule}


def _read(place: Place) -> None:
    """A provider's statement with a refund that nobody here made."""
    lines = [
        "kind,line_id,charge_id,order_number,amount,currency,fee,at",
        "refund,t1,ch_unknown,,5.00,CNY,0,2026-01-02T09:30:00+00:00",
        "end,1",
    ]
    owner, content = place.viewer("owner"), "\n".join(lines).encode()
    upload_statement(viewer=owner, provider="sandbox", name="january.csv", content=content)
    place.rows["difference"] = Difference.objects.get(community=place.community)
