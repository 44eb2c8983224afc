"""Every page opens for those it is for, and is not there for others."""

import pytest

from paideia.communities.queries import members_page

TEAM = {
    "manage/community/": ["owner", "admin"],
    "manage/roles/": ["owner"],
    "manage/members/": ["owner", "admin", "moderator"],
    "manage/requests/": ["owner", "admin", "moderator"],
    "manage/invitations/": ["owner", "admin", "moderator"],
}
INSIDE = ["members/", "members/mira/", "rules/"]


@pytest.fixture
def cast(owner, admin, moderator, mentor, member, visitor, stranger):
    people = {"owner": owner, "admin": admin, "moderator": moderator, "mentor": mentor}
    return {**people, "member": member, "visitor": visitor, "stranger": stranger}


@pytest.mark.parametrize("path", TEAM)
def test_a_page_of_the_team_is_there_for_those_who_may(cast, sign_in, path):
    answers = {name: sign_in(user).get(f"/c/agora/{path}").status_code for name, user in cast.items()}
    assert answers == {name: 200 if name in TEAM[path] else 404 for name in cast}


@pytest.mark.parametrize("path", TEAM)
def test_a_stranger_who_is_signed_out_is_asked_to_sign_in(client, community, path):
    assert client.get(f"/c/agora/{path}").url == f"/c/agora/accounts/login/?next=/c/agora/{path}"


@pytest.mark.parametrize("path", INSIDE)
def test_a_public_community_can_be_looked_into(client, member, path):
    response = client.get(f"/c/agora/{path}")
    assert response.status_code == 200
    assert "csrf" not in response.text
    assert not response.cookies


@pytest.mark.parametrize("path", INSIDE)
def test_a_private_community_is_there_for_its_members_only(client, sign_in, community, cast, path):
    community.visibility = "private"
    community.save()
    seen = {name: sign_in(user).get(f"/c/agora/{path}").status_code for name, user in cast.items()}
    assert seen == {name: 404 if name == "stranger" else 200 for name in cast}
    assert client.get(f"/c/agora/{path}").status_code == 404


def test_an_address_without_its_last_slash_leads_into_the_community(client, community):
    assert client.get("/c/agora?x=1").url == "/c/agora/?x=1"


# Community, session, person, viewer, spaces; the last one, and the roles to choose from, are kept between
# requests, but not inside a test's transaction.
QUERIES = {"members/": 7, "manage/members/": 7, "members/mira/": 6}


@pytest.mark.parametrize("path", QUERIES)
def test_a_page_asks_as_often_however_many_there_are(
    sign_in, owner, member, django_assert_num_queries, newcomers, path
):
    here = sign_in(owner)
    with django_assert_num_queries(QUERIES[path]):
        here.get(f"/c/agora/{path}")
    newcomers(30)
    with django_assert_num_queries(QUERIES[path]):
        here.get(f"/c/agora/{path}")


def test_the_list_of_members_goes_on_by_key_and_shows_each_once(community, newcomers, viewer_of):
    newcomers(70)
    seen, after = [], ""
    while True:
        page = members_page(viewer_of(None), after=after)
        seen += [row.pk for row in page.rows]
        after = page.after
        if not after:
            break
    assert len(seen) == len(set(seen)) == 71


def test_the_colours_are_kept_for_good_only_under_the_address_that_says_what_they_are(community, client):
    lasting, bare, wrong = (
        client.get(f"/c/agora/theme/{community.accent[1:]}.css{rest}")["Cache-Control"]
        for rest in (f"?v={community.theme_version}", "", "?v=other")
    )
    assert lasting == "public, max-age=31536000, immutable"
    assert (bare, wrong) == ("public, max-age=300", "public, max-age=300")
    assert f"/theme/{community.accent[1:]}.css?v={community.theme_version}" in client.get("/c/agora/").text


def test_a_currency_and_a_time_zone_are_chosen_by_name(community, owner, sign_in):
    page = sign_in(owner).get("/c/agora/manage/community/", headers={"Accept-Language": "en"}).text
    assert "CNY – Chinese Yuan" in page
    assert "Shanghai (UTC+08:00)" in page
