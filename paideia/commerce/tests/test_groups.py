"""Buying together: all pay the group's price and all get what they bought, or all get their money back."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from paideia.access.models import Gate, Grant
from paideia.accounts.models import User
from paideia.commerce.actions import place_order, settle_order
from paideia.commerce.actions.groups import finish_group, groups_to_finish
from paideia.commerce.jobs import groups as jobs
from paideia.commerce.models import BuyingGroup, Offer, Order, Refund
from paideia.commerce.quoting import Wish
from paideia.commerce.refusals import HeldElsewhere, WrongWish
from paideia.commerce.tests.races import at_once
from paideia.commerce.tests.test_coupons import crowd
from paideia.ledger.queries import balance
from tests.cast import sign_in, viewer_of

HERE = "/c/agora"


@pytest.fixture
def together(monthly: Offer) -> Offer:
    """¥30 alone, ¥20 for three."""
    Offer.objects.filter(pk=monthly.pk).update(group_size=3, group_price=2000)
    monthly.refresh_from_db()
    return monthly


def place(user: User, offer: Offer, group: BuyingGroup | None = None) -> Order:
    wish = Wish(kind="group", group=group.token if group else "new")
    return place_order(viewer=viewer_of(user), offer=offer, provider="sandbox", wish=wish)


def pay(order: Order) -> Order:
    return settle_order(
        order.pk, charge_id=f"c{order.pk}", amount=order.total, currency="CNY", paid_at=timezone.now()
    )


def lies(offer: Offer, owner: str, kind: str) -> int:
    return balance(offer.community, owner, kind, "CNY")


def test_a_group_that_fills_gives_everybody_what_they_bought(together: Offer, gate: Gate) -> None:
    people = crowd(together, 3)
    first = pay(place(people[0], together))
    group = BuyingGroup.objects.get()
    assert (first.total, lies(together, f"group:{group.pk}", "held")) == (2000, 2000)
    assert not viewer_of(people[0]).can_open(gate.pk)
    for user in people[1:]:
        pay(place(user, together, group))
    assert groups_to_finish() == [group.pk]
    for _twice in range(2):
        finish_group(group.pk)
    assert [viewer_of(user).can_open(gate.pk) for user in people] == [True] * 3
    assert (lies(together, f"group:{group.pk}", "held"), lies(together, "house", "sales")) == (0, 6000)
    assert groups_to_finish() == []


def test_a_group_that_does_not_fill_gives_everybody_the_money_back(
    together: Offer, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = crowd(together, 3)
    pay(place(people[0], together))
    group = BuyingGroup.objects.get()
    pay(place(people[1], together, group))
    unpaid = place(people[2], together, group)
    assert groups_to_finish() == []
    BuyingGroup.objects.update(closes_at=timezone.now())
    monkeypatch.setattr(jobs, "finish_group_soon", lambda one: finish_group(one.pk))
    for _twice in range(2):
        jobs.finish_due(0)
    assert list(Order.objects.order_by("pk").values_list("state", flat=True)) == [
        *("refunded", "refunded"),
        "expired",
    ]
    assert [one.amount for one in Refund.objects.all()] == [2000, 2000]
    assert lies(together, f"group:{group.pk}", "held") == 0
    with pytest.raises(HeldElsewhere):
        pay(unpaid)
    assert Grant.objects.count() == 0


def test_a_group_has_so_many_places_and_one_for_each(together: Offer, visitor: User) -> None:
    people = crowd(together, 4)
    pay(place(people[0], together))
    group = BuyingGroup.objects.get()
    with pytest.raises(WrongWish):
        place(people[0], together, group)
    second = place(people[1], together, group)
    assert place(people[1], together, group) == second
    place(people[2], together, group)
    with pytest.raises(WrongWish):
        place(people[3], together, group)
    BuyingGroup.objects.update(closes_at=timezone.now())
    with pytest.raises(WrongWish):
        place(people[3], together, group)


def test_what_is_not_sold_to_groups_is_refused(monthly: Offer, visitor: User) -> None:
    with pytest.raises(WrongWish):
        place(visitor, monthly)
    Offer.objects.update(group_size=2, group_price=F("price") - 1, renewal="automatic")
    with pytest.raises(WrongWish):
        place(visitor, monthly)
    assert BuyingGroup.objects.count() == 0


def test_a_late_payment_finds_its_place_taken(together: Offer) -> None:
    people = crowd(together, 4)
    pay(place(people[0], together))
    group = BuyingGroup.objects.get()
    late = place(people[1], together, group)
    from paideia.commerce.actions import expire_orders

    Order.objects.filter(pk=late.pk).update(expires_at=timezone.now())
    expire_orders()
    for user in people[2:]:
        pay(place(user, together, group))
    with pytest.raises(HeldElsewhere):
        pay(late)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_take_no_more_places_than_there_are(together: Offer) -> None:
    people = crowd(together, 9)
    pay(place(people[0], together))
    group = BuyingGroup.objects.get()
    results = at_once(*[lambda u=u: pay(place(u, together, group)) for u in people[1:]])
    assert sum(isinstance(one, Order) for one in results) == 2
    assert BuyingGroup.objects.get().filled_at is not None


def test_one_begins_a_group_and_passes_its_link_on(together: Offer, visitor: User, stranger: User) -> None:
    client = sign_in(visitor)
    checkout = f"{HERE}/offers/{together.pk}/checkout/"
    assert client.get(checkout).text.count(">Begin a group<") == 1
    assert client.get(checkout, {"group": "new"}).text.count("Pay ¥20") == 1
    assert client.post(checkout, {"provider": "sandbox", "group": "new"}).status_code == 302
    order = pay(Order.objects.get())
    page = client.get(f"{HERE}/orders/{order.number}/").text
    token = BuyingGroup.objects.get().token
    assert (page.count("1 of 3 have paid"), page.count(f"?group={token}") >= 1) == (1, True)
    other = sign_in(stranger)
    page = other.get(checkout, {"group": token}).text
    assert (page.count("Pay ¥20"), page.count("1 of 3 have paid")) == (1, 1)
    assert other.post(checkout, {"provider": "sandbox", "group": token}).status_code == 302
    assert BuyingGroup.objects.get().closes_at > timezone.now() + timedelta(hours=23)
