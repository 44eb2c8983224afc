"""The cast of the tests: a community and the people in and around it.

`owner`, `admin`, `moderator`, `mentor`, `member` (paying: holds the plan `tier`), `visitor` (signed in, in the
community, pays nothing), `stranger` (signed in, not in the community). `anonymous` is a client nobody signed in to;
`sign_in(user)` gives a client for anybody; `viewer_of(user)` is what a request of theirs would see with.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.test import Client

if TYPE_CHECKING:
    from paideia.access.models import Plan
    from paideia.access.viewer import Viewer
    from paideia.accounts.models import User
    from paideia.communities.models import Community
    from paideia.spaces.models import Space

PASSWORD = "correct horse battery staple"


def person(handle: str, **fields: object) -> "User":
    """A person with a confirmed address. The hasher of tests is fast (settings: TESTING)."""
    from allauth.account.models import EmailAddress

    from paideia.accounts.models import User

    user = User.objects.create_user(handle, f"{handle}@example.org", PASSWORD, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def let_in(community: "Community", user: "User", role: str = "member") -> "User":
    """Make a person a member, as a role, whatever the community asks of others."""
    from paideia.communities.models import Membership

    Membership.objects.create(community=community, user=user, role=community.roles.get(key=role))
    return user


def viewer_of(user: "User | None", community: "Community | None" = None) -> "Viewer":
    """The viewer of a person (None: a stranger to the installation) in the test's community."""
    from paideia.access.viewer import look
    from paideia.communities.models import Community

    return look(community or Community.objects.get(slug="agora"), user)


def sign_in(user: "User") -> Client:
    """A client in which this person is signed in, without the cost of hashing."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def owner(db: None) -> "User":
    return person("olga")


@pytest.fixture
def community(owner: "User") -> "Community":
    """Public, open, English, at /c/agora/."""
    from paideia.communities.actions import create_community

    return create_community(
        by=owner, slug="agora", name="Agora", tagline="A place to learn", language="en", time_zone="UTC"
    )


@pytest.fixture
def admin(community: "Community") -> "User":
    return let_in(community, person("adam"), "admin")


@pytest.fixture
def moderator(community: "Community") -> "User":
    return let_in(community, person("mona"), "moderator")


@pytest.fixture
def mentor(community: "Community") -> "User":
    return let_in(community, person("menno"), "mentor")


@pytest.fixture
def tier(community: "Community") -> "Plan":
    """What paying members hold."""
    from paideia.access.models import Plan

    return Plan.objects.create(community=community, key="full", name="Full membership", kind=Plan.Kind.TIER)


@pytest.fixture
def member(community: "Community", tier: "Plan") -> "User":
    """Pays: holds `tier` since yesterday."""
    from datetime import timedelta

    from django.utils import timezone

    from paideia.access.models import Grant

    user = let_in(community, person("mira"))
    Grant.objects.create(
        plan=tier,
        user=user,
        starts_at=timezone.now() - timedelta(days=1),
        source="order:0",
        key=f"cast:{user.pk}",
    )
    return user


@pytest.fixture
def visitor(community: "Community") -> "User":
    """In the community, pays nothing."""
    return let_in(community, person("vera"))


@pytest.fixture
def stranger(db: None) -> "User":
    """Signed in on this installation, not in the community."""
    return person("stan")


@pytest.fixture
def anonymous(db: None) -> Client:
    return Client()


@pytest.fixture
def space(community: "Community") -> "Space":
    """Open to every member, for discussion, at /c/agora/spaces/general/."""
    from paideia.spaces.models import Space

    return Space.objects.create(
        community=community, slug="general", name="General", purpose="Whatever comes up"
    )


@pytest.fixture(name="sign_in")
def _sign_in() -> Callable[["User"], Client]:
    return sign_in


@pytest.fixture(name="viewer_of")
def _viewer_of() -> "Callable[..., Viewer]":
    return viewer_of
