"""What people do on pages, in the words that the pages show in their language."""

from typing import Any

from django.utils import translation

from tests.cast import PASSWORD
from tests.journeys.site import Visit


def say(here: Visit, message: str, **values: object) -> str:
    """A message of ours as this visitor reads it."""
    with translation.override(here.language):
        text = translation.gettext(message)
    return text % values if values else text


def button(here: Visit, message: str, **values: object) -> Any:
    return here.page.get_by_role("button", name=say(here, message, **values), exact=True)


def link(here: Visit, message: str, **values: object) -> Any:
    return here.page.get_by_role("link", name=say(here, message, **values), exact=True)


def sign_up(here: Visit, handle: str) -> None:
    """Fill in the form that is shown and send it."""
    fill_in_who_one_is(here, handle)
    button(here, "Sign up").click()


def fill_in_who_one_is(here: Visit, handle: str) -> None:
    """The part of a form in which strangers say who they are."""
    form = here.page.locator("main form")
    form.locator("[name=email]").fill(f"{handle}@example.org")
    form.locator("[name=username]").fill(handle)
    form.locator("[name=password1]").fill(PASSWORD)
    form.locator("[name=terms]").check()


def pay_in_the_sandbox(here: Visit) -> None:
    """From the checkout page through the payment page, back to the shop."""
    here.page.locator("form[action*=checkout] button[name=buy]").click()
    here.page.wait_for_url("**/sandbox/**")
    button(here, "Go on").click()


def write(here: Visit, text: str) -> None:
    """Into the editor on the page."""
    here.page.locator("#reply textarea[name=source]").fill(text)
