"""Founding a community, and changing how it presents itself."""

import pytest
from django.db import IntegrityError, transaction

from paideia.activity.models import Fact
from paideia.communities.actions import create_community, edit_community
from paideia.communities.models import Community, Invitation, JoinRequest, Membership, Role
from paideia.communities.permissions import PERMISSIONS, STANDARD_ROLES
from paideia.communities.refusals import AddressTaken, NotPermitted
from paideia.lib.refusal import Invalid


def test_the_founder_is_the_owner_and_the_standard_roles_are_there(owner, community, viewer_of):
    assert viewer_of(owner).role == "owner"
    assert viewer_of(owner).permissions == set(PERMISSIONS)
    assert [role.key for role in community.roles.all()] == [key for key, _rank, _may in STANDARD_ROLES]


def test_founding_is_told(owner, community):
    verbs = Fact.objects.filter(community_id=community.pk).order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["community.created", "member.joined"]


def test_an_address_belongs_to_one_community(community, stranger):
    with pytest.raises(AddressTaken):
        create_community(by=stranger, slug="agora", name="Another")
    assert Community.objects.count() == 1


def test_about_and_rules_are_rendered_and_sanitised_on_write(community, owner):
    edit_community(community=community, by=owner, about="**Hi** <script>alert(1)</script>", rules="")
    community.refresh_from_db()
    assert "<strong>Hi</strong>" in community.about_html
    assert "<script" not in community.about_html
    assert community.rules_html == ""


def test_what_changed_is_told_and_what_did_not_is_not(community, owner):
    edit_community(community=community, by=owner, name="Forum", tagline=community.tagline)
    assert Fact.objects.get(verb="community.changed").detail == {"fields": ["name"]}
    edit_community(community=community, by=owner, name="Forum")
    assert Fact.objects.filter(verb="community.changed").count() == 1


@pytest.mark.parametrize("field", ["slug", "version", "id", "about_html", "created_at"])
def test_other_fields_cannot_be_changed(community, owner, field):
    with pytest.raises(Invalid):
        edit_community(community=community, by=owner, **{field: "x"})


def test_who_may_not_changes_nothing(community, moderator, member, stranger):
    for user in (moderator, member, stranger):
        with pytest.raises(NotPermitted):
            edit_community(community=community, by=user, name="Mine")
    community.refresh_from_db()
    assert community.name == "Agora"


def test_a_form_cannot_change_what_it_does_not_show(sign_in, community, owner):
    here, before = sign_in(owner), Community.objects.values().get()
    answer = here.post(
        "/c/agora/manage/community/", {**FORM, "slug": "mine", "host": "evil.example", "version": 99}
    )
    assert answer.status_code == 302
    after = Community.objects.values().get()
    assert {key: after[key] for key in ("slug", "host", "id")} == {
        key: before[key] for key in ("slug", "host", "id")
    }
    assert (after["name"], after["join_questions"]) == ("Forum", ["Why?", "Who?"])


FORM = {
    "name": "Forum",
    "tagline": "For all",
    "accent": "#aa0011",
    "about": "# About",
    "rules": "Be kind",
    "language": "zh-hans",
    "currency": "USD",
    "time_zone": "Asia/Tokyo",
    "visibility": "private",
    "joining": "approval",
    "join_questions": "Why?\nWho?\nWhy?",
    "free_reads_max": 3,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("accent", "red"), ("accent", "#12345g"), ("currency", "XXX"), ("language", "tlh")],
)
def test_a_wrong_value_is_refused_with_the_form(sign_in, community, owner, field, value):
    answer = sign_in(owner).post("/c/agora/manage/community/", {**FORM, field: value})
    assert answer.status_code == 422
    community.refresh_from_db()
    assert community.name == "Agora"


class TestTheDatabaseRefuses:
    def test_a_host_twice(self, community):
        Community.objects.filter(pk=community.pk).update(host="learn.example.org")
        with pytest.raises(IntegrityError), transaction.atomic():
            Community.objects.create(slug="b", name="B", host="LEARN.example.org")

    def test_an_empty_host(self, db):
        with pytest.raises(IntegrityError), transaction.atomic():
            Community.objects.create(slug="b", name="B", host="")

    @pytest.mark.parametrize("currency", ["", "yen", "CN", "C1Y"])
    def test_a_currency_that_is_no_code(self, db, currency):
        with pytest.raises(IntegrityError), transaction.atomic():
            Community.objects.create(slug="b", name="B", currency=currency)

    def test_a_role_twice(self, community):
        with pytest.raises(IntegrityError), transaction.atomic():
            Role.objects.create(community=community, key="member", rank=10)

    def test_a_membership_twice(self, community, visitor):
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(
                community=community, user=visitor, role=community.roles.get(key="member")
            )

    def test_two_open_requests_of_one_person(self, community, stranger):
        JoinRequest.objects.create(community=community, user=stranger)
        with pytest.raises(IntegrityError), transaction.atomic():
            JoinRequest.objects.create(community=community, user=stranger)

    @pytest.mark.parametrize("accepted", [True, False])
    def test_a_request_decided_by_halves(self, community, stranger, accepted):
        with pytest.raises(IntegrityError), transaction.atomic():
            JoinRequest.objects.create(community=community, user=stranger, accepted=accepted)

    def test_an_invitation_used_too_often(self, community, owner):
        with pytest.raises(IntegrityError), transaction.atomic():
            Invitation.objects.create(
                community=community,
                role=community.roles.get(key="member"),
                token_hash="x",
                uses=2,
                uses_max=1,
                created_by=owner,
                expires_at="2100-01-01T00:00Z",
            )


def test_founding_by_the_form_leads_to_setting_up(sign_in, stranger):
    given = {"name": "My Place", "language": "en", "visibility": "public", "joining": "open"}
    answer = sign_in(stranger).post("/communities/new/", given)
    assert answer.url == "/c/my-place/manage/community/"


@pytest.mark.parametrize("slug", ["www", "api", "-a", "a-", "A", "a b", "é", "agora"])
def test_an_address_that_cannot_be_had_is_refused_with_the_form(sign_in, stranger, community, slug):
    given = {"name": "X", "slug": slug, "language": "en", "visibility": "public", "joining": "open"}
    assert sign_in(stranger).post("/communities/new/", given).status_code == 422
    assert Community.objects.count() == 1


def test_a_name_without_latin_letters_gets_an_address_too(sign_in, stranger):
    given = {"name": "读书会", "language": "zh-hans", "visibility": "public", "joining": "open"}
    sign_in(stranger).post("/communities/new/", given)
    assert Community.objects.get().slug.startswith("community-")


def test_the_shelf_shows_public_communities_and_ones_own(client, sign_in, community, owner):
    create_community(by=owner, slug="hidden", name="Hidden place", visibility="private")
    assert ["Agora" in client.get("/").text, "Hidden place" in client.get("/").text] == [True, False]
    assert "Hidden place" in sign_in(owner).get("/").text
