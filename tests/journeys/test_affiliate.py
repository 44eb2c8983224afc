"""A partner's link brings a buyer, and the partner is paid: in both languages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from paideia.access.viewer import look
from paideia.activity.readers import run_once
from paideia.commerce.models import Order
from paideia.ledger.queries import audit, balance
from paideia.partners.actions import become_affiliate, release_commissions
from paideia.partners.models import Affiliate, Attribution, Payout, Programme
from tests.cast import let_in, person
from tests.journeys.place import Place
from tests.journeys.site import NEEDS_BROWSER, Visit
from tests.journeys.steps import button, fill_in_who_one_is, link, pay_in_the_sandbox, say

pytestmark = [*NEEDS_BROWSER, pytest.mark.xdist_group("journeys")]


def take_part(here: Visit, place: Place) -> str:
    """Become a partner, and read one's link off the page."""
    here.page.goto(f"{place.root}earnings/")
    link(here, "Take part").click()
    button(here, "Take part").click()
    return str(here.page.locator("main a[href*='?ref=']").first.get_attribute("href"))


def buy_by_the_link(here: Visit, place: Place, address: str, handle: str) -> None:
    """A stranger follows the link, signs up in the checkout and pays."""
    here.page.goto(place.root + address[address.index("?") :])
    here.page.goto(f"{place.root}offers/{place.rows['offer'].pk}/checkout/")
    fill_in_who_one_is(here, handle)
    pay_in_the_sandbox(here)
    here.page.wait_for_url(lambda url: "sandbox" not in url)


def buy_by_what_the_browser_remembers(here: Visit, place: Place, code: str, handle: str) -> None:
    """A stranger agrees to be remembered, comes back in a new session, signs up in the checkout and pays."""
    here.page.goto(f"{place.root}r/{code}/")
    here.page.locator("[name=remember]").check()
    button(here, "Go on").click()
    here.page.wait_for_url(f"**{place.root}")
    here.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    here.page.goto(f"{place.root}offers/{place.rows['offer'].pk}/checkout/")
    fill_in_who_one_is(here, handle)
    pay_in_the_sandbox(here)
    here.page.wait_for_url(lambda url: "sandbox" not in url)


def refund(here: Visit, place: Place, order: Order) -> None:
    here.page.goto(f"{place.root}manage/orders/{order.number}/refund/")
    here.page.locator("[name=reason]").fill("Not what they hoped for")
    button(here, "Refund").click()
    here.page.wait_for_url(f"**{place.root}orders/{order.number}/")


def own_page_says(here: Visit, place: Place, state: str, amount: str) -> None:
    """The newest commission on the partner's own page."""
    here.page.goto(f"{place.root}partner/")
    row = here.page.locator("main li.row").first
    row.get_by_text(say(here, state), exact=True).wait_for()
    assert row.locator(".price").inner_text() == amount


def hear() -> None:
    with transaction.atomic():  # so that the readers wait for no test in another database of the server
        run_once()


def ask_to_be_paid(here: Visit, place: Place) -> None:
    here.page.goto(f"{place.root}earnings/")
    here.page.locator("[name=amount]").fill("6")
    here.page.locator("[name=holder]").fill("Pia")
    here.page.locator("[name=account]").fill("6222020200112233445")
    here.page.locator("[name=bank]").fill("Bank")
    button(here, "Ask to be paid").click()
    here.page.get_by_text("•••• 3445").wait_for()


def pay(here: Visit, place: Place, name: str) -> None:
    """The team approves and pays."""
    here.page.goto(f"{place.root}manage/payouts/")
    row = here.page.locator("li.row", has_text=name)
    row.locator("form[action*=approval] button").click()
    here.page.goto(f"{place.root}manage/payouts/?state=approved")
    row = here.page.locator("li.row", has_text=name)
    row.locator("summary").first.click()
    row.locator("[name=reference]").fill("T-2026-1")
    row.locator("form[action*=payment] button").click()
    here.page.wait_for_url("**/manage/payouts/")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_link_brings_a_buyer_and_the_partner_is_paid(
    place: Place, visiting: Callable[..., Any], language: str
) -> None:
    Programme.objects.update_or_create(
        community=place.community,
        defaults={"is_open": True, "joining": "everybody", "rate_first": 2000, "hold_days": 7},
    )
    tag = language[:2]
    partner = let_in(place.community, person(f"pia-{tag}", name=f"Pia {tag}"))
    with visiting(language=language, user=partner) as here:
        address = take_part(here, place)
    with visiting(language=language) as here:
        buy_by_the_link(here, place, address, f"bo-{tag}")
    hear()
    affiliate = Affiliate.objects.get(user=partner)
    assert Attribution.objects.get(user__handle=f"bo-{tag}").affiliate == affiliate
    assert balance(place.community, f"user:{partner.pk}", "commission_held", "CNY") == 600
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        release_commissions()
    with visiting(language=language, user=partner) as here:
        ask_to_be_paid(here, place)
    with visiting(language=language, user=place.people["owner"]) as here:
        pay(here, place, f"Pia {tag}")
    assert Payout.objects.get(user=partner).state == "paid"
    assert balance(place.community, f"user:{partner.pk}", "earnings", "CNY") == 0
    assert audit(place.community) == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_commission_is_held_and_taken_back_with_the_refund(
    place: Place, visiting: Callable[..., Any], language: str
) -> None:
    Programme.objects.update_or_create(
        community=place.community,
        defaults={"is_open": True, "joining": "everybody", "rate_first": 2000, "hold_days": 7},
    )
    tag = language[:2]
    partner = let_in(place.community, person(f"pat-{tag}"))
    code = become_affiliate(viewer=look(place.community, partner)).code
    with visiting(language=language) as here:
        buy_by_what_the_browser_remembers(here, place, code, f"kim-{tag}")
    hear()
    with visiting(language=language, user=partner) as own:
        own_page_says(own, place, "Held", "¥6")
        with visiting(language=language, user=place.people["owner"]) as here:
            refund(here, place, Order.objects.get(buyer__handle=f"kim-{tag}"))
        hear()
        own_page_says(own, place, "Refunded", "¥0")
    assert balance(place.community, f"user:{partner.pk}", "commission_held", "CNY") == 0
    assert audit(place.community) == []
