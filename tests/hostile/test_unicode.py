"""Characters that break programs: every text field of every form takes them or says why not, and breaks nothing."""

import pytest
from django.db import transaction
from django.test import Client

from paideia.accounts.models import User
from tests.cast import person
from tests.hostile.walk import shown_forms, signed_in
from tests.journeys.addresses import addresses
from tests.journeys.place import furnish

pytestmark = pytest.mark.django_db
ODD = {
    "nul": "a\x00b",
    "surrogate": b"a\xed\xa0\x80b",  # a lone surrogate as bytes: no text has it
    "not UTF-8": b"a\xff\xfe\xc3(b",
    "overridden direction": "a\u202egnp.exe\u2066b",
    "joiners": "a\u200d\u200c\u200b\ufeffb👩\u200d👩\u200d👧\u200d👦",
    "four bytes": "𠮷😀𝒳",
    "one long letter": "a" + "\u0301" * 20_000,
    "twins": "раураl ａｄｍｉｎ",
    "controls": "a\x01\x02up:1\x03\x1b[31m\x7f\x85b",
    "separators": "a\u2028b\u2029c\r\nd\x0b\x0c",
    "far": "9" * 400,
    "not a number": "NaN",
    "not a character": "\ufffe\uffff\U0010ffff",
}
ROUGHEST = {"nul", "not UTF-8", "far", "controls"}
PARAMETERS = ("nul", "not UTF-8", "four bytes", "far", "not a number")
ANSWERS = {200, 204, 302, 303, 400, 403, 404, 405, 409, 413, 422, 429}


class Undo(Exception):
    """Takes back what one form wrote."""


def status_of(client: Client, action: str, data: dict[str, object]) -> int:
    client.raise_request_exception = False
    try:
        with transaction.atomic():
            status = client.post(action, data).status_code
            transaction.get_connection().check_constraints()
            raise Undo
    except Undo:
        return status


def test_no_text_field_of_any_form_breaks():
    """Each kind in every text field at once; the roughest ones in every other field too."""
    place = furnish("agora")
    clients = {name: signed_in(place, name) for name in place.people}
    wrong, tried = [], 0
    for name, shown in list(shown_forms(place)):
        every = [each for each in shown.fields if each != "csrfmiddlewaretoken"]
        for kind, odd in ODD.items():
            names = every if kind in ROUGHEST else shown.texts
            if names:
                tried += 1
                status = status_of(clients[name], shown.action, shown.data(**dict.fromkeys(names, odd)))
                if status not in ANSWERS:
                    wrong.append((kind, name, shown.action, status))
    assert wrong == []
    assert tried > 300


def test_no_address_breaks():
    """In the words of a search and in every other parameter that pages read."""
    place = furnish("agora")
    client = signed_in(place, "owner")
    client.raise_request_exception = False
    names = [
        "q",
        "tag",
        "next",
        "after",
        "before",
        "show",
        "reply",
        "member",
        "at",
        "w",
        "key",
        "state",
        "language",
    ]
    paths = [path for _route, path in addresses(place) if client.get(path).status_code == 200]
    wrong = []
    for path in paths:
        for kind in PARAMETERS:
            status = client.get(path, dict.fromkeys(names, ODD[kind][:200])).status_code
            if status not in ANSWERS:
                wrong.append((kind, path, status))
    assert wrong == []
    assert len(paths) > 50


@pytest.mark.parametrize(
    "twin",
    ["оlga", "0lga", "olgа", "ｏｌｇａ", "OLGA", "ol\u200dga", "o\u200blga", "οlga", "o1ga", "olga\u0000"],
)
def test_a_handle_that_looks_like_another_is_refused(twin):
    person("olga")
    data = {"email": "eve@example.org", "username": twin, "password1": "correct horse battery", "terms": "on"}
    answer = Client(raise_request_exception=False).post("/accounts/signup/", data)
    assert answer.status_code < 500
    assert not User.objects.filter(email="eve@example.org").exists()


def test_a_handle_of_its_own_is_taken():
    """The control."""
    person("olga")
    data = {
        "email": "eve@example.org",
        "username": "林晚舟",
        "password1": "correct horse battery",
        "terms": "on",
    }
    Client().post("/accounts/signup/", data)
    assert User.objects.get(email="eve@example.org").handle == "林晚舟"
