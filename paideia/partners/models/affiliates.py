"""Who recommends a community, on which terms, and whom they brought."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.commerce.models import Offer
from paideia.communities.models import Community

WHOLE = 10_000  # basis points


class Programme(models.Model):
    """What a community gives to those who bring buyers. Rates are basis points of what was paid."""

    class Joining(models.TextChoices):
        EVERYBODY = "everybody", _("Every member, at once")
        APPROVAL = "approval", _("Who asks and is approved")

    community = models.OneToOneField(Community, models.CASCADE, primary_key=True, related_name="programme")
    is_open = models.BooleanField(default=False)
    joining = models.CharField(max_length=10, choices=Joining, default=Joining.APPROVAL)
    rate_first = models.PositiveSmallIntegerField(default=1000)  # basis points to who brought the buyer
    rate_second = models.PositiveSmallIntegerField(default=0)  # basis points to who brought that one
    hold_days = models.PositiveSmallIntegerField(default=30)  # before a commission can be paid out
    cookie_days = models.PositiveSmallIntegerField(default=30)  # how long a link counts
    pays_renewals = models.BooleanField(default=False)  # else the first payment of a subscription only
    offers = models.ManyToManyField(Offer, blank=True, related_name="+")  # none: all of them
    reward_points = models.PositiveIntegerField(default=0)  # points for each new member who pays first

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rate_first__lte=WHOLE - models.F("rate_second")),
                name="programme_gives_at_most_all",
            ),
            models.CheckConstraint(
                condition=models.Q(cookie_days__range=(1, 365), hold_days__lte=365),
                name="programme_days_in_range",
            ),
        ]


class Affiliate(models.Model):
    """A member who recommends the community by a code. `brought_by` recommended it to them: the second level."""

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for approval")
        ACTIVE = "active", _("Active")
        REFUSED = "refused", _("Refused")
        CLOSED = "closed", _("Closed")

    community = models.ForeignKey(Community, models.PROTECT, related_name="affiliates")
    user = models.ForeignKey(User, models.PROTECT, related_name="affiliations")
    code = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    words = models.CharField(max_length=500, blank=True)  # how they want to recommend it
    brought_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="brought")
    asked_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "user"], name="affiliate_once"),
            models.UniqueConstraint(fields=["community", "code"], name="affiliate_code_once"),
            models.CheckConstraint(
                condition=models.Q(code__regex=r"^[A-Z0-9]{4,20}$"), name="affiliate_code_form"
            ),
            models.CheckConstraint(
                condition=models.Q(brought_by=None) | ~models.Q(brought_by=models.F("id")),
                name="affiliate_not_by_themselves",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE


class ClickDay(models.Model):
    """How often an affiliate's link was opened on one day. Nothing about who opened it."""

    affiliate = models.ForeignKey(Affiliate, models.CASCADE, related_name="clicks")
    day = models.DateField()  # in the community's time zone
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["affiliate", "day"], name="click_day_once")]


class Attribution(models.Model):
    """A new person came by an affiliate's link. The first link counts."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="attributions")
    at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()  # payments until then count, where the order itself names no code

    class Meta:
        constraints = [models.UniqueConstraint(fields=["community", "user"], name="attribution_once")]
