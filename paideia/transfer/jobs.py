"""Imports that were handed in on a page. A worker that dies leaves the job to the next, which resumes it."""

from procrastinate.contrib.django import app

from .actions import bring_in


@app.task(name="transfer.bring_in_delivery")
def bring_in_delivery(delivery_id: int) -> None:
    bring_in(delivery_id)
