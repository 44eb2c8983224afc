"""Checks about the acting person that several actions share."""

from typing import Protocol

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.commerce.models import Offer
from paideia.commerce.refusals import BuyerSuspended, JoinFirst, OfferGone, SignInFirst
from paideia.communities.actions import join_community
from paideia.communities.models import Community, Membership
from paideia.communities.refusals import Suspended
from paideia.communities.standing import suspensions_in_force
from paideia.lib.refusal import NotFound


class OfACommunity(Protocol):
    community_id: int


def must_be_here(viewer: Viewer, row: OfACommunity) -> None:
    """Raise NotFound for what belongs to another community, as for what does not exist."""
    if row.community_id != viewer.community.pk:
        raise NotFound("")


def must_be_able_to_buy(viewer: Viewer, offer: Offer) -> User:
    """The buyer. Raises SignInFirst, OfferGone, BuyerSuspended, JoinFirst."""
    must_be_here(viewer, offer)
    if viewer.user is None:
        raise SignInFirst()
    if offer.archived_at is not None:
        raise OfferGone()
    return must_be_welcome(viewer)


def must_be_welcome(viewer: Viewer) -> User:
    """Who may get something here, bought or given. Raises SignInFirst, BuyerSuspended, JoinFirst."""
    if viewer.user is None:
        raise SignInFirst()
    if viewer.is_member:
        return viewer.user
    former = Membership.objects.filter(community=viewer.community, user=viewer.user).first()
    if former and suspensions_in_force().filter(membership=former.pk).exists():
        raise BuyerSuspended()
    if not lets_buyers_in(viewer.community):
        raise JoinFirst()
    return viewer.user


def lets_buyers_in(community: Community) -> bool:
    """Whether buying alone makes one a member: where anyone can join and no question is asked."""
    return community.joining == Community.Joining.OPEN and not community.join_questions


def let_in(community: Community, buyer: User) -> None:
    """Make a buyer a member where buying does so. What was paid for is given even where it does not."""
    here = Membership.objects.filter(community=community, user=buyer, left_at=None)
    if not lets_buyers_in(community) or here.exists():
        return
    try:
        join_community(community=community, user=buyer)
    except Suspended:
        return  # suspended since the order: the plan is theirs and rests until they are back
