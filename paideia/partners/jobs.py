"""Daily: what is due to partners."""

from procrastinate.contrib.django import app

from paideia.partners.actions.commissions import AT_ONCE_MAX, give_rewards, release_commissions
from paideia.partners.actions.shares import run_due_shares


@app.periodic(cron="10 3 * * *")
@app.task(name="partners.release", queueing_lock="partners.release")
def release(timestamp: int) -> None:
    """Release commissions whose hold is over, and give the points that are due."""
    while release_commissions() == AT_ONCE_MAX:
        pass
    while give_rewards() == AT_ONCE_MAX:
        pass


@app.periodic(cron="40 3 * * *")
@app.task(name="partners.share", queueing_lock="partners.share")
def share(timestamp: int) -> None:
    """From the third day of a month on: the statements of the month before, once for each community."""
    run_due_shares()
