"""Ending groups of buyers."""

from procrastinate.contrib.django import app

from paideia.commerce.actions.groups import finish_group, groups_to_finish
from paideia.commerce.models import BuyingGroup
from paideia.commerce.soon import finish_group_soon


@app.periodic(cron="* * * * *")
@app.task(name="commerce.finish_groups", queueing_lock="commerce.finish_groups")
def finish_due(timestamp: int) -> None:
    """Each minute: groups whose window has closed, and what a stopped process left behind."""
    for group in BuyingGroup.objects.filter(pk__in=groups_to_finish()):
        finish_group_soon(group)


@app.task(name="commerce.finish_group")
def finish(group_id: int) -> None:
    """Give everybody what they bought, or their money back."""
    finish_group(group_id)
