"""Making spaces, changing them, and who may."""

import pytest
from django.apps import apps
from django.utils import timezone

from paideia.access.models import Gate
from paideia.spaces.actions import (
    archive_space,
    create_space,
    edit_space,
    join_space,
    order_spaces,
    restore_space,
)
from paideia.spaces.models import Space
from paideia.spaces.queries import spaces_for
from paideia.spaces.refusals import AddressTaken, NoSuchSpace, NotPermitted, OpenWorksInside

MAY = {"owner": True, "admin": True, "moderator": False, "mentor": False, "member": False, "stranger": False}


@pytest.fixture
def cast(owner, admin, moderator, mentor, member, stranger):
    people = {"owner": owner, "admin": admin, "moderator": moderator, "mentor": mentor}
    return {**people, "member": member, "stranger": stranger}


def tried(act) -> bool:
    try:
        act()
    except NotPermitted:
        return False
    return True


@pytest.mark.parametrize("name", MAY)
def test_only_those_who_may_change_spaces(cast, space, viewer_of, name):
    viewer = viewer_of(cast[name])
    acts = {
        "create": lambda: create_space(viewer=viewer, name="New"),
        "edit": lambda: edit_space(viewer=viewer, space=space, name="Other"),
        "archive": lambda: archive_space(viewer=viewer, space=space),
        "restore": lambda: restore_space(viewer=viewer, space=space),
        "order": lambda: order_spaces(viewer=viewer, ids=[space.pk]),
    }
    assert {act: tried(do) for act, do in acts.items()} == dict.fromkeys(acts, MAY[name])


def test_pages_of_the_team_are_there_for_those_who_may(cast, space, sign_in):
    paths = ["manage/spaces/", "manage/spaces/new/", f"manage/spaces/{space.pk}/"]
    for name, user in cast.items():
        seen = [sign_in(user).get(f"/c/agora/{path}").status_code for path in paths]
        assert seen == [200 if MAY[name] else 404] * 3, name


def test_an_address_is_made_of_the_name_and_differs(owner, community, viewer_of):
    made = [create_space(viewer=viewer_of(owner), name="读书会").slug for _again in range(2)]
    assert made == ["读书会", "读书会-2"]


def test_an_address_belongs_to_one_space(owner, space, viewer_of):
    with pytest.raises(AddressTaken):
        create_space(viewer=viewer_of(owner), name="Other", slug="general")


def test_a_space_of_another_community_is_not_there(owner, space, viewer_of):
    from paideia.communities.actions import create_community

    other = create_community(by=owner, slug="other", name="Other")
    with pytest.raises(NoSuchSpace):
        edit_space(viewer=viewer_of(owner, other), space=space, name="Mine")


def test_spaces_stand_in_the_order_given(owner, community, viewer_of):
    viewer = viewer_of(owner)
    one, two, three = (create_space(viewer=viewer, name=name) for name in ("One", "Two", "Three"))
    order_spaces(viewer=viewer, ids=[three.pk, one.pk])
    assert [row.name for row in spaces_for(viewer)] == ["Three", "One", "Two"]
    assert two.position == 1


def test_an_archived_space_is_not_listed_until_it_is_restored(owner, space, viewer_of):
    archive_space(viewer=viewer_of(owner), space=space)
    assert spaces_for(viewer_of(owner)) == []
    restore_space(viewer=viewer_of(owner), space=space)
    assert [row.name for row in spaces_for(viewer_of(owner))] == ["General"]


def documents():
    """What stands in spaces belongs to a room above, which this one does not import."""
    return apps.get_model("content", "Document").objects


@pytest.fixture
def article(owner, space, community):
    return documents().create(
        community=community, kind="article", author=owner, title="T", space=space, published_at=timezone.now()
    )


def readable(user, viewer_of) -> int:
    return documents().visible_to(viewer_of(user)).count()


