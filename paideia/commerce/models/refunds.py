"""Money that goes back, and money that a bank took back."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.commerce.models.orders import Order


class Refund(models.Model):
    """Money going back to a buyer. Agreed and taken out of the sales in one transaction, then sent until the
    provider has it; `key` is the provider's idempotency key, so that sending again pays once.

    A refund of a charge that settled nothing (paid twice, too little) names the charge and does not touch the
    order's own money.
    """

    class State(models.TextChoices):
        AGREED = "agreed", _("To be sent")
        SENT = "sent", _("Sent, not yet confirmed")
        DONE = "done", _("Refunded")
        FAILED = "failed", _("Failed")

    class Access(models.TextChoices):
        KEPT = "kept", _("Access stays")
        SHORTENED = "shortened", _("Access ends earlier, by the share that is refunded")
        REVOKED = "revoked", _("Access ends now")

    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    key = models.CharField(max_length=40, unique=True)
    amount = models.PositiveBigIntegerField()  # minor units through the provider
    credit = models.PositiveBigIntegerField(default=0)  # minor units back to the buyer's credit
    currency = models.CharField(max_length=3)
    stray_charge_id = models.CharField(max_length=120, blank=True)  # of a charge that settled nothing
    reason = models.CharField(max_length=300)
    access = models.CharField(max_length=10, choices=Access, default=Access.REVOKED)
    state = models.CharField(max_length=10, choices=State, default=State.AGREED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)  # when the provider is asked again
    taken = models.JSONField(default=list)  # what was taken back, so that a failed refund can give it again
    provider_refund_id = models.CharField(max_length=120, blank=True)
    failure = models.CharField(max_length=300, blank=True)  # the provider's last word
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")  # None: by rule
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0) | models.Q(credit__gt=0), name="refund_of_something"
            ),
            models.CheckConstraint(
                condition=models.Q(state="done", done_at__isnull=False)
                | (~models.Q(state="done") & models.Q(done_at=None)),
                name="refund_done_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["order"], name="refund_of_order"),
            models.Index(
                fields=["next_try_at"],
                condition=models.Q(state__in=["agreed", "sent"]),
                name="refund_under_way",
            ),
            models.Index(
                fields=["provider_refund_id"],
                condition=~models.Q(provider_refund_id=""),
                name="refund_of_provider",
            ),
        ]

    @property
    def is_under_way(self) -> bool:
        return self.state in {self.State.AGREED, self.State.SENT}

    @property
    def value(self) -> int:
        """All that goes back, in minor units."""
        return self.amount + self.credit


class Exchange(models.Model):
    """The time of an order before that a change of plan took in payment. `taken` says what was left of each grant of
    it, worth `whole` minor units; `amount` of that still counts here. Refunding or disputing the change returns it."""

    order = models.OneToOneField(Order, models.PROTECT, related_name="exchange")  # the change
    taken = models.JSONField(default=list)
    whole = models.PositiveBigIntegerField()  # minor units
    amount = (
        models.PositiveBigIntegerField()
    )  # minor units; less while the payment of the order before is disputed
    returned_at = models.DateTimeField(null=True, blank=True)
    returned = models.JSONField(default=list)  # what was given, each as what was taken
    returns = models.PositiveSmallIntegerField(default=0)  # how often: names each in the keys of grants

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__lte=models.F("whole")), name="exchange_at_most_all"
            )
        ]


class Dispute(models.Model):
    """A buyer's bank takes a payment back, for now or for good. While it is open what was bought rests."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won: the money came back")
        LOST = "lost", _("Lost: the money is gone")

    order = models.ForeignKey(Order, models.PROTECT, related_name="disputes")
    dispute_id = models.CharField(max_length=120)  # the provider's
    claimed = models.PositiveBigIntegerField(db_default=0)  # minor units that the bank wants
    amount = models.PositiveBigIntegerField()  # minor units that were there to be had
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=5, choices=State, default=State.OPEN)
    state_before = models.CharField(max_length=10, choices=Order.State)  # of the order
    taken = models.JSONField(default=list)  # what rests meanwhile, so that a won dispute can give it again
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "dispute_id"], name="dispute_once"),
            models.CheckConstraint(
                condition=models.Q(state="open", closed_at=None)
                | (~models.Q(state="open") & models.Q(closed_at__isnull=False)),
                name="dispute_closed_has_time",
            ),
        ]
