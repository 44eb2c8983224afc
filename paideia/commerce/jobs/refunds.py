"""Sending refunds, until the provider has them."""

from procrastinate.contrib.django import app

from paideia.commerce.actions.sending import refunds_due, send_refund
from paideia.commerce.soon import send_refund_soon


@app.task(name="commerce.send_refund")
def send(refund_id: int) -> None:
    """Send one refund, or ask what became of it."""
    send_refund(refund_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="commerce.send_refunds", queueing_lock="commerce.send_refunds")
def send_due(timestamp: int) -> None:
    """Every five minutes: those whose turn it is, also what a stopped process left behind. One job each, so that
    one that breaks stops no other."""
    for refund_id in refunds_due():
        send_refund_soon(refund_id)
