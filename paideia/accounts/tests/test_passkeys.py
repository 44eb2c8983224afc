"""Passkeys in a real browser, with an authenticator that Chromium plays."""

import os
import shutil

import pytest
from django.db import connections
from django.test import override_settings

from tests.cast import PASSWORD

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def place(live_server):
    """Passkeys need a name: no browser gives one to a bare network address."""
    url = live_server.url.replace("127.0.0.1", "localhost")
    with override_settings(BASE_URL=url, CSRF_TRUSTED_ORIGINS=[url]):
        yield url


@pytest.fixture
def person_at_a_browser():
    from playwright.sync_api import sync_playwright

    if not CHROMIUM:
        pytest.skip("no Chromium here: set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(locale="en")
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        yield page
        browser.close()
        connections.close_all()  # those of Playwright's loop, which nobody else closes


@pytest.mark.django_db(transaction=True)
def test_a_passkey_is_added_and_then_signs_in_alone(place, community, member, person_at_a_browser):
    page = person_at_a_browser
    page.goto(f"{place}/accounts/login/")
    page.fill("[name=login]", "mira")
    page.fill("[name=password]", PASSWORD)
    page.click("form[action='/accounts/login/'] button[type=submit]")
    page.goto(f"{place}/accounts/2fa/webauthn/add/")
    page.fill("[name=password]", PASSWORD)
    page.click("form[action='/accounts/reauthenticate/'] button[type=submit]")
    page.click("passkey-form button")
    page.wait_for_url("**/2fa/recovery-codes/")
    page.context.clear_cookies()
    page.goto(f"{place}/c/agora/accounts/login/?next=/c/agora/members/")
    page.click("passkey-form button")
    page.wait_for_url(f"{place}/c/agora/members/")
    assert page.locator(".account-menu").count() == 1
