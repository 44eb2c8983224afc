"""Gifts, redeem codes, gift cards and seats, as people meet them, in both languages."""

import csv
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from paideia.access.models import Plan
from paideia.access.viewer import look
from paideia.accounts.models import User
from paideia.commerce.actions.cards import give_card
from paideia.commerce.actions.redeeming import make_batch
from paideia.commerce.jobs.presents import deliver_gift
from paideia.commerce.models import Gift, Offer, Order, RedeemCode, Seat, SeatBand, SeatPool
from tests.cast import let_in, person
from tests.journeys.place import Place
from tests.journeys.site import NEEDS_BROWSER, Visit
from tests.journeys.steps import button, fill_in_who_one_is, link, pay_in_the_sandbox, say

pytestmark = [*NEEDS_BROWSER, pytest.mark.xdist_group("journeys")]
LANGUAGES = ["zh-hans", "en"]


@pytest.fixture
def offer(place: Place) -> Offer:
    """A month of reading, sold for ¥30."""
    made, fresh = Offer.objects.get_or_create(
        community=place.community, name="A month", price=3000, currency="CNY", term="month"
    )
    if fresh:
        made.plans.add(Plan.objects.create(community=place.community, key="month", name="A month of reading"))
    return made


@pytest.fixture
def seats(place: Place, offer: Offer) -> Offer:
    made, fresh = Offer.objects.get_or_create(
        community=place.community, name="Seats", price=2000, currency="CNY", term="year", is_for_seats=True
    )
    if fresh:
        made.plans.set(offer.plans.all())
        SeatBand.objects.create(offer=made, seats_min=3, price=1500)
    return made


def checkout(place: Place, offer: Offer, query: str = "") -> str:
    return f"{place.root}offers/{offer.pk}/checkout/{query}"


def buyer(place: Place, name: str, language: str) -> User:
    return let_in(place.community, person(f"{name}-{language[:2]}"))


def holds(user: User, offer: Offer) -> bool:
    plans = set(offer.plans.values_list("pk", flat=True))
    return plans <= set(look(offer.community, user).plans)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_gift_is_bought_mailed_and_opened_by_a_new_person(
    place: Place, offer: Offer, visiting: Callable[..., Any], language: str
) -> None:
    giver = buyer(place, "giver", language)
    with visiting(language=language, user=giver) as here:
        here.page.goto(checkout(place, offer))
        assert not here.page.locator("[name=recipient_email]").is_visible()
        here.page.get_by_label(say(here, "This is a gift")).check()
        here.page.locator("[name=recipient_name]").fill("Nan")
        here.page.locator("[name=recipient_email]").fill(f"nan-{language[:2]}@example.org")
        here.page.locator("[name=message]").fill("Read this <b>slowly</b>")
        pay_in_the_sandbox(here)
        here.page.get_by_text(say(here, "The gift"), exact=True).wait_for()
    gift = Gift.objects.get(order__buyer=giver)
    mail.outbox.clear()
    deliver_gift(gift.pk)  # as the worker does
    assert [one.to for one in mail.outbox] == [[f"nan-{language[:2]}@example.org"]]
    with visiting(language=language) as here:
        here.page.goto(f"{place.root}gifts/{gift.token}/")
        assert here.page.get_by_text("Read this <b>slowly</b>").is_visible()
        fill_in_who_one_is(here, f"nan-{language[:2]}")
        button(here, "Open the present").click()
        here.page.wait_for_url(f"**{place.root}")
    assert holds(User.objects.get(handle=f"nan-{language[:2]}"), offer)
    assert not holds(giver, offer)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_is_redeemed_by_hand(
    place: Place, offer: Offer, visiting: Callable[..., Any], language: str
) -> None:
    batch = make_batch(viewer=place.viewer("owner"), offer=offer, name=f"Fair {language}", size=2)
    code = RedeemCode.objects.filter(batch=batch).earliest("pk").code
    reader = buyer(place, "redeemer", language)
    with visiting(language=language, user=reader) as here:
        here.page.goto(f"{place.root}redeem/")
        here.page.locator("[name=code]").fill("AAAA-AAAA-AAAA-AAAA")
        button(here, "Redeem").click()
        here.page.get_by_text(say(here, "There is no such code. Check each letter.")).wait_for()
        here.page.locator("[name=code]").fill(code.lower().replace("-", " "))
        button(here, "Redeem").click()
        here.page.wait_for_url(f"**{place.root}")
    assert holds(reader, offer)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_gift_card_pays_for_a_part_without_any_script(
    place: Place, offer: Offer, visiting: Callable[..., Any], language: str
) -> None:
    card = give_card(viewer=place.viewer("owner"), amount=1200, currency="CNY")
    reader = buyer(place, "carded", language)
    with visiting(language=language, user=reader, java_script_enabled=False) as here:
        here.page.goto(f"{place.root}redeem/?code={card.code}")
        button(here, "Redeem").click()
        here.page.wait_for_url("**/pricing/")
        here.page.goto(checkout(place, offer))
        here.page.get_by_label(say(here, "Use my credit")).check()
        button(here, "Reckon again").click()
        button(here, "Pay %(price)s", price="¥18").wait_for()
        pay_in_the_sandbox(here)
        here.page.wait_for_url("**/orders/**")
    order = Order.objects.get(buyer=reader)
    assert (order.total, order.credit, order.state) == (1800, 1200, "paid")
    assert holds(reader, offer)


