"""Gifts, and the team's pages about what is given."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from paideia.access.models import Gate, Grant
from paideia.accounts.models import User
from paideia.commerce.actions import place_order, refund_order, settle_order
from paideia.commerce.actions.gifts import claim_gift
from paideia.commerce.jobs import presents
from paideia.commerce.models import Offer, Order, RedeemBatch
from paideia.commerce.quoting import GiftWish, Wish
from paideia.commerce.refusals import WrongCode
from paideia.commerce.tests.races import at_once
from paideia.commerce.tests.test_coupons import crowd
from tests.cast import PASSWORD, sign_in, viewer_of

pytestmark = pytest.mark.usefixtures("mails_at_once")
HERE = "/c/agora"
NEW = {"email": "nina@example.org", "username": "nina", "password1": PASSWORD, "terms": "on"}


def given(giver: User, offer: Offer, **present: Any) -> Order:
    wish = Wish(kind="gift", gift=GiftWish(**present))
    order = place_order(viewer=viewer_of(giver), offer=offer, provider="sandbox", wish=wish)
    return settle_order(
        order.pk, charge_id=f"c{order.pk}", amount=order.total, currency="CNY", paid_at=timezone.now()
    )


def test_a_gift_gives_its_buyer_nothing_and_its_claimer_all(
    visitor: User, stranger: User, monthly: Offer, gate: Gate
) -> None:
    order = given(visitor, monthly, recipient_name="Stan", message="For you")
    assert not viewer_of(visitor).can_open(gate.pk)
    claim_gift(viewer=viewer_of(stranger), token=order.gift.token)
    claim_gift(viewer=viewer_of(stranger), token=order.gift.token)
    assert viewer_of(stranger).can_open(gate.pk)
    assert list(Grant.objects.values_list("user", "source")) == [(stranger.pk, f"order:{order.pk}")]
    with pytest.raises(WrongCode):
        claim_gift(viewer=viewer_of(visitor), token=order.gift.token)


def test_who_has_it_for_good_may_still_give_it(member: User, lifetime: Offer) -> None:
    assert given(member, lifetime).state == "paid"


def test_a_gift_is_mailed_at_its_time(visitor: User, monthly: Offer) -> None:
    later = timezone.now() + timedelta(days=3)
    order = given(visitor, monthly, recipient_email="Stan@Example.org", deliver_at=later)
    presents.deliver_presents(0)
    assert mail.outbox == []
    type(order.gift).objects.update(deliver_at=timezone.now())
    presents.deliver_presents(0)
    presents.deliver_presents(0)
    assert [one.to for one in mail.outbox] == [["stan@example.org"]]
    assert order.gift.token in str(mail.outbox[0].body)


def test_a_refund_before_it_is_opened_cancels_the_gift(
    visitor: User, stranger: User, admin: User, monthly: Offer, gate: Gate
) -> None:
    order = given(
        visitor, monthly, recipient_email="stan@example.org", deliver_at=timezone.now() + timedelta(1)
    )
    refund_order(viewer=viewer_of(admin), order=order, reason="Changed my mind")
    type(order.gift).objects.update(deliver_at=timezone.now())
    presents.deliver_presents(0)
    assert mail.outbox == []
    with pytest.raises(WrongCode):
        claim_gift(viewer=viewer_of(stranger), token=order.gift.token)


def test_a_refund_after_it_is_opened_takes_the_plans_back(
    visitor: User, stranger: User, admin: User, monthly: Offer, gate: Gate
) -> None:
    order = given(visitor, monthly)
    claim_gift(viewer=viewer_of(stranger), token=order.gift.token)
    refund_order(viewer=viewer_of(admin), order=order, reason="Fraud")
    assert not viewer_of(stranger).can_open(gate.pk)


def test_looking_at_a_gift_opens_nothing_and_a_stranger_opens_it_by_signing_up(
    anonymous: Client, visitor: User, monthly: Offer
) -> None:
    order = given(visitor, monthly, message="<b>Hello</b>")
    address = f"{HERE}/gifts/{order.gift.token}/"
    page = anonymous.get(address).text
    assert (page.count("&lt;b&gt;Hello"), page.count('name="password1"')) == (1, 1)
    assert Grant.objects.count() == 0
    assert anonymous.post(address, {**NEW, "terms": ""}).status_code == 422
    assert anonymous.post(address, NEW).status_code == 302
    assert Grant.objects.get().user.handle == "nina"
    assert sign_in(visitor).get(f"{HERE}/orders/{order.number}/").text.count("opened it on") == 1
    assert anonymous.get(f"{HERE}/gifts/{'x' * 43}/").status_code == 404


def test_a_gift_is_bought_from_the_checkout_and_twice_clicked_is_one(visitor: User, monthly: Offer) -> None:
    client = sign_in(visitor)
    form = {"provider": "sandbox", "gift": "on", "recipient_email": "stan@example.org", "message": "Hi"}
    for _twice in range(2):
        assert client.post(f"{HERE}/offers/{monthly.pk}/checkout/", form).status_code == 302
    client.post(f"{HERE}/offers/{monthly.pk}/checkout/", {**form, "recipient_email": "mira@example.org"})
    assert sorted(Order.objects.values_list("kind", "gift__recipient_email")) == [
        ("gift", "mira@example.org"),
        ("gift", "stan@example.org"),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_gift_opened_by_many_at_once_is_opened_once(visitor: User, monthly: Offer) -> None:
    order = given(visitor, monthly)
    people = crowd(monthly, 8)
    at_once(*[lambda u=u: claim_gift(viewer=viewer_of(u), token=order.gift.token) for u in people])
    assert Grant.objects.count() == 1


# The team's pages


def test_the_pages_about_discounts_are_for_those_who_manage_money(
    admin: User, moderator: User, monthly: Offer, batch: RedeemBatch
) -> None:
    pages = ["coupons/", "coupons/new/", "codes/", f"codes/{batch.pk}/", "cards/"]
    for page in pages:
        answers = [sign_in(user).get(f"{HERE}/manage/{page}").status_code for user in (admin, moderator)]
        assert (page, answers) == (page, [200, 404])


def test_the_team_makes_a_coupon_and_sees_what_it_does(admin: User, visitor: User, monthly: Offer) -> None:
    client = sign_in(admin)
    form = {
        "code": "spring",
        "percent": "10",
        "currency": "CNY",
        "offers": [monthly.pk],
        "uses_each_max": "1",
    }
    assert client.post(f"{HERE}/manage/coupons/new/", form).status_code == 302
    for wrong in ({"code": "a b"}, {"percent": ""}, {"amount": "5"}, {"percent": "101"}, form):
        change = {**form, "code": "other", **wrong}
        assert client.post(f"{HERE}/manage/coupons/new/", change).status_code == (422)
    order = place_order(
        viewer=viewer_of(visitor), offer=monthly, provider="sandbox", wish=Wish(codes=["SPRING"])
    )
    settle_order(order.pk, charge_id="c", amount=2700, currency="CNY", paid_at=timezone.now())
    page = client.get(f"{HERE}/manage/coupons/").text
    assert (page.count("¥3 off, ¥27 sold"), page.count("used once")) == (1, 1)
    pk = order.coupon_uses.get().coupon_id
    assert client.post(f"{HERE}/manage/coupons/{pk}/archive/").status_code == 302
    assert client.get(f"{HERE}/manage/coupons/{pk}/").status_code == 200


def test_the_team_sells_and_gives_cards(admin: User, visitor: User, community: Any) -> None:
    client = sign_in(admin)
    assert sign_in(visitor).get(f"{HERE}/cards/").status_code == 404
    form = {"currency": "CNY", "amounts": "50, 100", "valid_months": "0"}
    assert client.post(f"{HERE}/manage/cards/", form).status_code == 302
    assert client.post(f"{HERE}/manage/cards/", {**form, "amounts": "x"}).status_code == 422
    gift = {"amount": "7.50", "currency": "CNY", "email": "stan@example.org"}
    assert client.post(f"{HERE}/manage/cards/gift/", gift).status_code == 302
    assert client.get(f"{HERE}/manage/cards/").text.count("¥7.50") == 2
    answer = sign_in(visitor).post(f"{HERE}/cards/", {"amount": "5000", "provider": "sandbox"})
    assert (answer.status_code, Order.objects.get().total) == (302, 5000)
    assert sign_in(visitor).post(f"{HERE}/cards/", {"amount": "1", "provider": "sandbox"}).status_code == 422
