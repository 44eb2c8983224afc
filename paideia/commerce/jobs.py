"""Scheduled work on orders, and the sandbox's notifications."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from paideia.commerce.actions import expire_orders
from paideia.commerce.actions.orders import EXPIRE_AT_ONCE_MAX
from paideia.commerce.providers.sandbox import actions as sandbox
from paideia.commerce.providers.sandbox.models import SandboxCharge


@app.periodic(cron="*/5 * * * *")
@app.task(name="commerce.expire_orders", queueing_lock="commerce.expire_orders")
def expire(timestamp: int) -> None:
    """Every five minutes: close orders that nobody paid in time."""
    while expire_orders() == EXPIRE_AT_ONCE_MAX:
        pass


@app.task(name="commerce.notify_of_sandbox_charge", retry=RetryStrategy(max_attempts=8, exponential_wait=3))
def notify_of_sandbox_charge(token: str, failed: bool) -> None:
    """Tell the shop what became of a payment, again and again until it listens, as providers do."""
    sandbox.notify(SandboxCharge.objects.select_related("community").get(pk=token), failed=failed)
