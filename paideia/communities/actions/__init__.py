"""What can be done to communities and the people in them."""

from paideia.communities.actions.claims import (
    accept_claim,
    claim_profile,
    decline_claim,
    hand_over,
    reopen_claim,
)
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
from paideia.communities.actions.roles import add_role, edit_permissions, edit_role, remove_role

__all__ = [
    "accept_claim",
    "accept_request",
    "add_role",
    "claim_profile",
    "create_community",
    "decline_claim",
    "decline_request",
    "edit_community",
    "edit_permissions",
    "edit_role",
    "hand_over",
    "invite",
    "join_community",
    "leave_community",
    "lift_suspension",
    "remove_role",
    "reopen_claim",
    "revoke_invitation",
    "set_role",
    "suspend",
    "withdraw_request",
]
