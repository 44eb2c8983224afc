from paideia.communities.actions import join_community


def test_founder_is_owner(owner, community, viewer_of):
    assert viewer_of(owner).role == "owner"


def test_cast(
    community, owner, admin, moderator, mentor, member, visitor, stranger, space, sign_in, viewer_of
):
    assert [viewer_of(u).role for u in (owner, admin, moderator, mentor, member, visitor, stranger)] == [
        "owner",
        "admin",
        "moderator",
        "mentor",
        "member",
        "member",
        "",
    ]
    join_community(community=community, user=stranger)
    assert viewer_of(stranger).role == "member"
