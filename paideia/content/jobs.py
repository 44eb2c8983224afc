"""Scheduled work: works come out when their time has come."""

from procrastinate.contrib.django import app

from paideia.content.actions import announce_due


@app.periodic(cron="* * * * *")
@app.task(name="content.announce_due_works", pass_context=False)
def announce_due_works(timestamp: int) -> None:
    """Record the publication of what is due. Readers see a scheduled work from its minute on whether this ran
    or not; the rest of the house hears of it from here."""
    announce_due()
