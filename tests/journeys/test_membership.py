"""A member changes to a larger plan, and another leaves after an offer to stay."""

from collections.abc import Callable
from typing import Any

import pytest

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.commerce.models import Offer, RetentionOffer, Subscription
from tests.cast import let_in, person
from tests.journeys.place import Place
from tests.journeys.site import NEEDS_BROWSER, Visit
from tests.journeys.steps import button, link, pay_in_the_sandbox

pytestmark = [*NEEDS_BROWSER, pytest.mark.xdist_group("journeys")]
LANGUAGES = ["zh-hans", "en"]


def offer_of(place: Place, name: str, price: int) -> Offer:
    """An offer of a plan of its own that renews by the month, once for each place."""
    plan, _made = Plan.objects.get_or_create(
        community=place.community, key=name.lower(), defaults={"name": name}
    )
    offer, _made = Offer.objects.get_or_create(
        community=place.community,
        name=name,
        defaults={"price": price, "currency": "CNY", "term": "month", "renewal": "automatic"},
    )
    offer.plans.set([plan])
    return offer


def member_called(place: Place, handle: str) -> User:
    return let_in(place.community, person(handle))


def subscribe(here: Visit, place: Place, offer: Offer) -> None:
    here.page.goto(f"{place.root}offers/{offer.pk}/checkout/?next={place.root}membership/")
    pay_in_the_sandbox(here)
    here.page.wait_for_url("**/membership/")


def subscription_of(user: User) -> Subscription:
    return Subscription.objects.select_related("offer").get(user=user)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_member_changes_to_a_larger_plan(place: Place, visiting: Callable[..., Any], language: str) -> None:
    small, large = offer_of(place, "Reading", 3000), offer_of(place, "Reading and talking", 9000)
    user = member_called(place, f"up-{language[:2]}")
    with visiting(language=language, user=user) as here:
        subscribe(here, place, small)
        link(here, "Change plan").click()
        here.page.locator(f"input[value='{large.pk}-now']").check(force=True)
        button(here, "Change").click()
        here.page.wait_for_url("**/sandbox/**")
        button(here, "Go on").click()
        here.page.wait_for_url("**/membership/")
        here.page.locator(".card", has_text="Reading and talking").first.wait_for()
    row = subscription_of(user)
    assert (row.offer, row.state, row.period) == (large, "active", 2)


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_member_leaves_after_an_offer_to_stay(
    place: Place, visiting: Callable[..., Any], language: str, scripts: bool
) -> None:
    RetentionOffer.objects.update_or_create(community=place.community, defaults={"percent": 30, "periods": 2})
    offer = offer_of(place, "Reading", 3000)
    user = member_called(place, f"out-{language[:2]}-{int(scripts)}")
    width = {"viewport": {"width": 360, "height": 780}}
    with visiting(language=language, user=user, java_script_enabled=scripts, **width) as here:
        subscribe(here, place, offer)
        link(here, "Cancel").click()
        here.page.locator("input[value=price]").check(force=True)
        button(here, "Go on").click()
        button(here, "Stay for less").wait_for()
        button(here, "Cancel it").click()
        here.page.wait_for_url("**/membership/")
        button(here, "Let it go on").wait_for()
        assert subscription_of(user).state == "cancelled"
        button(here, "Let it go on").click()
        link(here, "Cancel").click()
        here.page.locator("input[value=time]").check(force=True)
        button(here, "Go on").click()
        button(here, "Stay for less").click()
        here.page.wait_for_url("**/membership/")
        here.page.get_by_text("¥21").first.wait_for()
    row = subscription_of(user)
    assert (row.state, row.discount_percent, row.discount_periods) == ("active", 30, 2)
