"""What affiliates earn by orders."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.commerce.models import Order
from paideia.communities.models import Community
from paideia.partners.models.affiliates import WHOLE, Affiliate


class Sale(models.Model):
    """A paid order that was looked at, and by whose doing it was bought, if anybody's. Decided once, when it was
    paid: what programmes and links become later changes nothing about it."""

    order = models.OneToOneField(Order, models.PROTECT, primary_key=True, related_name="sale")
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, null=True, related_name="sales")


class Commission(models.Model):
    """What one affiliate gets of one order. `full` is for all that was paid; `amount` is what stands now, after
    refunds. It is held until `release_at`, then part of the affiliate's earnings.

    Each change of `amount`, and the release, is one step with one posting: `commission:<id>:<step>`.
    """

    class Level(models.IntegerChoices):
        FIRST = 1, _("Brought the buyer")
        SECOND = 2, _("Brought who brought the buyer")

    order = models.ForeignKey(Order, models.PROTECT, related_name="commissions")
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="commissions")
    level = models.PositiveSmallIntegerField(choices=Level)
    rate = models.PositiveSmallIntegerField()  # basis points, as they were when it was earned
    full = models.PositiveBigIntegerField()  # minor units
    amount = models.PositiveBigIntegerField(default=0)  # minor units
    currency = models.CharField(max_length=3)
    steps = models.PositiveIntegerField(default=0)
    earned_at = models.DateTimeField()
    release_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-earned_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "level"], name="commission_once"),
            models.CheckConstraint(
                condition=models.Q(amount__lte=models.F("full")), name="commission_at_most_full"
            ),
            models.CheckConstraint(condition=models.Q(rate__range=(1, WHOLE)), name="commission_rate"),
        ]
        indexes = [
            models.Index(fields=["affiliate", "-earned_at"], name="commission_of_affiliate"),
            models.Index(
                fields=["release_at"], condition=models.Q(released_at=None), name="commission_to_release"
            ),
        ]


class Reward(models.Model):
    """Points for bringing a member who pays first. They are given after the hold, unless all was refunded."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="rewards")
    newcomer = models.ForeignKey(User, models.PROTECT, related_name="+")
    order = models.OneToOneField(Order, models.PROTECT, related_name="+")
    points = models.PositiveIntegerField()
    due_at = models.DateTimeField()
    given_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)  # all was refunded before it was due

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "newcomer"], name="reward_once"),
            models.CheckConstraint(condition=models.Q(points__gte=1), name="reward_of_something"),
            models.CheckConstraint(
                condition=models.Q(given_at=None) | models.Q(dropped_at=None), name="reward_given_or_not"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(given_at=None, dropped_at=None),
                name="reward_to_give",
            )
        ]
