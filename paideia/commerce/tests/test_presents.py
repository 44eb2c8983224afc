"""Codes, cards and gifts: each is had once, and the money is where the books say."""

import csv
import io
import random
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from paideia.access.models import Gate, Grant
from paideia.accounts.models import User
from paideia.commerce.actions import place_order, redeeming, refund_order, settle_order
from paideia.commerce.actions.cards import (
    expire_cards,
    give_card,
    place_card,
    redeem_card,
    revoke_card,
    save_card_terms,
)
from paideia.commerce.actions.gifts import claim_gift
from paideia.commerce.actions.redeeming import make_batch, redeem_code, revoke_batch, revoke_code
from paideia.commerce.jobs import presents
from paideia.commerce.models import GiftCard, Offer, Order, RedeemBatch, RedeemCode
from paideia.commerce.quoting import GiftWish, Wish
from paideia.commerce.refusals import HeldForGood, NotPermitted, WrongCode, WrongOffer, WrongRefund, WrongWish
from paideia.commerce.tests.races import at_once, in_turns
from paideia.commerce.tests.test_coupons import crowd
from paideia.ledger.queries import balance
from tests.cast import PASSWORD, sign_in, viewer_of

HERE = "/c/agora"
NEW = {"email": "nina@example.org", "username": "nina", "password1": PASSWORD, "terms": "on"}


@pytest.fixture(autouse=True)
def _mails_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker would do a moment later is done at once."""
    monkeypatch.setattr(presents, "_soon", lambda task, name, **arguments: task.func(**arguments))


@pytest.fixture
def batch(admin: User, monthly: Offer) -> RedeemBatch:
    return make_batch(viewer=viewer_of(admin), offer=monthly, name="Fair", size=5)


def code_of(batch: RedeemBatch) -> str:
    return batch.codes.order_by("pk")[0].code


def lies(offer: Offer, owner: str, kind: str) -> int:
    return balance(offer.community, owner, kind, "CNY")


# Redeem codes


def test_a_code_gives_what_the_offer_gives_as_a_purchase_would(
    stranger: User, batch: RedeemBatch, gate: Gate
) -> None:
    code = code_of(batch).lower().replace("-", " ")
    used = redeem_code(viewer=viewer_of(stranger), code=code)
    given = Grant.objects.get(user=stranger)
    assert (given.source, given.is_trial) == (f"code:{used.pk}", False)
    assert given.ends_at is not None and given.ends_at > given.starts_at + timedelta(27)
    assert viewer_of(stranger).can_open(gate.pk)
    assert viewer_of(stranger).is_member
    assert redeem_code(viewer=viewer_of(stranger), code=code) == used
    assert (Grant.objects.filter(user=stranger).count(), Order.objects.count()) == (1, 0)


def test_a_term_from_a_code_follows_the_one_that_is_held(visitor: User, batch: RedeemBatch) -> None:
    for row in batch.codes.order_by("pk")[:2]:
        redeem_code(viewer=viewer_of(visitor), code=row.code)
    first, second = Grant.objects.filter(user=visitor).order_by("starts_at")
    assert second.starts_at == first.ends_at


def test_a_code_that_is_used_revoked_expired_or_another_communitys_gives_nothing(
    visitor: User, stranger: User, member: User, admin: User, batch: RedeemBatch
) -> None:
    from paideia.communities.actions import create_community
    from tests.cast import person

    codes = list(batch.codes.order_by("pk"))
    redeem_code(viewer=viewer_of(visitor), code=codes[0].code)
    revoke_code(viewer=viewer_of(admin), batch=batch, code=codes[1].code)
    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    for code in (codes[0].code, codes[1].code, "AAAA-AAAA-AAAA-AAAA", "", "x" * 500, "\x00"):
        with pytest.raises(WrongCode):
            redeem_code(viewer=viewer_of(stranger), code=code)
    with pytest.raises(WrongCode):
        redeem_code(viewer=viewer_of(stranger, other), code=codes[2].code)
    with pytest.raises(HeldForGood):
        redeem_code(viewer=viewer_of(member), code=codes[2].code)
    with pytest.raises(WrongCode):
        revoke_code(viewer=viewer_of(admin), batch=batch, code=codes[0].code)
    assert revoke_batch(viewer=viewer_of(admin), batch=batch) == 3
    with pytest.raises(WrongCode):
        redeem_code(viewer=viewer_of(stranger), code=codes[2].code)
    RedeemCode.objects.update(revoked_at=None)
    RedeemBatch.objects.update(expires_at=timezone.now())
    with pytest.raises(WrongCode):
        redeem_code(viewer=viewer_of(stranger), code=codes[2].code)
    assert Grant.objects.filter(user=stranger).count() == 0


def test_batches_are_made_by_those_who_manage_money_within_limits(
    moderator: User, admin: User, monthly: Offer
) -> None:
    with pytest.raises(NotPermitted):
        make_batch(viewer=viewer_of(moderator), offer=monthly, name="x", size=1)
    for size in (0, -1, 10_001, 1.5):
        with pytest.raises(WrongOffer):
            make_batch(viewer=viewer_of(admin), offer=monthly, name="x", size=size)  # type: ignore[arg-type]
    batch = make_batch(viewer=viewer_of(admin), offer=monthly, name="x", size=10_000)
    assert batch.codes.values("code").distinct().count() == 10_000


def test_the_export_holds_every_code_and_no_formula(
    admin: User, member: User, visitor: User, batch: RedeemBatch
) -> None:
    redeem_code(viewer=viewer_of(visitor), code=code_of(batch))
    User.objects.filter(pk=visitor.pk).update(handle="=cmd()")
    address = f"{HERE}/manage/codes/{batch.pk}/export/"
    assert sign_in(member).get(address).status_code == 404
    answer = sign_in(admin).get(address)
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[0] for row in rows[1:]] == [one.code for one in batch.codes.order_by("pk")]
    assert rows[1][1:3] == ["Used", "'=cmd()"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_cells_that_a_spreadsheet_would_run_are_text(cell: str) -> None:
    from paideia.lib.tables import csv_lines, inert

    assert inert(cell) == f"'{cell}"
    assert next(iter(csv.reader(io.StringIO("".join(list(csv_lines([[cell]]))[1:]), newline="")))) == [
        f"'{cell}"
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("codes", "redeemers", "rounds"), [(10, 12, 1), pytest.param(100, 64, 20, marks=pytest.mark.long)]
)
def test_codes_redeemed_at_once_are_redeemed_once(
    admin: User, monthly: Offer, codes: int, redeemers: int, rounds: int
) -> None:
    """Everybody tries every code, in an order of their own."""
    people, chance = crowd(monthly, redeemers), random.Random(7)
    for _round in range(rounds):
        batch = make_batch(viewer=viewer_of(admin), offer=monthly, name="R", size=codes)
        wanted = list(batch.codes.values_list("code", flat=True))
        tries = [(user, code) for user in people for code in wanted]
        chance.shuffle(tries)
        tasks = [lambda u=user, c=code: redeem_code(viewer=viewer_of(u), code=c) for user, code in tries]
        results = in_turns(tasks, width=min(redeemers, 32))
        assert all(isinstance(one, RedeemCode | WrongCode) for one in results)
        redeemed = {one.pk for one in results if isinstance(one, RedeemCode)}
        assert len(redeemed) == batch.codes.exclude(used_at=None).count() == codes
        assert Grant.objects.filter(source__in=[f"code:{pk}" for pk in redeemed]).count() == codes


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_code_is_redeemed_twice(
    admin: User, monthly: Offer, batch: RedeemBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: both look, both find it unused."""
    looked = threading.Barrier(2)

    def unlocked(code: str) -> RedeemCode:
        found = RedeemCode.objects.select_related("batch__offer").get(code=code)
        looked.wait(10)
        return found

    monkeypatch.setattr(redeeming, "locked_code", unlocked)
    first, second = crowd(monthly, 2)
    code = code_of(batch)
    results = at_once(*[lambda u=u: redeem_code(viewer=viewer_of(u), code=code) for u in (first, second)])
    assert [type(one) for one in results] != [RedeemCode, WrongCode]
    assert len([one for one in results if isinstance(one, WrongCode)]) == 0


