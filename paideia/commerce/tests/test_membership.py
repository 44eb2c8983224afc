"""The billing portal as its owner walks through it, and the team's page of subscriptions."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.commerce.actions import place_order
from paideia.commerce.actions.subscriptions import cancel
from paideia.commerce.models import Offer, Order, RetentionOffer, Subscription
from tests.cast import sign_in, viewer_of

from .subscribing import Pay, at, by_hand, clock, decline, offer_of, pass_time, subscribe

__all__ = ["clock"]
HERE = "/c/agora"


@pytest.fixture
def small(tier: Plan) -> Offer:
    return offer_of(tier, 2800, name="Small")


@pytest.fixture
def large(tier: Plan) -> Offer:
    plan = Plan.objects.create(community=tier.community, key="gold", name="Gold", kind=Plan.Kind.TIER)
    return offer_of(plan, 9000, name="Large")


@pytest.fixture
def running(clock: Any, visitor: User, small: Offer, paid_at_the_sandbox: Pay) -> Subscription:
    return subscribe(visitor, small, paid_at_the_sandbox)


def page(client: Client, path: str = "/membership/") -> str:
    answer = client.get(f"{HERE}{path}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_portal_says_what_one_has_and_what_renews_for_how_much(running: Subscription) -> None:
    text = page(sign_in(running.user))
    assert "Full membership" in text
    assert "Renews on Feb 28, 2026 for ¥28." in text


def test_an_empty_portal_leads_to_the_prices(visitor: User) -> None:
    text = page(sign_in(visitor))
    assert "You have no plan at the moment" in text and f"{HERE}/pricing/" in text


def test_leaving_asks_why_offers_to_stay_and_then_lets_go(running: Subscription, owner: User) -> None:
    RetentionOffer.objects.create(community=running.community, percent=50, periods=3)
    client, address = sign_in(running.user), f"{HERE}/membership/{running.pk}/cancellation/"
    assert client.post(address, {}).status_code == 422
    offered = client.post(address, {"reason": "price", "words": "Hm"}).content.decode()
    assert "50 % off the next 3 periods." in offered
    running.refresh_from_db()
    assert running.state == "active"
    answer = client.post(address, {"reason": "price", "words": "Hm", "confirm": "1"})
    running.refresh_from_db()
    assert (answer.status_code, running.state, running.cancel_reason) == (302, "cancelled", "price")
    assert "Let it go on" in page(client)
    client.post(f"{HERE}/membership/{running.pk}/resumption/")
    running.refresh_from_db()
    assert running.state == "active"


def test_staying_costs_less(running: Subscription, clock: Any) -> None:
    RetentionOffer.objects.create(community=running.community, percent=50, periods=1)
    client = sign_in(running.user)
    client.post(f"{HERE}/membership/{running.pk}/staying/")
    assert "¥14" in page(client)
    pass_time(clock, at(2026, 3, 1))
    assert [order.total for order in running.orders.order_by("pk")] == [2800, 1400]


def test_changing_at_once_goes_to_pay_the_difference(running: Subscription, large: Offer, clock: Any) -> None:
    clock.move_to(at(2026, 2, 14, 12))
    client = sign_in(running.user)
    assert "¥76" in page(client, f"/membership/{running.pk}/change/")
    answer = client.post(
        f"{HERE}/membership/{running.pk}/change/", {"to": f"{large.pk}-now", "provider": "sandbox"}
    )
    order = Order.objects.latest("pk")
    assert answer.headers["Location"].startswith(f"{HERE}/sandbox/")
    assert (order.kind, order.total, order.return_to) == ("change", 7600, f"{HERE}/membership/")


def test_changing_for_the_next_period_costs_nothing_now(running: Subscription, large: Offer) -> None:
    client = sign_in(running.user)
    client.post(f"{HERE}/membership/{running.pk}/change/", {"to": f"{large.pk}-end"})
    running.refresh_from_db()
    assert (running.next_offer, Order.objects.count()) == (large, 1)
    text = page(client)
    assert "The next period is Large." in text and "¥90" in text
    client.post(f"{HERE}/membership/{running.pk}/change/undoing/")
    running.refresh_from_db()
    assert running.next_offer is None


@pytest.mark.parametrize("to", ["", "x", "0-now", "999999-end", "-now", "1", "1-never"])
def test_one_can_only_change_to_what_is_listed(running: Subscription, large: Offer, to: str) -> None:
    answer = sign_in(running.user).post(f"{HERE}/membership/{running.pk}/change/", {"to": to})
    assert (answer.status_code, Order.objects.count()) == (422, 1)


def test_what_is_due_is_paid_on_the_portal(running: Subscription, clock: Any) -> None:
    by_hand(running)
    pass_time(clock, at(2026, 3, 1))
    client = sign_in(running.user)
    assert "A payment is due" in page(client)
    assert "¥28" in page(client, f"/membership/{running.pk}/payment/")
    answer = client.post(f"{HERE}/membership/{running.pk}/payment/", {"provider": "sandbox"})
    assert answer.headers["Location"].startswith(f"{HERE}/sandbox/")
    assert Order.objects.latest("pk").return_to == f"{HERE}/membership/"


def test_a_term_bought_in_advance_can_be_changed_too(
    clock: Any, visitor: User, monthly: Offer, large: Offer, paid_at_the_sandbox: Pay
) -> None:
    order = paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox"))
    client = sign_in(visitor)
    assert "Bought in advance" in page(client)
    assert "¥60" in page(client, f"/orders/{order.number}/change/")
    answer = client.post(f"{HERE}/orders/{order.number}/change/", {"to": f"{large.pk}-now"})
    assert (answer.status_code, Order.objects.latest("pk").total) == (302, 6000)


def test_others_see_nothing_of_it(running: Subscription, owner: User, stranger: User) -> None:
    for user in (owner, stranger):
        client = sign_in(user)
        for name in ("change", "cancellation", "payment"):
            assert client.get(f"{HERE}/membership/{running.pk}/{name}/").status_code == 404
        for name in ("cancellation", "resumption", "staying", "payment", "change/undoing"):
            assert client.post(f"{HERE}/membership/{running.pk}/{name}/").status_code == 404
        order = running.orders.get()
        assert client.get(f"{HERE}/orders/{order.number}/change/").status_code == 404
    assert "Small" not in page(sign_in(owner)).split("<main")[1]


def test_the_team_sees_states_failures_and_reasons(
    running: Subscription, clock: Any, owner: User, visitor: User
) -> None:
    client = sign_in(owner)
    assert "Vera" in page(client, "/manage/subscriptions/") or "vera" in page(
        client, "/manage/subscriptions/"
    )
    decline(running)
    pass_time(clock, at(2026, 3, 1))
    assert "vera" in page(client, "/manage/subscriptions/?state=failed")
    cancel(viewer=viewer_of(visitor), subscription=running, reason="quality", words="Too thin")
    text = page(client, "/manage/subscriptions/")
    assert "The quality disappointed me" in text and "Too thin" in text
    assert "No subscription matches" in page(client, "/manage/subscriptions/?state=active")
    assert sign_in(visitor).get(f"{HERE}/manage/subscriptions/").status_code == 404


def test_the_team_says_what_is_offered_to_stay(owner: User, visitor: User, running: Subscription) -> None:
    terms = {"percent": 20, "periods": 2, "win_back_percent": 40, "win_back_periods": 3}
    address = f"{HERE}/manage/subscriptions/retention/"
    assert sign_in(visitor).post(address, terms).status_code == 404
    assert sign_in(owner).post(address, terms).status_code == 302
    assert sign_in(owner).post(address, {**terms, "percent": 101}).status_code == 422
    assert RetentionOffer.objects.values_list("percent", "periods", "win_back_percent").get() == (20, 2, 40)


def test_the_teams_list_asks_the_database_no_more_for_thirty_rows(running: Subscription, owner: User) -> None:
    from tests.cast import let_in, person

    client = sign_in(owner)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(client, "/manage/subscriptions/")
        return len(queries)

    asked()
    one = asked()
    for number in range(29):
        running.pk, running.user = None, let_in(running.community, person(f"p{number}"))
        running.save(force_insert=True)
    assert asked() == one
