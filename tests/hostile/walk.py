"""Every form that anybody of a place is shown, and a person who is shown it."""

from collections.abc import Iterator

from django.test import Client

from tests.hostile.forms import Shown, forms_on
from tests.journeys.addresses import addresses
from tests.journeys.place import Place

PEOPLE = ("owner", "visitor", "asker", "newcomer")
ENDS_THE_SESSION = ("/accounts/logout/", "/accounts/sessions/", "/accounts/login/")


def signed_in(place: Place, name: str) -> Client:
    client = Client()
    client.force_login(place.people[name])
    return client


def shown_forms(place: Place) -> Iterator[tuple[str, Shown]]:
    """Each form once, with the first of these people who is shown it."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for name in PEOPLE:
        client = signed_in(place, name)
        for _route, path in addresses(place):
            for form in forms_on(client, path):
                key = (form.action, tuple(form.fields))
                if key not in seen and not any(part in form.action for part in ENDS_THE_SESSION):
                    seen.add(key)
                    yield name, form
