"""People as a community sees them: directory, profiles, following, claims."""

import re

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from paideia.accounts.models import Follow, User
from paideia.activity.models import Fact
from paideia.communities.actions import accept_claim, claim_profile, create_community, hand_over, suspend
from paideia.communities.models import Membership, ProfileClaim
from paideia.communities.queries import members_page
from paideia.communities.refusals import InvitationSpent
from paideia.lib.refusal import Conflict, Invalid
from tests.cast import let_in, person


def names(viewer, **asked) -> list[str]:
    return [row.user.handle for row in members_page(viewer, **asked).rows]


def test_the_directory_finds_by_part_of_a_name_and_by_role(community, owner, mentor, member, viewer_of):
    User.objects.filter(pk=member.pk).update(name="Mira Chen")
    viewer = viewer_of(member)
    assert names(viewer, name="chen") == ["mira"]
    assert names(viewer, name="ME") == ["menno"]
    assert names(viewer, role="owner") == ["olga"]
    assert sorted(names(viewer)) == ["menno", "mira", "olga"]


@pytest.mark.parametrize("odd", ["%", "_", "'", "\\", "\x00"])
def test_a_search_takes_signs_as_signs(client, community, odd):
    assert client.get("/c/agora/members/", {"name": odd}).status_code == 200
    assert client.get("/c/agora/members/", {"after": odd}).status_code == 200


def test_the_suspended_and_those_who_left_are_not_listed(community, owner, member, visitor, viewer_of):
    suspend(membership=Membership.objects.get(user=member), by=owner, reason="x")
    Membership.objects.filter(user=visitor).update(left_at="2025-01-01T00:00Z")
    assert names(viewer_of(owner)) == ["olga"]


def test_a_profile_shows_who_somebody_is_and_no_address(client, community, member):
    User.objects.filter(pk=member.pk).update(bio="I read.", occupation="Reader", interests=["Plato"])
    text = client.get("/c/agora/members/MIRA/").text
    assert [word in text for word in ("I read.", "Reader", "Plato", "mira@example.org")] == [
        True,
        True,
        True,
        False,
    ]


def test_a_profile_of_somebody_elsewhere_is_not_there(client, community, stranger):
    assert client.get("/c/agora/members/stan/").status_code == 404


def test_markup_in_a_profile_is_text(client, community, member):
    User.objects.filter(pk=member.pk).update(name="<b>x</b>", bio="<script>alert(1)</script>", goals="<i>")
    text = client.get("/c/agora/members/mira/").text
    assert [mark in text for mark in ("<b>x</b>", "<script>alert", "<i>")] == [False, False, False]


def test_following_is_told_once_and_can_be_ended(sign_in, community, member, visitor):
    here = sign_in(visitor)
    for _again in range(2):
        here.post("/c/agora/members/mira/following/", {"follow": "yes"})
    assert Follow.objects.filter(follower=visitor, followed=member).count() == 1
    assert Fact.objects.filter(verb="member.followed").count() == 1
    answer = here.post("/c/agora/members/mira/following/", {"follow": "no"}, headers={"HX-Request": "true"})
    assert (Follow.objects.count(), 'id="follow"' in answer.text) == (0, True)


def test_nobody_follows_themselves(sign_in, community, member):
    assert sign_in(member).post("/c/agora/members/mira/following/", {"follow": "yes"}).status_code == 422
    with pytest.raises(IntegrityError), transaction.atomic():
        Follow.objects.create(follower=member, followed=member)


# Imported profiles


@pytest.fixture
def imported(community):
    user = User.objects.create(handle="old-timer", claimable_from="stackexchange:x:user:1")
    return let_in(community, user)


def test_an_imported_profile_shows_as_such(client, community, imported, member):
    said = "This profile came with an import"
    pages = [client.get(f"/c/agora/members/{handle}/").text for handle in ("old-timer", "mira")]
    assert [said in page for page in pages] == [True, False]


def test_a_claim_is_accepted_mailed_and_makes_the_profile_an_account(
    sign_in, client, community, imported, member, owner
):
    sign_in(member).post(
        "/c/agora/members/old-timer/claim/", {"email": "mira@example.org", "note": "I wrote it."}
    )
    claim = ProfileClaim.objects.get()
    sign_in(owner).post(f"/c/agora/manage/claims/{claim.pk}/", {"accept": "1"})
    assert mail.outbox[-1].to == ["mira@example.org"]
    path = re.search(r"http://[^/]+(/c/agora/claims/\S+)", mail.outbox[-1].body)[1]
    assert client.get(path).status_code == 200
    imported.refresh_from_db()
    assert imported.claimable_from != ""  # looking changes nothing
    assert client.post(path, {"password": "a long new password"}).status_code == 302
    imported.refresh_from_db()
    member.refresh_from_db()
    assert (imported.claimable_from, imported.email, member.email) == ("", "mira@example.org", None)
    assert client.login(email="mira@example.org", password="a long new password")
    assert client.post(path, {"password": "another password"}).status_code == 404


