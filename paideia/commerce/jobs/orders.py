"""Scheduled work on orders."""

from procrastinate.contrib.django import app

from paideia.commerce.actions import expire_orders
from paideia.commerce.actions.asking import ask_about_waiting
from paideia.commerce.actions.orders import EXPIRE_AT_ONCE_MAX


@app.periodic(cron="*/5 * * * *")
@app.task(name="commerce.expire_orders", queueing_lock="commerce.expire_orders")
def expire(timestamp: int) -> None:
    """Every five minutes: close orders that nobody paid in time."""
    while expire_orders() == EXPIRE_AT_ONCE_MAX:
        pass


@app.periodic(cron="2-59/5 * * * *")
@app.task(name="commerce.ask_about_orders", queueing_lock="commerce.ask_about_orders")
def ask(timestamp: int) -> None:
    """Every five minutes, before the next orders expire: what became of those that wait."""
    ask_about_waiting()
