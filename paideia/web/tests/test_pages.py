"""The pages made of many rooms."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from paideia.access.models import Gate
from paideia.commerce.models import CardTerms, Offer, RedeemBatch, SeatPool
from paideia.content import actions as content
from paideia.discussions import actions as talk
from paideia.partners.models import Programme
from paideia.web.queries import own, own_places, today
from tests.cast import viewer_of


def publish(community, author, title, gate=None):
    document = content.save_article(
        community=community, author=author, title=title, source="words", gate=gate
    )
    content.publish(document=document, by=None)
    return document


def test_a_stranger_sees_a_shop_window_without_a_form(community, mentor, anonymous):
    publish(community, mentor, "First essay")
    page = anonymous.get("/c/agora/")
    assert (page.status_code, page.cookies) == (200, {})
    assert "First essay" in page.text
    assert "csrfmiddlewaretoken" not in page.text


def test_a_private_community_shows_strangers_nothing_of_its_works(community, mentor, anonymous):
    publish(community, mentor, "First essay")
    community.visibility = "private"
    community.save()
    assert "First essay" not in anonymous.get("/c/agora/").text


def test_a_hidden_work_is_in_nobody_elses_feed(community, mentor, visitor, sign_in):
    gate = Gate.objects.create(community=community, name="Team", role_keys=["mentor"], shows="nothing")
    publish(community, mentor, "Hidden essay", gate)
    assert "Hidden essay" not in sign_in(visitor).get("/c/agora/").text
    assert "Hidden essay" in sign_in(mentor).get("/c/agora/").text


@pytest.mark.django_db(transaction=True)
def test_what_is_hidden_from_all_but_its_author_is_not_kept_for_those_who_see_alike(
    community, visitor, member, sign_in
):
    gate = Gate.objects.create(community=community, name="Team", role_keys=["owner"], shows="nothing")
    publish(community, visitor, "Hidden essay", gate)
    assert sign_in(visitor).get("/c/agora/").status_code == 200
    assert "Hidden essay" not in sign_in(member).get("/c/agora/").text


@pytest.mark.django_db(transaction=True)
def test_what_stands_around_a_page_is_each_readers_own(community, visitor, member, sign_in, anonymous):
    """Drawn once for all who see alike, with holes for what is this request's."""
    about = "/c/agora/about/"
    first, second = sign_in(visitor).get(about).text, sign_in(member).get(about).text
    assert [visitor.shown_name in first, visitor.shown_name in second] == [True, False]
    tokens = {re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1] for page in (first, second)}
    assert len(tokens) == 2
    found = [anonymous.get("/c/agora/search/", {"q": f"{n}&<x>"}).text for n in (1, 2)]
    assert [
        page.count("?next=%2Fc%2Fagora%2Fsearch%2F%3Fq%3D" + f"{n}") for n, page in enumerate(found, 1)
    ] == [2, 2]
    assert [page.count(f'value="{n}&amp;&lt;x&gt;"') for n, page in enumerate(found, 1)] == [2, 2]
    assert not any("\x02" in page or "hole" in page for page in (first, second, *found))


def test_a_new_member_is_told_what_to_do_next_until_it_is_done(community, visitor, space, viewer_of):
    assert own(viewer_of(visitor)).steps == ["profile", "read", "say"]
    talk.open_thread(viewer=viewer_of(visitor), space=space, title="Hello", source="I am Vera")
    visitor.bio = "I read."
    visitor.save()
    assert own(viewer_of(visitor)).steps == ["read"]
    visitor.memberships.update(joined_at=timezone.now() - timedelta(days=31))
    assert own(viewer_of(visitor)).steps == []


@pytest.mark.django_db(transaction=True)
def test_the_front_page_takes_five_queries_however_much_there_is(
    community, mentor, visitor, space, sign_in, viewer_of, django_assert_max_num_queries
):
    client = sign_in(visitor)
    for number in range(8):
        publish(community, mentor, f"Essay {number}")
        talk.open_thread(viewer=viewer_of(mentor), space=space, title=f"Thread {number}", source="words")
    client.get("/c/agora/")
    with django_assert_max_num_queries(5):
        assert client.get("/c/agora/").status_code == 200


def test_operators_see_what_asks_for_them(community, owner, visitor, viewer_of, sign_in):
    publish(community, owner, "Essay")
    content.save_article(community=community, author=owner, title="Draft", source="words")
    found = today(viewer_of(owner))
    assert (found.drafts, found.requests, found.unanswered) == (1, 0, 0)
    assert sign_in(owner).get("/c/agora/manage/").status_code == 200
    assert sign_in(visitor).get("/c/agora/manage/").status_code == 404


def test_health_answers_when_the_database_does(anonymous):
    assert anonymous.get("/health/").json() == {"status": "ok"}


def test_what_is_refused_says_so_in_the_form_it_was_asked(community, visitor, space, sign_in):
    client = sign_in(visitor)
    space.kind = "announcements"
    space.save()
    form = {"title": "Hello", "source": "words"}
    page = client.post("/c/agora/spaces/general/threads/new/", form)
    piece = client.post("/c/agora/spaces/general/threads/new/", form, headers={"HX-Request": "true"})
    assert (page.status_code, piece.status_code) == (403, 403)
    assert "Only the team writes in this space." in page.text
    assert "<html" in page.text and "<html" not in piece.text


def test_the_menu_names_what_is_a_members_own_and_nothing_else(community, owner, visitor, tier, sign_in):
    monthly = Offer.objects.create(
        community=community, name="Monthly", price=3000, currency="CNY", term="month"
    )

    def entries(user):
        text = sign_in(user).get("/c/agora/mine/", headers={"HX-Request": "true"}).text
        return re.findall(r'href="/c/agora/([a-z]+)/"', text)

    assert (entries(owner), entries(visitor)) == ([], [])
    RedeemBatch.objects.create(community=community, offer=monthly, name="Fair", size=1, created_by=owner)
    CardTerms.objects.create(community=community, currency="CNY", amounts=[100])
    Programme.objects.create(community=community, is_open=True)
    SeatPool.objects.create(
        community=community,
        offer=monthly,
        manager=visitor,
        name="Class",
        size=2,
        token="t",
        starts_at=timezone.now(),
    )
    assert entries(owner) == ["redeem", "cards", "partner"]
    assert entries(visitor) == ["redeem", "cards", "seats", "partner"]
    page = sign_in(visitor).get("/c/agora/mine/").text
    assert all(f'href="/c/agora/{name}/"' in page for name in entries(visitor))


def test_what_the_menu_asks_for_costs_one_query(visitor, django_assert_num_queries):
    viewer = viewer_of(visitor)
    with django_assert_num_queries(1):
        own_places(viewer)
