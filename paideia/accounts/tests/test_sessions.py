"""Signing in and out: sessions, limits, second steps."""

from urllib.parse import urlencode

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client

from paideia.accounts.models import User
from tests.cast import PASSWORD

NEW = "another good password"


def sign_in_by_form(login: str, password: str = PASSWORD, **extra) -> Client:
    browser = Client(HTTP_ACCEPT_LANGUAGE="en")
    browser.answer = browser.post("/accounts/login/", {"login": login, "password": password}, **extra)
    return browser


def proven(browser: Client) -> Client:
    """Asked again for the password, as before anything sensitive."""
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/settings/").status_code == 200


@pytest.mark.parametrize("login", ["mira", "MIRA", "@mira", "mira@example.org", "MIRA@Example.org", " mira "])
def test_one_signs_in_by_handle_or_address(member, login):
    assert is_in(sign_in_by_form(login))


@pytest.mark.parametrize("login", ["mira", "mira@example.org", "nobody", "nobody@example.org"])
def test_a_wrong_password_says_the_same_whether_the_name_is_known(member, login):
    text = sign_in_by_form(login, "wrong password", HTTP_ACCEPT_LANGUAGE="en").answer.text
    assert "The name or the password is not right." in text


def test_each_sign_in_has_a_session_of_its_own(member):
    browser = Client()
    browser.get("/accounts/login/")
    before = browser.session.session_key
    browser.post("/accounts/login/", {"login": "mira", "password": PASSWORD})
    assert browser.session.session_key != before


def test_sessions_can_be_listed_and_ended(member):
    here, there = sign_in_by_form("mira"), sign_in_by_form("mira", HTTP_USER_AGENT="Old phone")
    assert "Old phone" in here.get("/accounts/sessions/").text
    from allauth.usersessions.models import UserSession

    old = UserSession.objects.get(user_agent="Old phone")
    here.post(f"/accounts/sessions/{old.pk}/")
    assert [is_in(here), is_in(there)] == [True, False]


def test_nobody_ends_the_session_of_another(member, visitor):
    from allauth.usersessions.models import UserSession

    there, here = sign_in_by_form("vera"), sign_in_by_form("mira")
    theirs = UserSession.objects.get(user=visitor)
    assert here.post(f"/accounts/sessions/{theirs.pk}/").status_code == 404
    assert is_in(there)


def test_all_others_can_be_ended_at_once(member):
    browsers = [sign_in_by_form("mira") for _each in range(3)]
    browsers[0].post("/accounts/sessions/")
    assert [is_in(browser) for browser in browsers] == [True, False, False]


def test_changing_the_password_ends_every_session(member):
    browsers = [sign_in_by_form("mira") for _each in range(3)]
    answer = browsers[0].post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW})
    assert answer.status_code == 302
    assert [is_in(browser) for browser in browsers] == [False, False, False]
    assert [is_in(sign_in_by_form("mira")), is_in(sign_in_by_form("mira", NEW))] == [False, True]
    assert mail.outbox[-1].subject == "Your password at Paideia was changed"


def test_resetting_the_password_ends_every_session(member):
    browsers = [sign_in_by_form("mira") for _each in range(2)]
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": member.email})
    link = next(word for word in mail.outbox[-1].body.split() if "/reset/key/" in word)
    form = browser.get("/" + link.split("/", 3)[3])
    browser.post(form.url, {"password1": NEW})
    assert [is_in(each) for each in browsers] == [False, False]


def test_a_closed_account_is_out_at_once(member):
    browser = sign_in_by_form("mira")
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert not is_in(browser)
    assert not is_in(sign_in_by_form("mira"))


def test_signing_out_takes_a_post(member):
    browser = sign_in_by_form("mira")
    browser.get("/accounts/logout/")
    assert is_in(browser)
    browser.post("/accounts/logout/")
    assert (is_in(browser), Session.objects.count()) == (False, 0)


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere_after_signing_in(member, away):
    answer = Client().post("/accounts/login/", {"login": "mira", "password": PASSWORD, "next": away})
    assert answer.url == "/"


# Limits. They live in the database, so that they hold across processes.


def test_five_wrong_tries_are_enough_for_a_quarter_of_an_hour(member):
    for _try in range(5):
        sign_in_by_form("mira", "wrong password")
    assert not is_in(sign_in_by_form("mira"))


def test_nobody_can_lock_another_out(member):
    for _try in range(8):
        sign_in_by_form("mira", "wrong password", REMOTE_ADDR="10.0.0.9")
    assert is_in(sign_in_by_form("mira", REMOTE_ADDR="10.0.0.7"))


def test_a_claimed_address_does_not_get_around_the_limit(member):
    for number in range(6):
        sign_in_by_form("mira", "wrong password", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}")
    assert not is_in(sign_in_by_form("mira", HTTP_X_FORWARDED_FOR="10.9.9.9"))


