"""What can be done to spaces and the people in circles."""

from paideia.spaces.actions.circles import (
    accept_space_request,
    decline_space_request,
    join_space,
    leave_space,
    withdraw_space_request,
)
from paideia.spaces.actions.places import archive_space, create_space, edit_space, order_spaces, restore_space

__all__ = [
    "accept_space_request",
    "archive_space",
    "create_space",
    "decline_space_request",
    "edit_space",
    "join_space",
    "leave_space",
    "order_spaces",
    "restore_space",
    "withdraw_space_request",
]
