"""Sending refunds, until the provider has them."""

from contextlib import suppress

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from paideia.commerce.actions.sending import refunds_due, send_refund


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
        send_soon(refund_id)


def send_soon(refund_id: int) -> None:
    """Let a worker send it once this transaction is committed. Asked twice, it is sent by one."""
    with (
        suppress(AlreadyEnqueued),
        transaction.atomic(),
    ):  # a refused row must not end the caller's transaction
        job = send.configure(lock=f"refund:{refund_id}", queueing_lock=f"refund:{refund_id}")
        job.defer(refund_id=refund_id)