def test_wrong_codes_shut_the_door_for_a_while(visitor: User, batch: RedeemBatch, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"redeem": "60/m/ip", "redeem_again": "3/m/user"}
    client = sign_in(visitor)
    answers = [client.post(f"{HERE}/redeem/", {"code": f"wrong {n}"}).status_code for n in range(5)]
    assert answers[:3] == [422, 422, 422]
    assert answers[4] == 429


def test_a_stranger_redeems_a_code_and_signs_up_at_once(anonymous: Client, batch: RedeemBatch) -> None:
    code = code_of(batch)
    assert anonymous.get(f"{HERE}/redeem/", {"code": code}).text.count(f'value="{code}"') == 1
    assert RedeemCode.objects.exclude(used_at=None).count() == 0
    assert anonymous.post(f"{HERE}/redeem/", {**NEW, "code": code}).status_code == 302
    assert RedeemCode.objects.get(code=code).used_by == User.objects.get(handle="nina")


# Gift cards


@pytest.fixture
def on_sale(admin: User, community: Any) -> None:
    save_card_terms(viewer=viewer_of(admin), currency="CNY", amounts=[5000, 10000], valid_months=12)


def bought(buyer: User, amount: int = 5000, **present: Any) -> GiftCard:
    order = place_card(
        viewer=viewer_of(buyer), amount=amount, provider="sandbox", present=GiftWish(**present)
    )
    settle_order(order.pk, charge_id=f"c{order.pk}", amount=amount, currency="CNY", paid_at=timezone.now())
    return GiftCard.objects.get(order=order)


