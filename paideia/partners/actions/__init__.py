"""What can be done about affiliates, shares and payouts."""

from paideia.partners.actions.affiliates import (
    ProgrammeTerms,
    attribute,
    become_affiliate,
    decide_affiliate,
    save_programme,
)
from paideia.partners.actions.commissions import give_rewards, reckon_commissions, release_commissions
from paideia.partners.actions.payouts import (
    Destination,
    approve_payout,
    ask_for_payout,
    pay_payout,
    refuse_payout,
    save_payout_terms,
)
from paideia.partners.actions.shares import end_rule, run_due_shares, run_shares, save_rule

__all__ = [
    "Destination",
    "ProgrammeTerms",
    "approve_payout",
    "ask_for_payout",
    "attribute",
    "become_affiliate",
    "decide_affiliate",
    "end_rule",
    "give_rewards",
    "pay_payout",
    "reckon_commissions",
    "refuse_payout",
    "release_commissions",
    "run_due_shares",
    "run_shares",
    "save_payout_terms",
    "save_programme",
    "save_rule",
]