@pytest.mark.parametrize("language", LANGUAGES)
def test_seats_are_bought_given_taken_and_taken_back(
    place: Place, seats: Offer, visiting: Callable[..., Any], language: str
) -> None:
    manager, learner = (buyer(place, name, language) for name in ("manager", "pupil"))
    with visiting(language=language, user=manager) as here:
        here.page.goto(checkout(place, seats))
        here.page.locator("[name=quantity]").fill("4")
        button(here, "Pay %(price)s", price="¥60").wait_for()  # reckoned while one types: the band is reached
        here.page.locator("[name=pool_name]").fill(f"Class {language}")
        pay_in_the_sandbox(here)
        link(here, "Give the seats out").click()
        here.page.locator("[name=addresses]").fill(f"{learner.email}, other@example.org")
        button(here, "Invite").click()
        here.page.get_by_text("other@example.org").wait_for()
        seat = Seat.objects.get(pool__manager=manager, email=learner.email)
        with visiting(language=language, user=learner) as there:
            there.page.goto(f"{place.root}seats/take/{seat.token}/")
            button(there, "Take the seat").click()
            there.page.wait_for_url(f"**{place.root}")
        assert holds(learner, seats)
        _read_the_report(here, place, learner)
        _take_back(here, seat)
    assert not holds(learner, seats)
    assert SeatPool.objects.get(manager=manager).seats.filter(reclaimed_at=None).count() == 1


def _read_the_report(here: Visit, place: Place, learner: User) -> None:
    """Found by the menu, as a table on the page and as a file."""
    here.page.goto(place.root)
    here.page.locator(".account-menu summary").click()
    link(here, "My seats").click()
    here.page.locator("main li.row a").first.click()
    assert (
        here.page.locator("tr", has_text=learner.email)
        .get_by_text(learner.shown_name, exact=True)
        .is_visible()
    )
    with here.page.expect_download() as waiting:
        here.page.locator("a[href$='/report/']").click()
    with open(waiting.value.path(), encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows[1:]] == [learner.email, "other@example.org"]


def _take_back(here: Visit, seat: Seat) -> None:
    here.page.reload()
    here.page.once("dialog", lambda asked: asked.accept())
    here.page.locator("tr", has_text=seat.email).get_by_role(
        "button", name=say(here, "Take back"), exact=True
    ).click()
    here.page.get_by_text(say(here, "The seat is free to be given again.")).wait_for()
