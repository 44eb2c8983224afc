"""What renews itself or is paid off, and what was said about terms that end."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.commerce.models.offers import IS_ISO, Offer
from paideia.communities.models import Community


class Subscription(models.Model):
    """Periods of an offer, one order each. Period n ends so many terms after `anchor_at` on the community's
    calendar, counted from the anchor each time, so that 31 January leads to 31 March. Where the plan was
    changed, the anchor is the moment of the change and `anchor_period` the number of periods before it.

    Instalments are periods of a month, whatever the term; after the last of them it is paid off.
    """

    class State(models.TextChoices):
        TRIAL = "trial", _("On trial")
        ACTIVE = "active", _("Active")
        PAST_DUE = "past_due", _("Payment is due")
        CANCELLED = "cancelled", _("Ends with its period")
        ENDED = "ended", _("Ended")
        PAID_OFF = "paid_off", _("Paid off")

    LIVE = (State.TRIAL, State.ACTIVE, State.PAST_DUE)

    class Reason(models.TextChoices):
        PRICE = "price", _("It costs too much")
        TIME = "time", _("I have no time for it")
        CONTENT = "content", _("I did not find what I came for")
        QUALITY = "quality", _("The quality disappointed me")
        SERVICE = "service", _("I was not helped")
        DONE = "done", _("I have what I wanted")
        OTHER = "other", _("Something else")

    community = models.ForeignKey(Community, models.PROTECT, related_name="subscriptions")
    user = models.ForeignKey(User, models.PROTECT, related_name="subscriptions")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="subscriptions")
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    price = models.PositiveBigIntegerField()  # minor units a period, as agreed
    currency = models.CharField(max_length=3)
    term = models.CharField(max_length=10, choices=Offer.Term, default=Offer.Term.MONTH)  # as agreed
    instalments = models.PositiveSmallIntegerField(default=0)  # how many in all; 0: it renews until cancelled
    ends_at = models.DateTimeField(null=True, blank=True)  # of instalments for a term "deadline"
    grace_days = models.PositiveSmallIntegerField(default=3)
    locks_price = models.BooleanField(default=True)
    provider = models.CharField(max_length=20)
    mandate_id = models.CharField(
        max_length=120, blank=True
    )  # lets the provider charge unasked; none: by hand
    anchor_at = models.DateTimeField()  # when the first period began, or the first since a change
    anchor_period = models.PositiveIntegerField(default=0)  # periods before the anchor
    period = models.PositiveIntegerField(default=0)  # periods paid
    period_ends_at = models.DateTimeField()  # until when it is paid, or tried
    # What the next period is of, where the member changed it for then.
    next_offer = models.ForeignKey(Offer, models.PROTECT, null=True, blank=True, related_name="+")
    next_price = models.PositiveBigIntegerField(null=True, blank=True)  # minor units, as it was announced
    next_price_told_at = models.DateTimeField(null=True, blank=True)
    discount_percent = models.PositiveSmallIntegerField(default=0)  # of the next `discount_periods` periods
    discount_periods = models.PositiveSmallIntegerField(default=0)
    charge_at = models.DateTimeField(null=True, blank=True)  # when the next charge is tried
    tries = models.PositiveSmallIntegerField(default=0)  # of the charge that is due
    retained_at = models.DateTimeField(null=True, blank=True)  # when the offer to stay was taken: once
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=10, choices=Reason, blank=True)
    cancel_words = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=IS_ISO, name="subscription_currency_iso"),
            models.CheckConstraint(
                condition=models.Q(state__in=["ended", "paid_off"], ended_at__isnull=False)
                | (~models.Q(state__in=["ended", "paid_off"]) & models.Q(ended_at=None)),
                name="subscription_ended_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(next_price=None, next_price_told_at=None)
                | models.Q(next_price__isnull=False, next_price_told_at__isnull=False),
                name="subscription_next_price_is_told",
            ),
            models.CheckConstraint(
                condition=models.Q(anchor_period__lte=models.F("period")),
                name="subscription_anchor_behind_period",
            ),
            models.CheckConstraint(
                condition=models.Q(discount_percent__lte=100), name="subscription_discount_percent"
            ),
            models.UniqueConstraint(
                fields=["user", "offer"],
                condition=models.Q(state__in=["trial", "active", "past_due", "cancelled"]),
                name="subscription_one_each",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "state"], name="subscription_of_community"),
            models.Index(
                fields=["charge_at"],
                condition=models.Q(charge_at__isnull=False),
                name="subscription_to_charge",
            ),
            models.Index(
                fields=["period_ends_at"],
                condition=models.Q(state="cancelled"),
                name="subscription_to_end",
            ),
        ]

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE


class Rest(models.Model):
    """The time in which a suspended member's terms and subscriptions rest: nothing is charged, and what was paid for
    is given when it is over. `until` None: it is not over."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "user"], condition=models.Q(until=None), name="rest_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")),
                name="rest_ends_after_it_began",
            ),
        ]


class RetentionOffer(models.Model):
    """What a community gives to those who want to leave, and to those who left. 0: nothing."""

    community = models.OneToOneField(
        Community, models.CASCADE, primary_key=True, related_name="retention_offer"
    )
    percent = models.PositiveSmallIntegerField(_("percent off"), default=0)
    periods = models.PositiveSmallIntegerField(_("for how many periods"), default=1)
    win_back_percent = models.PositiveSmallIntegerField(_("percent off for who comes back"), default=0)
    win_back_periods = models.PositiveSmallIntegerField(_("for how many periods"), default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent__range=(0, 100), win_back_percent__range=(0, 100)),
                name="retention_percent",
            ),
            models.CheckConstraint(
                condition=models.Q(periods__range=(1, 36), win_back_periods__range=(1, 36)),
                name="retention_periods",
            ),
        ]


class Reminder(models.Model):
    """Something said once about a term that ends: which step of the ladder, about which end."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    plan_id = models.BigIntegerField()
    step = models.CharField(max_length=12)  # "D-30", "D-7", "D-1", "D+3", "win-back"
    ends_at = models.DateTimeField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "plan_id", "step", "ends_at"], name="reminder_once")
        ]
