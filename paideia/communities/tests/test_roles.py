"""What each role may do to others: the table, and the rules above it."""

import pytest

from paideia.communities.actions import (
    accept_claim,
    accept_request,
    add_role,
    decline_claim,
    decline_request,
    edit_community,
    edit_permissions,
    edit_role,
    invite,
    lift_suspension,
    remove_role,
    revoke_invitation,
    set_role,
    suspend,
)
from paideia.communities.models import JoinRequest, Membership, ProfileClaim
from paideia.communities.permissions import PERMISSIONS
from paideia.communities.refusals import LastOwner, NotPermitted
from paideia.lib.refusal import Conflict, Invalid
from tests.cast import let_in, person

TEAM, HEADS, OWNER = ("owner", "admin", "moderator"), ("owner", "admin"), ("owner",)
TABLE = {
    "edit_community": HEADS,
    "edit_role": OWNER,
    "add_role": OWNER,
    "remove_role": OWNER,
    "set_role": TEAM,
    "suspend": TEAM,
    "lift_suspension": TEAM,
    "invite": TEAM,
    "revoke_invitation": TEAM,
    "accept_request": TEAM,
    "decline_request": TEAM,
    "accept_claim": TEAM,
    "decline_claim": TEAM,
}
CAST = (
    "owner",
    "admin",
    "moderator",
    "mentor",
    "volunteer",
    "member",
    "suspended admin",
    "former admin",
    "stranger",
)


@pytest.fixture
def cast(community, owner, admin, moderator, mentor, visitor, stranger):
    suspended = let_in(community, person("suspended"), "admin")
    suspend(membership=Membership.objects.get(user=suspended), by=owner, reason="x")
    former = let_in(community, person("former"), "admin")
    Membership.objects.filter(user=former).update(left_at="2020-01-01T00:00Z")
    volunteer = let_in(community, person("volunteer"), "volunteer")
    people = (owner, admin, moderator, mentor, volunteer, visitor, suspended, former, stranger)
    return dict(zip(CAST, people, strict=True))


@pytest.fixture
def acts(community, owner):
    """Each act on a plain member or what belongs to one, by somebody."""
    role, target = community.roles.get(key="volunteer"), let_in(community, person("target"))
    membership = Membership.objects.get(user=target)
    spare = add_role(community=community, by=owner, key="spare", name="Spare", rank=20)
    invitation, _token = invite(community=community, by=owner)
    asked = JoinRequest.objects.create(community=community, user=person("asking"))
    imported = person("imported", claimable_from="x:1")
    claim = ProfileClaim.objects.create(
        community=community, profile=imported, claimant=target, email="t@example.org", note="me"
    )
    return {
        "edit_community": lambda by: edit_community(community=community, by=by, name="X"),
        "edit_role": lambda by: edit_role(role=role, by=by, permissions=["threads.open"]),
        "add_role": lambda by: add_role(community=community, by=by, key="new", name="New", rank=20),
        "remove_role": lambda by: remove_role(role=spare, by=by),
        "set_role": lambda by: set_role(membership=membership, role=role, by=by),
        "suspend": lambda by: suspend(membership=membership, by=by, reason="x"),
        "lift_suspension": lambda by: lift_suspension(membership=membership, by=by),
        "invite": lambda by: invite(community=community, by=by),
        "revoke_invitation": lambda by: revoke_invitation(invitation=invitation, by=by),
        "accept_request": lambda by: accept_request(request=asked, by=by),
        "decline_request": lambda by: decline_request(request=asked, by=by),
        "accept_claim": lambda by: accept_claim(claim=claim, by=by),
        "decline_claim": lambda by: decline_claim(claim=claim, by=by),
    }


@pytest.mark.parametrize("name", CAST)
@pytest.mark.parametrize("act", TABLE)
def test_each_act_is_for_those_of_the_table(cast, acts, act, name):
    try:
        acts[act](cast[name])
    except NotPermitted:
        allowed = False
    else:
        allowed = True
    assert allowed == (name in TABLE[act])


@pytest.mark.parametrize("above", ["admin", "owner"])
def test_nobody_touches_who_stands_as_high_or_higher(community, admin, owner, above):
    target = let_in(community, person("target"), above)
    membership = Membership.objects.get(user=target)
    member = community.roles.get(key="member")
    for act in (
        lambda: set_role(membership=membership, role=member, by=admin),
        lambda: suspend(membership=membership, by=admin, reason="x"),
    ):
        with pytest.raises(NotPermitted):
            act()


@pytest.mark.parametrize("key", ["owner", "admin"])
def test_nobody_gives_a_role_as_high_as_their_own(community, admin, visitor, key):
    role = community.roles.get(key=key)
    with pytest.raises(NotPermitted):
        set_role(membership=Membership.objects.get(user=visitor), role=role, by=admin)
    with pytest.raises(NotPermitted):
        invite(community=community, by=admin, role=role)


def test_nobody_gives_what_they_lack(community, owner, moderator, visitor):
    mentor = community.roles.get(key="mentor")
    edit_role(role=mentor, by=owner, permissions=[*mentor.permissions, "money.view"])
    mentor.refresh_from_db()
    with pytest.raises(NotPermitted):
        set_role(membership=Membership.objects.get(user=visitor), role=mentor, by=moderator)
    with pytest.raises(NotPermitted):
        invite(community=community, by=moderator, role=mentor)


