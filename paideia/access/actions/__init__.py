"""What can be done to plans, gates and grants."""

from paideia.access.actions.free_reads import spend_free_read
from paideia.access.actions.gates import GateTerms, remove_gate, save_gate
from paideia.access.actions.grants import cut_short, give, grant, revoke, shorten, take_back
from paideia.access.actions.milestones import reach_milestone
from paideia.access.actions.plans import archive_plan, remove_plan, restore_plan, save_plan
from paideia.access.actions.policies import add_policy, remove_policy

__all__ = [
    "GateTerms",
    "add_policy",
    "archive_plan",
    "cut_short",
    "give",
    "grant",
    "reach_milestone",
    "remove_gate",
    "remove_plan",
    "remove_policy",
    "restore_plan",
    "revoke",
    "save_gate",
    "save_plan",
    "shorten",
    "spend_free_read",
    "take_back",
]
