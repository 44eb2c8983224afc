"""The sandbox's notifications."""

from typing import Any

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from paideia.commerce.providers.sandbox import actions as sandbox
from paideia.commerce.providers.sandbox.models import SandboxCharge

AGAIN = RetryStrategy(max_attempts=8, exponential_wait=3)


@app.task(name="commerce.notify_of_sandbox_charge", retry=AGAIN)
def notify_of_sandbox_charge(token: str, failed: bool) -> None:
    """Tell the shop what became of a payment, again and again until it listens, as providers do."""
    sandbox.notify(SandboxCharge.objects.select_related("community").get(pk=token), failed=failed)


@app.task(name="commerce.tell_of_sandbox_charge", retry=AGAIN)
def tell_of_sandbox_charge(token: str, message: dict[str, Any]) -> None:
    """Tell the shop of a refund or a dispute."""
    sandbox.tell(SandboxCharge.objects.select_related("community").get(pk=token), message)