def test_a_card_is_bought_mailed_redeemed_and_spent(
    visitor: User, stranger: User, monthly: Offer, on_sale: None
) -> None:
    card = bought(visitor, recipient_email="stan@example.org", message="Read on!")
    assert lies(monthly, f"card:{card.pk}", "balance") == 5000
    assert [one.to for one in mail.outbox] == [["stan@example.org"]]
    assert (card.code in str(mail.outbox[0].body), "Read on!" in str(mail.outbox[0].body)) == (True, True)
    redeem_card(viewer=viewer_of(stranger), code=card.code)
    redeem_card(viewer=viewer_of(stranger), code=card.code)
    assert (lies(monthly, f"card:{card.pk}", "balance"), lies(monthly, f"user:{stranger.pk}", "credit")) == (
        0,
        5000,
    )
    wish = Wish(uses_credit=True)
    order = place_order(viewer=viewer_of(stranger), offer=monthly, provider="sandbox", wish=wish)
    assert (order.state, order.credit, lies(monthly, "house", "sales")) == ("paid", 3000, 3000)
    with pytest.raises(WrongCode):
        redeem_card(viewer=viewer_of(visitor), code=card.code)


def test_a_card_that_waits_to_be_paid_is_worth_nothing(visitor: User, stranger: User, on_sale: None) -> None:
    order = place_card(viewer=viewer_of(visitor), amount=5000, provider="sandbox")
    assert place_card(viewer=viewer_of(visitor), amount=5000, provider="sandbox") == order
    with pytest.raises(WrongCode):
        redeem_card(viewer=viewer_of(stranger), code=order.gift_card.code)
    for amount in (1, 0, -5000, 5001, "5000"):
        with pytest.raises(WrongWish):
            place_card(viewer=viewer_of(visitor), amount=amount, provider="sandbox")  # type: ignore[arg-type]


def test_a_card_is_refunded_until_it_is_redeemed(
    visitor: User, stranger: User, admin: User, monthly: Offer, on_sale: None
) -> None:
    from paideia.ledger.actions import Overdrawn

    first, second = bought(visitor), bought(visitor, 10000)
    assert first.order is not None and second.order is not None
    refund_order(viewer=viewer_of(admin), order=first.order, reason="Wrong one")
    with pytest.raises(WrongCode):
        redeem_card(viewer=viewer_of(stranger), code=first.code)
    redeem_card(viewer=viewer_of(stranger), code=second.code)
    with pytest.raises((WrongRefund, Overdrawn)):
        refund_order(viewer=viewer_of(admin), order=second.order, reason="Too late")
    assert lies(monthly, f"user:{stranger.pk}", "credit") == 10000


def test_cards_of_the_house_are_given_and_taken_back(
    admin: User, moderator: User, stranger: User, visitor: User, monthly: Offer
) -> None:
    with pytest.raises(NotPermitted):
        give_card(viewer=viewer_of(moderator), amount=100, currency="CNY")
    kept, gone = (give_card(viewer=viewer_of(admin), amount=700, currency="CNY") for _n in range(2))
    assert lies(monthly, "world:giving", "cards") == -1400
    for _twice in range(2):
        revoke_card(viewer=viewer_of(admin), card=gone)
    assert lies(monthly, "world:giving", "cards") == -700
    redeem_card(viewer=viewer_of(stranger), code=kept.code)
    with pytest.raises(WrongCode):
        revoke_card(viewer=viewer_of(admin), card=kept)
    with pytest.raises(WrongCode):
        redeem_card(viewer=viewer_of(visitor), code=gone.code)


def test_what_nobody_redeems_in_time_goes_where_the_books_say(
    visitor: User, stranger: User, admin: User, monthly: Offer, on_sale: None
) -> None:
    card = bought(visitor)
    given = give_card(viewer=viewer_of(admin), amount=700, currency="CNY")
    assert card.expires_at is not None and card.expires_at > timezone.now() + timedelta(360)
    GiftCard.objects.update(expires_at=timezone.now())
    with pytest.raises(WrongCode):
        redeem_card(viewer=viewer_of(stranger), code=card.code)
    assert (expire_cards(), expire_cards()) == (2, 0)
    assert (lies(monthly, "house", "expired_cards"), lies(monthly, "world:giving", "cards")) == (5000, 0)
    assert lies(monthly, f"card:{given.pk}", "balance") == 0


@pytest.mark.django_db(transaction=True)
def test_a_card_redeemed_by_many_at_once_is_redeemed_once(
    admin: User, monthly: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = give_card(viewer=viewer_of(admin), amount=700, currency="CNY")
    people = crowd(monthly, 12)
    results = at_once(*[lambda u=u: redeem_card(viewer=viewer_of(u), code=card.code) for u in people])
    assert sum(isinstance(one, GiftCard) for one in results) == 1
    assert sum(lies(monthly, f"user:{one.pk}", "credit") for one in people) == 700


# Gifts


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
