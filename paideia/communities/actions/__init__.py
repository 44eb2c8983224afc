"""What can be done to communities and the people in them."""

from paideia.communities.actions.founding import create_community, edit_community
from paideia.communities.actions.invitations import invite, revoke_invitation
from paideia.communities.actions.joining import (
    accept_request,
    decline_request,
    join_community,
    leave_community,
    withdraw_request,
)
from paideia.communities.actions.members import lift_suspension, set_role, suspend
from paideia.communities.actions.roles import add_role, edit_role, remove_role

__all__ = [
    "accept_request",
    "add_role",
    "create_community",
    "decline_request",
    "edit_community",
    "edit_role",
    "invite",
    "join_community",
    "leave_community",
    "lift_suspension",
    "remove_role",
    "revoke_invitation",
    "set_role",
    "suspend",
    "withdraw_request",
]
