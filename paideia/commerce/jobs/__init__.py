"""What a worker does for commerce, by noun."""

from paideia.commerce.jobs.groups import finish_due
from paideia.commerce.jobs.orders import ask, expire
from paideia.commerce.jobs.presents import deliver_presents, end_cards
from paideia.commerce.jobs.refunds import send, send_due
from paideia.commerce.jobs.renewals import remind, renew_all, renew_one
from paideia.commerce.jobs.sandbox import notify_of_sandbox_charge, tell_of_sandbox_charge

__all__ = [
    "ask",
    "deliver_presents",
    "end_cards",
    "expire",
    "finish_due",
    "notify_of_sandbox_charge",
    "remind",
    "renew_all",
    "renew_one",
    "send",
    "send_due",
    "tell_of_sandbox_charge",
]
