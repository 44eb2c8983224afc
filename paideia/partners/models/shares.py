"""Authors' shares of what is sold, and the monthly statements of them."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.commerce.models import Offer
from paideia.communities.models import Community
from paideia.partners.models.affiliates import WHOLE


class ShareRule(models.Model):
    """Whose a part of certain sales is: one person's, or a pool's that is divided by what members read."""

    class Kind(models.TextChoices):
        FIXED = "fixed", _("A fixed share to one person")
        POOL = "pool", _("A pool, divided by what members read")

    community = models.ForeignKey(Community, models.PROTECT, related_name="share_rules")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=5, choices=Kind)
    rate = (
        models.PositiveSmallIntegerField()
    )  # basis points of the sales, after refunds, fees and commissions
    offers = models.ManyToManyField(Offer, blank=True, related_name="+")  # none: all of them
    person = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    # Of a pool: what one member's reading of one work counts on one day at most, so that nobody inflates it.
    day_seconds_max = models.PositiveIntegerField(default=1800)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(rate__range=(1, WHOLE)), name="share_rate"),
            models.CheckConstraint(
                condition=models.Q(kind="fixed", person__isnull=False) | models.Q(kind="pool", person=None),
                name="share_fixed_has_a_person",
            ),
            models.CheckConstraint(
                condition=models.Q(day_seconds_max__range=(60, 86_400)), name="share_day_limited"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ShareRun(models.Model):
    """The shares of one community for one month: reckoned and booked once, all or nothing."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="share_runs")
    month = models.DateField()  # its first day, in the community's time zone
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-month"]
        constraints = [
            models.UniqueConstraint(fields=["community", "month"], name="share_run_once"),
            models.CheckConstraint(condition=models.Q(month__day=1), name="share_run_month_begins"),
        ]


class RuleResult(models.Model):
    """What a rule came to in a run. What refunds of earlier months took below zero is carried on."""

    run = models.ForeignKey(ShareRun, models.PROTECT, related_name="results")
    rule = models.ForeignKey(ShareRule, models.PROTECT, related_name="results")
    currency = models.CharField(max_length=3)
    net = models.BigIntegerField()  # minor units that the sales grew by in the month
    carried = models.BigIntegerField(default=0)  # minor units, at most 0, from the run before
    pot = models.PositiveBigIntegerField()  # minor units that were given out
    carries = models.BigIntegerField(default=0)  # minor units, at most 0, to the next run

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "rule", "currency"], name="rule_result_once"),
            models.CheckConstraint(
                condition=models.Q(carried__lte=0, carries__lte=0), name="rule_result_carries_debts"
            ),
        ]


class Statement(models.Model):
    """What one person gets of one run, in one currency: the sum of its lines."""

    run = models.ForeignKey(ShareRun, models.PROTECT, related_name="statements")
    user = models.ForeignKey(User, models.PROTECT, related_name="statements")
    currency = models.CharField(max_length=3)
    amount = models.PositiveBigIntegerField()  # minor units

    class Meta:
        ordering = ["-run__month", "currency"]
        constraints = [
            models.UniqueConstraint(fields=["run", "user", "currency"], name="statement_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=1), name="statement_of_something"),
        ]


class StatementLine(models.Model):
    """One rule's part of a statement, with what it was reckoned from."""

    statement = models.ForeignKey(Statement, models.PROTECT, related_name="lines")
    rule = models.ForeignKey(ShareRule, models.PROTECT, related_name="+")
    base = models.BigIntegerField()  # minor units that the rule's rate is of
    pot = models.PositiveBigIntegerField()  # minor units to divide
    seconds = models.PositiveBigIntegerField(default=0)  # of reading that counted for this person; 0: fixed
    seconds_in_all = models.PositiveBigIntegerField(default=0)
    amount = models.PositiveBigIntegerField()  # minor units

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["statement", "rule"], name="statement_line_once")]
