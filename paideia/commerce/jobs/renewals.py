"""Renewals every few minutes, and once a day what is said about terms that end."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from paideia.commerce.actions.reminding import remind_all
from paideia.commerce.actions.renewing import ask_after, end_cancelled, renew, subscriptions_due
from paideia.commerce.actions.rests import begin_and_end_rests
from paideia.lib.soon import soon


@app.task(name="commerce.renew")
def renew_one(subscription_id: int) -> None:
    """Renew one subscription, if it is still due."""
    renew(subscription_id)


@app.task(name="commerce.ask_after", retry=RetryStrategy(max_attempts=12, exponential_wait=4))
def ask(order_id: int) -> None:
    """Take in what became of an order that nobody waits for any more."""
    ask_after(order_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="commerce.renew_all", queueing_lock="commerce.renew_all")
def renew_all(timestamp: int) -> None:
    """Every five minutes: a job for each due renewal, so that one that breaks stops no other, and the end of what
    was cancelled; before that, what rests while members are suspended."""
    begin_and_end_rests()
    for subscription_id in subscriptions_due():
        soon("commerce.renew", about=f"subscription:{subscription_id}", subscription_id=subscription_id)
    end_cancelled()


@app.periodic(cron="7 * * * *")
@app.task(name="commerce.remind", queueing_lock="commerce.remind")
def remind(timestamp: int) -> None:
    """Every hour, for the communities where it is morning: who holds something that ends, and new prices."""
    remind_all()