def test_who_may_edit_roles_neither_gives_nor_takes_what_they_lack(community, owner, admin):
    role = community.roles.get(key="admin")
    edit_role(role=role, by=owner, permissions=[*(set(role.permissions) - {"money.view"}), "roles.edit"])
    member = community.roles.get(key="member")
    with pytest.raises(NotPermitted):
        edit_role(role=member, by=admin, permissions=[*member.permissions, "money.view"])
    edit_role(role=member, by=admin, permissions=[*member.permissions, "spaces.manage"])


def test_who_may_edit_roles_cannot_raise_their_own(community, owner, admin):
    role = community.roles.get(key="admin")
    edit_role(role=role, by=owner, permissions=["roles.edit"])
    with pytest.raises(NotPermitted):
        edit_role(role=role, by=admin, permissions=list(PERMISSIONS))


def test_an_owner_cannot_be_locked_out(community, owner):
    role = community.roles.get(key="owner")
    with pytest.raises(NotPermitted):
        edit_role(role=role, by=owner, permissions=[])
    with pytest.raises(LastOwner):
        set_role(
            membership=Membership.objects.get(user=owner), role=community.roles.get(key="member"), by=owner
        )
    with pytest.raises(NotPermitted):
        remove_role(role=role, by=owner)


def test_owners_can_hand_a_community_on(community, owner, visitor, viewer_of):
    roles = {role.key: role for role in community.roles.all()}
    set_role(membership=Membership.objects.get(user=visitor), role=roles["owner"], by=owner)
    set_role(membership=Membership.objects.get(user=owner), role=roles["member"], by=visitor)
    assert [viewer_of(user).role for user in (owner, visitor)] == ["member", "owner"]


def test_a_permission_that_does_not_exist_is_refused(community, owner):
    with pytest.raises(Invalid):
        edit_role(role=community.roles.get(key="member"), by=owner, permissions=["world.rule"])


def test_the_table_is_saved_as_a_whole_or_not_at_all(community, owner, admin):
    roles = {role.key: role for role in community.roles.all()}
    edit_role(role=roles["admin"], by=owner, permissions=["roles.edit", "threads.open"])
    table = {roles["volunteer"].pk: {"threads.open"}, roles["member"].pk: {"money.view"}}
    before = list(roles["volunteer"].permissions)
    with pytest.raises(NotPermitted):
        edit_permissions(community=community, by=admin, table=table)
    roles["volunteer"].refresh_from_db()
    assert roles["volunteer"].permissions == before


def test_the_permission_table_holds_from_the_next_request_on(sign_in, community, owner, visitor, viewer_of):
    roles = list(community.roles.all())
    form = {f"role_{role.pk}": role.permissions for role in roles}
    member = next(role for role in roles if role.key == "member")
    form[f"role_{member.pk}"] = ["comments.post", "members.view"]
    there = sign_in(visitor)
    assert there.get("/c/agora/manage/members/").status_code == 404
    answer = sign_in(owner).post(
        "/c/agora/manage/roles/permissions/",
        {**form, "shown": [role.pk for role in roles if role.key != "owner"]},
    )
    assert answer.status_code == 302
    assert viewer_of(visitor).permissions == {"comments.post", "members.view"}
    assert there.get("/c/agora/manage/members/").status_code == 200


def test_a_role_of_ones_own_begins_as_a_member_and_goes_when_nobody_holds_it(
    community, owner, visitor, viewer_of
):
    role = add_role(community=community, by=owner, key="guide", name="Guide", rank=20)
    membership = Membership.objects.get(user=visitor)
    set_role(membership=membership, role=role, by=owner)
    assert viewer_of(visitor).permissions == set(community.roles.get(key="member").permissions)
    with pytest.raises(Conflict):
        remove_role(role=role, by=owner)
    set_role(membership=membership, role=community.roles.get(key="member"), by=owner)
    remove_role(role=role, by=owner)
    assert not community.roles.filter(key="guide").exists()


@pytest.mark.parametrize(("key", "rank"), [("guide", 10), ("guide", 100), ("guide", 0)])
def test_a_role_stands_between_member_and_owner(community, owner, key, rank):
    with pytest.raises(Invalid):
        add_role(community=community, by=owner, key=key, name="Guide", rank=rank)


def test_the_team_gives_roles_and_suspends_by_the_pages(sign_in, community, owner, visitor, viewer_of):
    here, membership = sign_in(owner), Membership.objects.get(user=visitor)
    path = f"/c/agora/manage/members/{membership.pk}/"
    assert here.get(path).status_code == 200
    here.post(f"{path}role/", {"role": community.roles.get(key="mentor").pk})
    assert viewer_of(visitor).role == "mentor"
    here.post(f"{path}suspension/", {"reason": "Spam", "days": 3})
    assert not viewer_of(visitor).is_member
    assert "Spam" in here.get(path).text
    assert "Spam" in sign_in(visitor).get("/c/agora/join/").text
    here.post(f"{path}suspension/", {"lift": "1"})
    assert viewer_of(visitor).is_member


def test_a_refusal_is_a_page_that_says_what_to_do(sign_in, community, admin, owner):
    membership = Membership.objects.get(user=owner)
    answer = sign_in(admin).post(f"/c/agora/manage/members/{membership.pk}/suspension/", {"reason": "x"})
    assert answer.status_code == 403
    assert "Ask an owner of the community" in answer.text


def test_members_of_another_community_are_not_there(sign_in, community, owner, stranger):
    from paideia.communities.actions import create_community

    create_community(by=stranger, slug="other", name="Other")
    theirs = Membership.objects.get(user=stranger)
    assert sign_in(owner).get(f"/c/agora/manage/members/{theirs.pk}/").status_code == 404
