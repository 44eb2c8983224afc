"""Every page, as a stranger, a member and an operator, in light and dark, on a phone and on a desk: nothing serious
for axe, nothing wider than the screen, no error and nothing that the security policy refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.journeys.addresses import COMMUNITY, addresses, routes
from tests.journeys.place import Place
from tests.journeys.site import AXE, NEEDS_BROWSER, Visit

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.xdist_group("journeys"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci"),
]
VIEWERS = {"stranger": None, "member": "member", "operator": "owner"}
PHONE, DESK = {"width": 360, "height": 800}, {"width": 1280, "height": 900}
SERIOUS = """async (only) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const found = await axe.run(document, {resultTypes: ['violations'],
    ...(only ? {runOnly: only} : {})});
  return found.violations.filter((each) => ['serious', 'critical'].includes(each.impact))
    .flatMap((each) => each.nodes.map((node) => each.id + ': ' + node.html.slice(0, 200)));
}"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def pages(place: Place, viewer: str) -> list[str]:
    """The addresses that answer this person with a whole page."""
    client = Client()
    if name := VIEWERS[viewer]:
        client.force_login(place.people[name])
    found = []
    for _name, path in addresses(place):
        answer = client.get(path)
        is_page = answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
        if is_page and b"<main" in (b"" if answer.streaming else answer.content):
            found.append(path)
    return found


def faults(here: Visit, path: str) -> list[str]:
    """What is wrong with a page: in the light everything, in the dark the colours."""
    found: list[str] = []
    for scheme, only in (("light", None), ("dark", ["color-contrast"])):
        here.page.emulate_media(color_scheme=scheme)
        here.page.set_viewport_size(DESK)
        here.page.goto(path, wait_until="load")
        here.page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
        for size in (DESK, PHONE):
            here.page.set_viewport_size(size)
            found += [f"{scheme} {size['width']} {each}" for each in here.page.evaluate(SERIOUS, only)]
            if wider := here.page.evaluate(WIDER):
                found.append(f"{scheme}: {wider} px wider than {size['width']}")
    return found


# What cannot be met here: ways of paying that this installation does not have, and addresses that only take.
ABSENT = {
    "alipay_payment",
    "wechat_payment",
    "transfer_payment",
    "transfer_slip",
    "fapiao_file",
    "order_change",
}


def test_every_page_about_money_is_met_with_a_row_of_its_own(place: Place) -> None:
    rooms = ("paideia.commerce.", "paideia.partners.", "paideia.books.")
    about = {name for name, (_path, view) in routes(COMMUNITY).items() if view.__module__.startswith(rooms)}
    missed = set(about)
    for name in ("member", "owner"):
        client = Client()
        client.force_login(place.people[name])
        met = {route for route, path in addresses(place) if client.get(path).status_code not in (404, 410)}
        missed -= met
    assert missed == ABSENT


@pytest.mark.parametrize("viewer", VIEWERS)
def test_no_page_has_anything_serious(place: Place, visiting: Callable[..., Any], viewer: str) -> None:
    name = VIEWERS[viewer]
    wrong: dict[str, list[str]] = {}
    seen = pages(place, viewer)
    if viewer == "operator":  # their own pages, and those of works, where they see more
        shared = set(pages(place, "member"))
        seen = [path for path in seen if path not in shared or path.split("/")[-2].isdigit()]
    with visiting(user=place.people[name] if name else None) as here:
        for path in seen:
            if found := faults(here, path):
                wrong[path] = found
    assert wrong == {}
