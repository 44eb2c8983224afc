"""Signing in through other sites: what the environment switches on, and what happens at the door."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.test import RequestFactory

from paideia.accounts.models import Consent, User
from paideia.accounts.providers import apps, providers
from paideia.accounts.social import SocialAdapter


def environment(**given: str):
    return lambda name, default="": given.get(name, default)


def test_nothing_is_offered_unless_it_is_set():
    assert providers(environment()) == {}
    assert apps(environment(GITHUB_SECRET="x")) == []


def test_each_site_is_switched_on_by_its_client():
    given = environment(
        GITHUB_CLIENT_ID="a", WEIXIN_CLIENT_ID="b", OIDC_ISSUER="https://id.example", OIDC_NAME="School"
    )
    found = providers(given)
    assert sorted(found) == ["github", "openid_connect", "weixin"]
    assert found["openid_connect"]["APPS"][0]["name"] == "School"
    assert apps(given)[0] == "allauth.socialaccount.providers.github"


SCRIPT = """
import django; django.setup()
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
browser = Client(HTTP_ACCEPT_LANGUAGE="en")
door = browser.get("/accounts/login/?next=/settings/")
assert "Continue with GitHub" in door.text, door.text
assert 'action="/accounts/github/login/?next=%2Fsettings%2F"' in door.text
leaving = browser.post("/accounts/github/login/?next=/settings/")
assert leaving.status_code == 200
assert 'content="0;url=https://github.com/login/oauth/authorize?client_id=abc' in leaving.text
assert "form-action 'self'" in leaving.headers["Content-Security-Policy"]
assert browser.get("/accounts/github/login/").status_code == 200
print("good")
"""


@pytest.mark.django_db(transaction=True)
def test_the_door_offers_a_site_and_leaves_for_it_by_a_page_of_ours():
    """In a process of its own: which apps there are is settled when Django starts."""
    given = {"PAIDEIA_GITHUB_CLIENT_ID": "abc", "PAIDEIA_GITHUB_SECRET": "def", "PAIDEIA_TESTING": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, **given, "DJANGO_SETTINGS_MODULE": "paideia.config.settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ran.stdout.strip(), ran.returncode) == ("good", 0), ran.stderr[-2000:]


def arrival(*, email: str, verified: bool, handle: str = "octo-cat") -> User:
    """Somebody comes from another site and fills in the form."""
    login = SocialLogin(
        user=User(),
        account=SocialAccount(provider="github", uid="1", extra_data={"name": "Octo Cat"}),
        email_addresses=[EmailAddress(email=email, verified=verified, primary=True)],
    )
    form = SimpleNamespace(cleaned_data={"username": handle, "email": email})
    request = RequestFactory().get("/")
    return SocialAdapter(request).save_user(request, login, form)


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_counts_as_confirmed_only_if_the_other_site_says_so(db, verified):
    user = arrival(email="octo@example.org", verified=verified)
    assert (user.name, user.email, user.has_usable_password()) == ("Octo Cat", "octo@example.org", False)
    assert EmailAddress.objects.get(user=user).verified == verified
    assert SocialAccount.objects.get(user=user).uid == "1"
    assert Consent.objects.filter(user=user, purpose="terms", given=True).count() == 1


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_does_not_open_the_account_that_has_it(member, verified):
    user = arrival(email=member.email, verified=verified)
    member.refresh_from_db()
    assert (user.pk != member.pk, user.email, member.email) == (True, None, "mira@example.org")
    assert EmailAddress.objects.get(user=user).verified is False


def test_a_form_that_leads_to_ourselves_is_answered_as_ever(sign_in, member):
    answer = sign_in(member).post("/settings/preferences/", {"theme": "dark"})
    assert (answer.status_code, answer.url) == (302, "/settings/preferences/")
