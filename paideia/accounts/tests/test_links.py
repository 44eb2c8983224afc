"""Links in mails: looking consumes nothing, each works once, and dies with whatever should kill it."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from paideia.accounts.models import User
from tests.cast import PASSWORD

SCANNERS = ("Mozilla/5.0 (compatible; SafeLinks)", "Barracuda Sentinel", "GoogleImageProxy")
NEW = "another good password"


def path_in_mail() -> str:
    return re.search(r"https?://[^/\s]+(/\S+)", mail.outbox[-1].body)[1]


def reset_link(user: User) -> str:
    Client().post("/accounts/password/reset/", {"email": user.email})
    return path_in_mail()


def confirmation_link(user: User) -> str:
    """Of another address of theirs."""
    from django.core.cache import cache

    cache.clear()  # the limit on mails is another test's
    address, _new = EmailAddress.objects.get_or_create(user=user, email="second@example.org")
    address.send_confirmation(_request())
    return path_in_mail()


def _request():
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.community = None
    return request


def confirms(link: str) -> bool:
    Client().post(link)
    return EmailAddress.objects.get(email="second@example.org").verified


def resets(link: str) -> bool:
    """Whether the link leads to a form that changes the password."""
    browser = Client()
    answer = browser.get(link)
    if answer.status_code != 302:
        return False
    before = User.objects.get(handle="mira").password
    browser.post(answer.url, {"password1": NEW})
    return User.objects.get(handle="mira").password != before


@pytest.fixture(autouse=True)
def _request_context(member):
    from allauth.core import context

    with context.request_context(_request()):
        yield


def test_a_confirmation_link_confirms(member):
    assert confirms(confirmation_link(member))


def test_scanners_that_follow_links_consume_nothing(member):
    (confirmation,) = [confirmation_link(member)]
    for agent in SCANNERS:
        for method in ("get", "head"):
            getattr(Client(), method)(confirmation, HTTP_USER_AGENT=agent)
    assert not EmailAddress.objects.get(email="second@example.org").verified
    assert confirms(confirmation)
    reset = reset_link(member)
    for agent in SCANNERS:
        for method in ("get", "head"):
            getattr(Client(), method)(reset, HTTP_USER_AGENT=agent)
    assert resets(reset)


def test_looking_at_anothers_link_signs_nobody_out(member, visitor, sign_in):
    here = sign_in(visitor)
    here.get(confirmation_link(member))
    assert here.get("/settings/").status_code == 200


def test_a_link_works_once(member):
    link = confirmation_link(member)
    assert confirms(link)
    EmailAddress.objects.filter(email="second@example.org").update(verified=True)
    assert "This link is no longer valid" in Client(HTTP_ACCEPT_LANGUAGE="en").get(link).text
    reset = reset_link(member)
    assert [resets(reset), resets(reset)] == [True, False]


@pytest.mark.parametrize("works", [confirms, resets])
def test_a_link_is_dead_after_an_hour(member, works):
    with time_machine.travel(-timedelta(minutes=61), tick=True):
        link = confirmation_link(member) if works is confirms else reset_link(member)
    assert not works(link)
    with time_machine.travel(-timedelta(minutes=55), tick=True):
        link = confirmation_link(member) if works is confirms else reset_link(member)
    assert works(link)


@pytest.mark.parametrize("works", [confirms, resets])
def test_a_newer_link_kills_the_older(member, works):
    make = confirmation_link if works is confirms else reset_link
    old, new = make(member), make(member)
    assert [works(old), works(new)] == [False, True]


@pytest.mark.parametrize("works", [confirms, resets])
def test_a_new_password_kills_links(member, works):
    link = (confirmation_link if works is confirms else reset_link)(member)
    member.refresh_from_db()
    member.set_password(NEW)
    member.save()
    assert not works(link)


@pytest.mark.parametrize("works", [confirms, resets])
def test_a_new_address_kills_links(member, works):
    link = (confirmation_link if works is confirms else reset_link)(member)
    User.objects.filter(pk=member.pk).update(email="moved@example.org")
    EmailAddress.objects.filter(user=member, primary=True).update(email="moved@example.org")
    assert not works(link)


def test_a_reset_link_does_not_stay_in_the_address(member):
    link = reset_link(member)
    answer = Client().get(link)
    assert link.rstrip("/").split("-")[-1] not in answer.url


@pytest.mark.parametrize("key", ["x", "x:y:z", "WzEsMl0:1abc:def", "A" * 3000])
def test_a_made_up_key_confirms_nothing(client, member, key):
    assert client.post(f"/accounts/confirm-email/{key}/").status_code == 200
    assert EmailAddress.objects.filter(verified=False).count() == 0


def test_the_old_password_no_longer_signs_in_after_a_reset(client, member):
    assert resets(reset_link(member))
    client.post("/accounts/login/", {"login": "mira", "password": PASSWORD})
    assert client.get("/settings/").status_code == 302
