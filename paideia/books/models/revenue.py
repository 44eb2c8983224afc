"""Recurring revenue by month, as the nightly job reckoned it."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from paideia.commerce.models.offers import IS_ISO
from paideia.communities.models import Community


class RevenueMonth(models.Model):
    """How monthly recurring revenue moved from one month's beginning to the next (to `until` for a month that is
    not over), in minor units: opening + new + returned + expansion - contraction - churn = closing."""

    community = models.ForeignKey(Community, models.CASCADE, related_name="revenue_months")
    currency = models.CharField(max_length=3)
    month = models.DateField()  # its first day, on the community's calendar
    until = models.DateTimeField()  # the moment that `closing` is of
    opening = models.PositiveBigIntegerField()
    new = models.PositiveBigIntegerField()
    returned = models.PositiveBigIntegerField()
    expansion = models.PositiveBigIntegerField()
    contraction = models.PositiveBigIntegerField()
    churn = models.PositiveBigIntegerField()
    closing = models.PositiveBigIntegerField()
    payers_opening = models.PositiveIntegerField()
    payers_lost = models.PositiveIntegerField()
    reckoned_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["month"]
        constraints = [
            models.UniqueConstraint(fields=["community", "currency", "month"], name="revenue_month_once"),
            models.CheckConstraint(condition=IS_ISO, name="revenue_month_currency_iso"),
            models.CheckConstraint(condition=Q(month__day=1), name="revenue_month_begins"),
            models.CheckConstraint(
                condition=Q(
                    closing=F("opening")
                    + F("new")
                    + F("returned")
                    + F("expansion")
                    - F("contraction")
                    - F("churn")
                ),
                name="revenue_month_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(payers_lost__lte=F("payers_opening")), name="revenue_month_loses_who_was_there"
            ),
        ]
