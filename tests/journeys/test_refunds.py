"""A member's money goes back, in part and then whole: what the operator sees before, and the member after."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from paideia.access.models import Grant
from paideia.activity.readers import run_once
from paideia.commerce.actions import send_refund
from paideia.commerce.actions.sending import refunds_due
from paideia.commerce.models import Order
from paideia.ledger.queries import audit
from tests.cast import let_in, person
from tests.journeys.place import Place
from tests.journeys.site import NEEDS_BROWSER, Visit
from tests.journeys.steps import button, link, pay_in_the_sandbox, say

pytestmark = [*NEEDS_BROWSER, pytest.mark.xdist_group("journeys")]
LANGUAGES = ["zh-hans", "en"]
PAID_LINE = "The first paid line."


def article(place: Place) -> str:
    return f"{place.root}articles/{place.rows['article'].pk}/"


def refund_a_part(here: Visit, place: Place, handle: str) -> None:
    """From the list of orders, by the dialog, which says what becomes of access before anything is agreed."""
    here.page.goto(f"{place.root}manage/orders/?q={handle}")
    here.page.locator("#order-rows li.row").first.locator("a.stretched").click()
    link(here, "Refund").click()
    dialog = here.page.get_by_role("dialog")
    dialog.locator("[name=amount]").fill("10")
    dialog.get_by_text(say(here, "%(amount)s goes back the way it was paid.", amount="¥10")).wait_for()
    before = dialog.locator("#refund-effects").inner_text()
    assert "Full Plain" in before
    dialog.locator("[name=reason]").fill("A week was missing")
    dialog.get_by_role("button", name=say(here, "Refund"), exact=True).click()
    here.page.wait_for_url("**/orders/*/")
    here.page.locator("main").get_by_text(say(here, "Partly refunded")).first.wait_for()
    here.page.get_by_text("A week was missing").wait_for()


def refund_the_rest(here: Visit, place: Place, order: Order) -> None:
    """The same page without any script: look first, then agree."""
    here.page.goto(f"{place.root}orders/{order.number}/")
    link(here, "Refund").click()
    assert here.page.locator("[name=amount]").input_value() == "20.00"
    button(here, "Show what happens").click()
    here.page.get_by_text(say(here, "%(plan)s ends now.", plan="Full Plain")).wait_for()
    here.page.locator("[name=reason]").fill("Asked for")
    button(here, "Refund").click()
    here.page.wait_for_url("**/orders/*/")


def hear() -> None:
    """As the workers do: the refunds leave, and the readers hear of them."""
    for pk in refunds_due():
        send_refund(pk)
    with transaction.atomic():  # so that the readers wait for no test in another database of the server
        run_once()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_is_refunded_in_part_and_then_whole(
    place: Place, visiting: Callable[..., Any], language: str
) -> None:
    handle = f"back-{language[:2]}"
    buyer = let_in(place.community, person(handle))
    with visiting(language=language, user=buyer) as here:
        here.page.goto(f"{place.root}offers/{place.rows['offer'].pk}/checkout/?next={article(place)}")
        pay_in_the_sandbox(here)
        here.page.get_by_text(PAID_LINE).wait_for()
    order = Order.objects.get(buyer=buyer)
    ends_at = Grant.objects.get(user=buyer).ends_at
    with visiting(language=language, user=place.people["owner"]) as here:
        refund_a_part(here, place, handle)
    hear()
    shorter = Grant.objects.get(user=buyer).ends_at
    assert ends_at is not None and shorter is not None and shorter < ends_at
    with visiting(language=language, user=buyer) as here:
        here.page.goto(f"{place.root}orders/{order.number}/")
        went_back = "%(amount)s went back to you. It can take your bank some days to show it."
        here.page.get_by_text(say(here, went_back, amount="¥10")).wait_for()
        here.page.goto(article(place))
        here.page.get_by_text(PAID_LINE).wait_for()
    with visiting(language=language, user=place.people["owner"], java_script_enabled=False) as here:
        refund_the_rest(here, place, order)
    hear()
    with visiting(language=language, user=buyer) as here:
        here.page.goto(f"{place.root}orders/{order.number}/")
        here.page.locator("main").get_by_text(say(here, "Refunded"), exact=True).first.wait_for()
        here.page.goto(article(place))
        link(here, "Get access").first.wait_for()
        assert PAID_LINE not in here.page.content()
    order.refresh_from_db()
    assert (order.state, order.refunded) == ("refunded", order.total)
    assert audit(place.community) == []
