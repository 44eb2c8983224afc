"""Two communities with the same names for everything: nothing of one is reached through the other."""

import re

import pytest
from django.test import Client

from paideia.communities.middleware import by_host
from tests.hostile.tables import changed, contents
from tests.hostile.walk import shown_forms
from tests.journeys.addresses import addresses
from tests.journeys.place import Place, furnish

pytestmark = pytest.mark.django_db
OURS, THEIRS = "zqours", "zqtheirs"


@pytest.fixture
def both(db: None) -> tuple[Place, Place]:
    """The same works, titles, spaces and kinds of people twice; the words in them tell which is which."""
    return furnish("agora", word=OURS, tag="-a"), furnish("stoa", word=THEIRS, tag="-b")


def insider(place: Place, other: Place, name: str = "owner") -> Client:
    """Somebody with every right here, and none there."""
    client = Client()
    client.force_login(place.people[name])
    assert not other.community.memberships.filter(user=place.people[name]).exists()
    return client


def swapped(ours: Place, theirs: Place) -> list[str]:
    """Every address of theirs, asked for inside our community: their ids below our name."""
    return [path.replace(theirs.root, ours.root, 1) for _name, path in addresses(theirs)]


@pytest.mark.parametrize("name", ["owner", "member", "visitor"])
def test_ids_of_another_community_name_nothing_here(both, name):
    ours, theirs = both
    client = insider(ours, theirs, name)
    shown = []
    for path in swapped(ours, theirs):
        answer = client.get(path)
        body = b"".join(answer) if answer.streaming else answer.content
        if THEIRS.encode() in body:
            shown.append(path)
    assert shown == []


def test_ids_of_another_community_change_nothing_there(both):
    ours, theirs = both
    client = insider(ours, theirs)
    data = {
        "title": "x",
        "name": "x",
        "source": "x",
        "kind": "up",
        "reason": "x",
        "space": "hall",
        "accept": "1",
    }
    data |= {
        "revision": "1",
        "resolution": "x",
        "because": "x",
        "answer": "accept",
        "role": "1",
        "course": "pay",
    }
    before = {each: str(list(rows_of(theirs, each))) for each in OWNED}
    for path in swapped(ours, theirs):
        if "/accounts/" not in path and not path.endswith("/leaving/"):
            client.raise_request_exception = False
            assert client.post(path, data).status_code < 500, path
            client.force_login(ours.people["owner"])
    assert {each: str(list(rows_of(theirs, each))) for each in OWNED} == before


OWNED = (
    "documents",
    "spaces",
    "memberships",
    "roles",
    "invitations",
    "plans",
    "gates",
    "offers",
    "orders",
    "media",
)


def rows_of(place: Place, kind: str):
    return getattr(place.community, kind).order_by("pk").values()


# Fields in which a form takes the key of a row, and the kind of row.
CHOICES = {"parent": "comment", "space": "hall", "plans": "plan", "after": "lesson"}
CHOICES |= {each: each for each in ("column", "gate", "plan", "role", "section")}


def test_a_row_of_another_community_cannot_be_chosen_in_a_form(both):
    """Its key sent in every form that has such a field: refused, or left out, and never joined to ours."""
    ours, theirs = both
    client = insider(ours, theirs)
    tried = set()
    for name, shown in list(shown_forms(ours)):
        for field in CHOICES.keys() & shown.fields.keys():
            if name == "owner":
                client.post(shown.action, shown.data(**{field: theirs.rows[CHOICES[field]].pk}))
                tried.add(field)
    assert across(ours, theirs) == []
    assert tried >= {"space", "gate", "column", "plans", "plan", "role", "section"}


def across(ours: Place, theirs: Place) -> list[str]:
    """Rows of ours that name a row of theirs."""
    mine, other = ours.community, theirs.community
    found = [f"document {d.pk}" for d in mine.documents.filter(space__community=other)]
    found += [f"document {d.pk}" for d in mine.documents.filter(gate__community=other)]
    found += [f"gate {g.pk}" for g in mine.gates.filter(plans__community=other)]
    found += [f"gate {g.pk}" for g in mine.gates.filter(parent__community=other)]
    found += [f"offer {o.pk}" for o in mine.offers.filter(plans__community=other)]
    found += [f"space {s.pk}" for s in mine.spaces.filter(gate__community=other)]
    found += [f"member {m.pk}" for m in mine.memberships.filter(role__community=other)]
    found += [f"invitation {i.pk}" for i in mine.invitations.filter(role__community=other)]
    return found


def test_a_search_finds_nothing_of_the_other(both):
    from paideia.activity.readers import run_once

    run_once()
    ours, theirs = both
    client = insider(ours, theirs)
    page = client.get(f"{ours.root}search/", {"q": THEIRS}).content.decode()
    assert re.findall(rf"/c/stoa/|[A-Z]\w+ {THEIRS}", page) == []
    assert OURS in client.get(f"{ours.root}search/", {"q": OURS}).content.decode()


def test_a_token_of_one_community_opens_nothing_in_the_other(both):
    ours, theirs = both
    client = insider(ours, theirs, "newcomer")
    before = contents()
    answer = client.post(f"{ours.root}invitations/{theirs.rows['token']}/")
    assert answer.status_code == 404
    assert changed(before) == []


class TestHosts:
    """Which community answers is decided by the whole name of the host."""

    @pytest.fixture(autouse=True)
    def _hosts(self, settings):
        settings.BASE_URL = "https://example.com"
        settings.ALLOWED_HOSTS = ["*"]

    def test_its_own_domain_and_its_subdomain_lead_to_a_community(self, both):
        ours, _theirs = both
        ours.community.host = "learn.test"
        ours.community.save()
        for host, word in (("learn.test", OURS), ("LEARN.test", OURS), ("stoa.example.com", THEIRS)):
            page = Client(headers={"Host": host}).get("/about/").content.decode()
            assert word in page, host
            assert ({OURS, THEIRS} - {word}).pop() not in page, host

    @pytest.mark.parametrize(
        "host",
        [
            "attacker-example.com",
            "attackerexample.com",
            "stoa.example.com.evil.test",
            "stoa-example.com",
            "x.stoa.example.com",
            "evil-learn.test",
            "learn.test.evil.test",
            "sub.learn.test",
            "stoa.example.com@evil.test",
            "example.com",
            "",
        ],
    )
    def test_a_name_that_only_resembles_one_leads_nowhere(self, both, host):
        both[0].community.host = "learn.test"
        both[0].community.save()
        assert by_host(host) is None

    def test_on_its_own_domain_a_session_of_another_place_is_worth_nothing_more(self, both):
        ours, theirs = both
        theirs.community.host = "stoa.test"
        theirs.community.visibility = "private"
        theirs.community.save()
        client = insider(ours, theirs)
        paths = [path for _name, path in addresses(theirs)]  # on its own domain nothing stands before them
        pages = [client.get(path, headers={"Host": "stoa.test"}) for path in paths]
        assert pages
        words = [
            page
            for page in pages
            if f"Article {THEIRS}".encode() in (b"" if page.streaming else page.content)
        ]
        assert words == []
