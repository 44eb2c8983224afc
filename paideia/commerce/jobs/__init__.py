"""What a worker does for commerce, by noun."""

from paideia.commerce.jobs.orders import expire
from paideia.commerce.jobs.refunds import send, send_due
from paideia.commerce.jobs.sandbox import notify_of_sandbox_charge, tell_of_sandbox_charge

__all__ = ["expire", "notify_of_sandbox_charge", "send", "send_due", "tell_of_sandbox_charge"]
