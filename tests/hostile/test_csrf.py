"""Nothing is written for another site: every unsafe route refuses a request without this session's own token."""

import json
import re
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from tests.hostile.tables import changed, contents
from tests.journeys.addresses import COMMUNITY, PLATFORM, addresses, platform_addresses, routes
from tests.journeys.place import Place, furnish

pytestmark = pytest.mark.django_db
METHODS = ("post", "put", "patch", "delete")
# Whoever calls these has no cookie of ours. The provider's signature over the body is what lets it in, and a
# notification that is not signed writes nothing (below).
EXEMPT = {"provider_notifications"}


def enforcing(place: Place) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(place.people["owner"])
    return client


def everywhere(place: Place) -> list[tuple[str, str]]:
    return [*addresses(place), *platform_addresses()]


def token_of(client: Client, place: Place) -> str:
    """The token that this session's pages carry."""
    page = client.get(f"{place.root}settings/").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found is not None
    return found[1]


def refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """In the place of the page that says so, which takes its time a thousand times."""
    return HttpResponse(status=403)


def let_through(client: Client, place: Place, methods: tuple[str, ...] = ("post",), **how: Any) -> list[str]:
    """The routes that did not refuse such a request."""
    found = []
    for name, path in everywhere(place):
        for method in methods:
            answer = getattr(client, method)(path, **how)
            if answer.status_code != 403 and name not in EXEMPT:
                found.append(f"{method} {path}: {answer.status_code}")
    return found


def test_only_a_provider_may_come_without_a_token():
    exempt = {
        name
        for urlconf in (COMMUNITY, PLATFORM)
        for name, (_written, view) in routes(urlconf).items()
        if getattr(view, "csrf_exempt", False)
    }
    assert exempt == EXEMPT


def test_a_request_of_another_site_is_refused_everywhere_and_writes_nothing(settings):
    settings.CSRF_FAILURE_VIEW = f"{__name__}.refused"
    place = furnish("agora")
    foreign = token_of(enforcing(place), place)
    client = enforcing(place)
    form = {"name": "taken over", "source": "taken over", "kind": "up"}
    told = json.dumps({**form, "csrfmiddlewaretoken": foreign})
    before = contents()
    assert let_through(client, place, METHODS, data=form) == []
    assert let_through(client, place, data={**form, "csrfmiddlewaretoken": foreign}) == []
    assert let_through(client, place, data=told, content_type="text/plain") == []
    assert let_through(client, place, data=form, headers={"Origin": "null"}) == []
    assert changed(before) == []


def test_the_right_token_from_the_wrong_origin_is_refused():
    place = furnish("agora")
    client = enforcing(place)
    token = token_of(client, place)
    path, before = f"{place.root}settings/preferences/", contents()
    for origin in ("null", "https://evil.test", "http://testserver.evil.test", "http://sub.testserver"):
        answer = client.post(
            path, {"csrfmiddlewaretoken": token, "theme": "dark"}, headers={"Origin": origin}
        )
        assert answer.status_code == 403, origin
    assert changed(before) == []


def test_the_right_token_is_let_through():
    """The control: the same request with what it takes."""
    place = furnish("agora")
    client = enforcing(place)
    data = {"csrfmiddlewaretoken": token_of(client, place), "theme": "dark"}
    assert client.post(f"{place.root}theme-choice/", data).status_code == 204
    place.people["owner"].refresh_from_db()
    assert place.people["owner"].theme == "dark"


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "sha256=00"])
def test_a_notification_that_no_provider_signed_writes_nothing(signature):
    place = furnish("agora")
    order = place.rows["waiting"]
    body = json.dumps({"order": order.number, "amount": order.total, "state": "paid", "currency": "CNY"})
    before = contents()
    answer = Client(enforce_csrf_checks=True).post(
        f"{place.root}providers/sandbox/notifications/",
        body,
        content_type="application/json",
        headers={"Sandbox-Signature": signature, "X-Signature": signature},
    )
    assert 400 <= answer.status_code < 500
    assert changed(before) == []