def test_behind_a_proxy_the_proxys_word_counts_and_not_the_visitors(member, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(6):
        claimed = f"10.0.0.{number}, 192.0.2.1"
        sign_in_by_form("mira", "wrong password", HTTP_X_FORWARDED_FOR=claimed)
    assert not is_in(sign_in_by_form("mira", HTTP_X_FORWARDED_FOR="10.9.9.9, 192.0.2.1"))
    assert is_in(sign_in_by_form("mira", HTTP_X_FORWARDED_FOR="10.9.9.9, 192.0.2.7"))


def test_five_mails_an_hour_go_to_one_address(member):
    for _try in range(9):
        Client().post("/accounts/password/reset/", {"email": "MIRA@example.org"})
    assert len(mail.outbox) == 5


def test_a_limit_is_kept_where_every_process_sees_it(member):
    from django.db import connection

    sign_in_by_form("mira", "wrong password")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM config_cache WHERE cache_key LIKE '%%login_failed%%'")
        assert cursor.fetchone()[0] == 2
    cache.clear()


# Second steps


@pytest.fixture
def secret(member) -> str:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP

    found = totp.generate_totp_secret()
    TOTP.activate(member, found)
    RecoveryCodes.activate(member)
    return found


def code(secret: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))


def test_the_second_step_asks_for_a_code(member, secret):
    browser = sign_in_by_form("mira")
    assert (browser.answer.url, is_in(browser)) == ("/accounts/2fa/authenticate/", False)
    browser.post("/accounts/2fa/authenticate/", {"code": code(secret)})
    assert is_in(browser)


def test_a_code_works_once(member, secret):
    given = code(secret)
    browsers = [sign_in_by_form("mira") for _each in range(2)]
    for browser in browsers:
        browser.post("/accounts/2fa/authenticate/", {"code": given})
    assert [is_in(browser) for browser in browsers] == [True, False]


def test_a_recovery_code_works_once(member, secret):
    given = Authenticator.objects.get(user=member, type="recovery_codes").wrap().get_unused_codes()[0]
    browsers = [sign_in_by_form("mira") for _each in range(2)]
    for browser in browsers:
        browser.post("/accounts/2fa/authenticate/", {"code": given})
    assert [is_in(browser) for browser in browsers] == [True, False]


def test_five_wrong_codes_are_enough(member, secret):
    browser = sign_in_by_form("mira")
    for _try in range(5):
        browser.post("/accounts/2fa/authenticate/", {"code": "000000"})
    browser.post("/accounts/2fa/authenticate/", {"code": code(secret)})
    assert not is_in(browser)


@pytest.mark.parametrize("path", ["2fa/totp/activate/", "2fa/webauthn/add/", "2fa/recovery-codes/generate/"])
def test_second_steps_are_changed_only_by_who_proves_to_be_there(sign_in, member, path):
    answer = sign_in(member).get(f"/accounts/{path}")
    assert answer.url.startswith("/accounts/reauthenticate/")


def test_turning_the_app_on_shows_a_picture_of_ours(member):
    browser = proven(sign_in_by_form("mira"))
    page = browser.get("/accounts/2fa/totp/activate/").text
    assert "<svg" in page
    given = browser.session["mfa.totp.secret"]
    answer = browser.post("/accounts/2fa/totp/activate/", {"code": code(given)})
    assert answer.url == "/accounts/2fa/recovery-codes/"
    shown = browser.get("/accounts/2fa/recovery-codes/").text
    codes = Authenticator.objects.get(user=member, type="recovery_codes").wrap().get_unused_codes()
    assert all(each in shown for each in codes)
    assert browser.get("/accounts/2fa/").status_code == 200
    assert browser.get("/accounts/2fa/totp/deactivate/").status_code == 200
    assert browser.get("/accounts/2fa/recovery-codes/download/").text.split() == codes


def test_inside_a_community_one_proves_oneself_and_comes_back(community, member):
    browser = sign_in_by_form("mira")
    path = "/c/agora/accounts/email/"
    asked = browser.post(path, {"action_add": "", "email": "second@example.org"})
    assert asked.url == f"/c/agora/accounts/reauthenticate/?{urlencode({'next': path})}"
    assert browser.post(asked.url, {"password": PASSWORD}).url == path
    browser.post(path, {"action_add": "", "email": "second@example.org"})
    assert EmailAddress.objects.filter(user=member).count() == 2


# Addresses


def test_only_a_confirmed_address_becomes_the_main_one(member):
    browser = proven(sign_in_by_form("mira"))
    browser.post("/accounts/email/", {"action_add": "", "email": "second@example.org"})
    browser.post("/accounts/email/", {"action_primary": "", "email": "second@example.org"})
    member.refresh_from_db()
    assert member.email == "mira@example.org"
    EmailAddress.objects.filter(email="second@example.org").update(verified=True)
    browser.post("/accounts/email/", {"action_primary": "", "email": "second@example.org"})
    member.refresh_from_db()
    assert member.email == "second@example.org"
    assert mail.outbox[-1].to == ["mira@example.org"]  # the old one is told


def test_the_main_address_stays(member):
    browser = proven(sign_in_by_form("mira"))
    browser.post("/accounts/email/", {"action_remove": "", "email": "mira@example.org"})
    assert EmailAddress.objects.filter(user=member).count() == 1


def test_adding_an_address_of_another_account_tells_nothing(member, visitor):
    browser = proven(sign_in_by_form("mira"))
    browser.post("/accounts/email/", {"action_add": "", "email": visitor.email})
    assert [message.to for message in mail.outbox[-1:]] == [[visitor.email]]
    assert "already" in mail.outbox[-1].subject
