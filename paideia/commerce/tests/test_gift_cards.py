"""Gift cards: bought, given, redeemed and spent."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from paideia.accounts.models import User
from paideia.commerce.actions import place_order, refund_order, settle_order
from paideia.commerce.actions.cards import (
    expire_cards,
    give_card,
    place_card,
    redeem_card,
    revoke_card,
    save_card_terms,
)
from paideia.commerce.models import GiftCard, Offer
from paideia.commerce.quoting import GiftWish, Wish
from paideia.commerce.refusals import NotPermitted, WrongCode, WrongRefund, WrongWish
from paideia.commerce.tests.races import at_once
from paideia.commerce.tests.test_coupons import crowd
from paideia.ledger.queries import balance
from tests.cast import PASSWORD, viewer_of

pytestmark = pytest.mark.usefixtures("mails_at_once")
HERE = "/c/agora"
NEW = {"email": "nina@example.org", "username": "nina", "password1": PASSWORD, "terms": "on"}


def lies(offer: Offer, owner: str, kind: str) -> int:
    return balance(offer.community, owner, kind, "CNY")


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
