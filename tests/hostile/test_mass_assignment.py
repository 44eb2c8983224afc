"""A form changes what it shows and nothing else: every column of every table is offered to it as well."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from paideia.accounts.models import User
from paideia.commerce.models import Order
from tests.hostile.forms import Shown
from tests.hostile.walk import shown_forms, signed_in
from tests.journeys.place import Place, furnish

pytestmark = pytest.mark.django_db
ROOMS = (
    "accounts",
    "communities",
    "access",
    "ledger",
    "commerce",
    "spaces",
    "content",
    "courses",
    "discussions",
)


Rows = dict[tuple[str, Any], dict[str, Any]]

WORDS = {"source", "title", "name", "resolution", "because", "reason", "prompt", "purpose"}


class Undo(Exception):
    """Takes back what one form wrote."""


def columns() -> set[str]:
    """The name of every field and column that any table of ours has."""
    found = set()
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            found |= {each.name for each in model._meta.fields} | {
                each.attname for each in model._meta.fields
            }
    return found | {
        "is_superuser",
        "pk",
        "user_permissions",
        "groups",
        "roles",
        "permissions",
        "points_granted",
    }


def planted(place: Place, shown: Shown) -> dict[str, Any]:
    """A tempting value for every column that the form does not itself show."""
    tempting = {
        "author": place.people["visitor"].pk,
        "author_id": place.people["visitor"].pk,
        "buyer": place.people["visitor"].pk,
        "community": 999_999,
        "community_id": 999_999,
        "role": place.community.roles.get(key="owner").pk,
        "role_id": place.community.roles.get(key="owner").pk,
        "gate": "",
        "gate_id": "",
        "state": "paid",
        "rank": 77,
        "published_at": "2001-02-03T04:05",
        "joined_at": "2001-02-03T04:05",
        "created_at": "2001-02-03T04:05",
        "charge_id": "planted",
        "permissions": ["community.edit", "money.manage", "roles.edit"],
        "visibility": "private",
    }
    # A reply names what it replies to, a buyer the link that led to the offer.
    kept = set(shown.fields) | set(shown.files) | {"parent", "group", "key"}
    return {name: tempting.get(name, "77") for name in columns() - kept}


def rows() -> Rows:
    """Every row of every table of ours, by table and key."""
    found = {}
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            for row in model._base_manager.values():
                found[model._meta.label, row[model._meta.pk.attname]] = row
    return found


# Told apart from one sending to the next by the clock or by chance.
BY_ITSELF = {
    "last_login",
    "edited_at",
    "at",
    "given_at",
    "number",
    "token_hash",
    "expires_at",
    "saved_at",
    "id",
}
BY_ITSELF |= {
    "created_at",
    "joined_at",
    "published_at",
    "announced_at",
    "left_at",
    "starts_at",
    "ends_at",
    "key",
}
BY_ITSELF |= {
    "archived_at",
    "removed_at",
    "revoked_at",
    "decided_at",
    "lifted_at",
    "resolved_at",
    "pinned_at",
}
BY_ITSELF |= {"token", "return_url", "notify_url", "order_number", "description", "storage_key", "skeleton"}
BY_ITSELF |= {"closed_at", "started_at", "password", "link_serial", "month", "paid_at", "charge_id", "day"}
BY_ITSELF |= {"changed_at"}


def effect(
    client: Client, shown: Shown, data: dict[str, Any], before: Rows
) -> tuple[int, list[tuple[str, str, str]]]:
    """What sending a form does: its status, and which column of which table has which new value. Undone."""
    status, found = 0, []
    try:
        with transaction.atomic():
            status = client.post(shown.action, data).status_code
            for (table, _key), row in rows().items():
                old = before.get((table, _key), {})
                found += [
                    (table, name, "some" if name in BY_ITSELF and value else repr(value))
                    for name, value in row.items()
                    if old.get(name) != value and not name.endswith("_ptr_id") and not _is_own_key(name)
                ]
            raise Undo
    except Undo:
        pass
    return status, sorted(found)


def _is_own_key(name: str) -> bool:
    return name in ("document_id", "id", "order_id", "revision_id", "object_id")


def test_no_form_writes_a_field_that_it_does_not_show():
    place = furnish("agora")
    wrong, tried, wrote = [], 0, 0
    clients = {name: signed_in(place, name) for name in place.people}
    every = list(shown_forms(place))
    before = rows()
    for name, shown in every:
        words = {each: "Words" for each in WORDS & set(shown.texts) if shown.fields[each] == [""]}
        plain = effect(clients[name], shown, shown.data(**words), before)
        tempted = effect(clients[name], shown, shown.data(**planted(place, shown), **words), before)
        tried += 1
        wrote += plain[1] != []
        if plain != tempted:
            more = [each for each in tempted[1] if each not in plain[1]]
            less = [each for each in plain[1] if each not in tempted[1]]
            wrong.append((name, shown.label, plain[0], tempted[0], more[:4], less[:4]))
    assert wrong == []
    assert tried > 60
    assert wrote > 25, "the forms were not filled in well enough to write anything"


@pytest.mark.parametrize(
    "sent", [{"price": "1"}, {"total": "1"}, {"amount": "0"}, {"state": "paid"}, {"currency": "XTS"}]
)
def test_a_buyer_sets_no_term_of_an_order(sent):
    place = furnish("agora", asks=False)
    offer = place.rows["offer"]
    client = signed_in(place, "visitor")
    client.post(f"{place.root}offers/{offer.pk}/checkout/", {"provider": "sandbox", "next": "", **sent})
    order = Order.objects.filter(buyer=place.people["visitor"]).latest("pk")
    assert (order.total, order.currency, order.state) == (offer.price, offer.currency, "awaiting")


def test_nobody_becomes_staff_by_signing_up():
    client = Client()
    data = {
        "email": "eve@example.org",
        "username": "evelyn",
        "password1": "correct horse battery",
        "terms": "on",
    }
    client.post(
        "/accounts/signup/", {**data, "is_staff": "1", "is_superuser": "1", "is_active": "0", "id": "1"}
    )
    eve = User.objects.get(handle="evelyn")
    assert (eve.is_staff, eve.is_active, eve.claimable_from) == (False, True, "")


def test_a_form_that_took_every_field_would_be_caught():
    """The control: a view that writes what it is sent."""
    place = furnish("agora")
    shown = Shown("/", f"{place.root}theme-choice/", "post", {"theme": ["dark"]})

    class Careless:
        def post(self, action: str, data: dict[str, Any]) -> Any:
            names = {each.attname for each in User._meta.fields} & {"is_staff", "theme"}
            User.objects.filter(pk=place.people["owner"].pk).update(
                **{
                    name: data[name] == "77" if name == "is_staff" else "dark"
                    for name in names
                    if name in data
                }
            )
            return type("Answer", (), {"status_code": 204})()

    plain = effect(Careless(), shown, shown.data(), rows())  # type: ignore[arg-type]
    tempted = effect(Careless(), shown, shown.data(**planted(place, shown)), rows())  # type: ignore[arg-type]
    assert [each for each in tempted[1] if each not in plain[1]] == [("accounts.User", "is_staff", "True")]
    assert connection.in_atomic_block