def test_a_claim_needs_a_reason(community, imported, member):
    with pytest.raises(Invalid):
        claim_profile(community=community, profile=imported, claimant=member, email="m@example.org", note=" ")


def test_a_profile_with_an_owner_cannot_be_claimed(community, visitor, member, sign_in):
    with pytest.raises(Conflict):
        claim_profile(community=community, profile=visitor, claimant=member, email="m@example.org", note="me")
    assert sign_in(member).get("/c/agora/members/vera/claim/").status_code == 404


def test_of_two_accepted_claims_the_first_that_is_used_wins(community, imported, member, owner):
    tokens = []
    for user in (member, person("rival")):
        claim = claim_profile(
            community=community, profile=imported, claimant=user, email=user.email, note="me"
        )
        tokens.append(accept_claim(claim=claim, by=owner)[1])
    hand_over(token=tokens[1], password="a long new password")
    with pytest.raises(InvitationSpent):
        hand_over(token=tokens[0], password="a long new password")


def test_a_key_is_dead_after_a_week(community, imported, member, owner):
    claim = claim_profile(
        community=community, profile=imported, claimant=member, email="m@example.org", note="me"
    )
    _claim, token = accept_claim(claim=claim, by=owner)
    ProfileClaim.objects.update(decided_at="2020-01-01T00:00Z")
    with pytest.raises(InvitationSpent):
        hand_over(token=token, password="a long new password")


class TestTheDatabaseRefuses:
    def test_two_open_claims_of_one_person(self, community, imported, member):
        given = {"community": community, "profile": imported, "claimant": member, "email": "m@example.org"}
        ProfileClaim.objects.create(**given)
        with pytest.raises(IntegrityError), transaction.atomic():
            ProfileClaim.objects.create(**given)

    @pytest.mark.parametrize("wrong", [{"accepted": True}, {"used_at": "2025-01-01T00:00Z"}])
    def test_a_claim_decided_or_used_by_halves(self, community, imported, member, wrong):
        with pytest.raises(IntegrityError), transaction.atomic():
            ProfileClaim.objects.create(
                community=community, profile=imported, claimant=member, email="m@example.org", **wrong
            )


# What strangers are shown follows at once


@pytest.mark.django_db(transaction=True)
def test_a_change_of_name_or_standing_makes_pages_for_strangers_anew(community, owner, member):
    def version() -> int:
        community.refresh_from_db()
        return community.version

    first = version()
    User.objects.filter(pk=member.pk).update(name="New name")
    second = version()
    suspend(membership=Membership.objects.get(user=member), by=owner, reason="x")
    third = version()
    User.objects.filter(pk=member.pk).update(unread_count=3)
    assert first < second < third == version()


def test_a_key_that_cannot_be_mailed_leaves_the_claim_open(
    sign_in, community, imported, member, owner, settings
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1
    claim = claim_profile(
        community=community, profile=imported, claimant=member, email="m@example.org", note="me"
    )
    answer = sign_in(owner).post(f"/c/agora/manage/claims/{claim.pk}/", {"accept": "1"})
    claim.refresh_from_db()
    assert (answer.status_code, claim.decided_at, claim.token_hash) == (503, None, "")


def test_the_key_to_a_profile_opens_nothing_in_another_community(client, community, imported, member, owner):
    claim = claim_profile(
        community=community, profile=imported, claimant=member, email="mira@example.org", note="I wrote it."
    )
    _claim, token = accept_claim(claim=claim, by=owner)
    create_community(by=owner, slug="stoa", name="Stoa", language="en")
    answers = [client.get(f"/c/{slug}/claims/{token}/").status_code for slug in ("stoa", "agora")]
    assert answers == [404, 200]
    assert client.post(f"/c/stoa/claims/{token}/", {"password": "a long new password"}).status_code == 404
    imported.refresh_from_db()
    claim.refresh_from_db()
    assert (imported.claimable_from, claim.used_at) == ("stackexchange:x:user:1", None)
