"""Ending groups of buyers."""

from contextlib import suppress

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from paideia.commerce.models import BuyingGroup


@app.periodic(cron="* * * * *")
@app.task(name="commerce.finish_groups", queueing_lock="commerce.finish_groups")
def finish_due(timestamp: int) -> None:
    """Each minute: groups whose window has closed, and what a stopped process left behind."""
    from paideia.commerce.actions.groups import groups_to_finish

    for group in BuyingGroup.objects.filter(pk__in=groups_to_finish()):
        finish_soon(group)


@app.task(name="commerce.finish_group")
def finish(group_id: int) -> None:
    """Give everybody what they bought, or their money back."""
    from paideia.commerce.actions.groups import finish_group

    finish_group(group_id)


def finish_soon(group: BuyingGroup) -> None:
    """Once this transaction is committed."""
    name = f"group:{group.pk}"
    with suppress(AlreadyEnqueued), transaction.atomic():
        finish.configure(lock=name, queueing_lock=name).defer(group_id=group.pk)