def test_what_stands_in_a_space_goes_behind_its_new_gate_at_once(
    article, owner, member, visitor, tier, space, viewer_of
):
    gate = Gate.objects.create(community=space.community, name="Paying")
    gate.plans.set([tier])
    edit_space(viewer=viewer_of(owner), space=space, gate=gate, change_gate=True)
    assert [readable(user, viewer_of) for user in (member, visitor)] == [1, 0]
    edit_space(viewer=viewer_of(owner), space=space, gate=None, change_gate=True)
    assert [readable(user, viewer_of) for user in (member, visitor)] == [1, 1]


def test_a_space_that_becomes_a_circle_closes_what_is_in_it(
    article, owner, member, visitor, space, viewer_of
):
    edit_space(viewer=viewer_of(owner), space=space, joining="open")
    assert [readable(user, viewer_of) for user in (member, visitor)] == [0, 0]
    join_space(viewer=viewer_of(member), space=Space.objects.get(pk=space.pk))
    assert [readable(user, viewer_of) for user in (member, visitor)] == [1, 0]
    edit_space(viewer=viewer_of(owner), space=space, joining="everybody")
    assert [readable(user, viewer_of) for user in (member, visitor)] == [1, 1]


def test_a_gate_is_not_put_above_works_that_let_others_read(article, owner, tier, space, viewer_of):
    own, new = (Gate.objects.create(community=space.community, name=name) for name in ("Own", "New"))
    documents().update(gate=own)
    with pytest.raises(OpenWorksInside):
        edit_space(viewer=viewer_of(owner), space=space, gate=new, change_gate=True)
    assert documents().get().gate == own


def test_changing_who_may_read_needs_the_right_to_change_access(
    owner, moderator, space, community, viewer_of
):
    role = community.roles.get(key="moderator")
    role.permissions = [*role.permissions, "spaces.manage"]
    role.save()
    edit_space(viewer=viewer_of(moderator), space=space, name="Renamed")
    with pytest.raises(NotPermitted):
        edit_space(viewer=viewer_of(moderator), space=space, joining="open")


def test_the_list_of_spaces_takes_one_query_however_many_there_are(
    owner, community, viewer_of, django_assert_num_queries
):
    viewer = viewer_of(owner)
    create_space(viewer=viewer, name="One", joining="open")
    with django_assert_num_queries(1):
        spaces_for(viewer)
    for number in range(30):
        create_space(viewer=viewer, name=f"Circle {number}", joining="open")
    viewer = viewer_of(owner)
    with django_assert_num_queries(1):
        assert len(spaces_for(viewer)) == 31


def test_a_space_is_made_and_changed_by_forms(owner, community, sign_in):
    here = sign_in(owner)
    given = {"name": "Poets", "kind": "discussion", "joining": "approval", "shows": "title"}
    assert here.post("/c/agora/manage/spaces/new/", given).status_code == 302
    space = Space.objects.get()
    asked = {**given, "name": "Writers", "join_questions": "Why?\nWhat?"}
    assert here.post(f"/c/agora/manage/spaces/{space.pk}/", asked).status_code == 302
    space.refresh_from_db()
    assert (space.name, space.join_questions) == ("Writers", ["Why?", "What?"])
    assert here.get(f"/c/agora/manage/spaces/{space.pk}/").status_code == 200


def test_the_way_into_a_circle_by_the_pages(owner, member, community, sign_in, viewer_of):
    space = create_space(viewer=viewer_of(owner), name="诗", joining="approval", join_questions=["Why?"])
    path, here = f"/c/agora/spaces/{space.slug}/membership/", sign_in(member)
    assert here.get(path).status_code == 200
    here.post(path, {"answer_0": "I write."})
    request = space.requests.get()
    sign_in(owner).post(f"/c/agora/manage/spaces/requests/{request.pk}/", {"accept": "1"})
    assert viewer_of(member).can_open(space.gate_id)
    here.post(f"/c/agora/spaces/{space.slug}/leaving/")
    assert not viewer_of(member).can_open(space.gate_id)
