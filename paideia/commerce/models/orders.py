"""Purchases: what was agreed and where each stands."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.commerce.models.offers import IS_ISO, Offer
from paideia.communities.models import Community

UNPAID = ["created", "awaiting", "failed", "expired"]


class Order(models.Model):
    """One purchase. What was agreed is copied onto it; later changes of the offer do not touch it.

    `total` is what the provider has to bring, `credit` what the buyer's own credit covers: together they are
    the sum of the lines. How it may change is the table in `commerce.life`.
    """

    class State(models.TextChoices):
        CREATED = "created", _("Placed")
        AWAITING = "awaiting", _("Awaiting payment")
        PAID = "paid", _("Paid")
        PARTLY_REFUNDED = "partly", _("Partly refunded")
        REFUNDED = "refunded", _("Refunded")
        DISPUTED = "disputed", _("Disputed")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Expired")

    class Kind(models.TextChoices):
        PURCHASE = "purchase", _("Purchase")
        TRIAL = "trial", _("Paid trial")
        RENEWAL = "renewal", _("Renewal")
        INSTALMENT = "instalment", _("Instalment")
        CHANGE = "change", _("Change of plan")
        GIFT = "gift", _("Gift")
        SEATS = "seats", _("Seats")
        CARD = "card", _("Gift card")
        GROUP = "group", _("Group purchase")

    community = models.ForeignKey(Community, models.PROTECT, related_name="orders")
    buyer = models.ForeignKey(User, models.PROTECT, related_name="orders")
    # None only for gift cards, which are no offer's.
    offer = models.ForeignKey(Offer, models.PROTECT, null=True, blank=True, related_name="orders")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PURCHASE)
    number = models.CharField(max_length=32, unique=True)  # shown to people and providers
    total = models.PositiveBigIntegerField()  # minor units
    credit = models.PositiveBigIntegerField(default=0)  # minor units
    currency = models.CharField(max_length=3)
    quantity = models.PositiveIntegerField(default=1)  # seats
    term = models.CharField(max_length=10, choices=Offer.Term)
    ends_at = models.DateTimeField(null=True, blank=True)  # of the term "deadline"
    renewal = models.CharField(max_length=12, choices=Offer.Renewal, default=Offer.Renewal.NONE)
    instalments = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.CREATED)
    provider = models.CharField(max_length=20)
    charge_id = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001  (unique where known)
    return_to = models.CharField(max_length=500, blank=True)  # path and line the reader came from
    refunded = models.PositiveBigIntegerField(default=0)  # minor units, of total and credit
    subscription = models.ForeignKey(
        "Subscription", models.PROTECT, null=True, blank=True, related_name="orders"
    )
    period = models.PositiveIntegerField(null=True, blank=True)  # of the subscription, from 1
    # The order whose unused time this one takes in payment.
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    # Who sent the buyer, for rooms above; what it means is theirs.
    referral_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "provider", "charge_id"], name="order_charge_once"),
            models.UniqueConstraint(
                fields=["subscription", "period"],
                condition=~models.Q(state__in=["failed", "expired"]),
                name="order_period_once",
            ),
            models.UniqueConstraint(
                fields=["replaces"],
                condition=models.Q(paid_at__isnull=False),
                name="order_replaced_once",
            ),
            models.CheckConstraint(condition=IS_ISO, name="order_currency_iso"),
            models.CheckConstraint(
                condition=models.Q(state__in=UNPAID, paid_at=None)
                | (~models.Q(state__in=UNPAID) & models.Q(paid_at__isnull=False)),
                name="order_paid_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(refunded__lte=models.F("total") + models.F("credit")),
                name="order_refunded_at_most_all",
            ),
            models.CheckConstraint(
                condition=models.Q(offer__isnull=False) | models.Q(kind="card"), name="order_has_an_offer"
            ),
            models.CheckConstraint(
                condition=models.Q(subscription=None, period=None)
                | models.Q(subscription__isnull=False, period__gte=1),
                name="order_period_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "-created_at"], name="order_newest"),
            models.Index(fields=["buyer", "-created_at"], name="order_of_buyer"),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state__in=["created", "awaiting"]),
                name="order_awaiting_expiry",
            ),
            models.Index(fields=["offer", "state"], name="order_of_offer"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def title(self) -> str:
        """What was bought, as lists call it."""
        return self.offer.name if self.offer else str(self.Kind(self.kind).label)

    @property
    def value(self) -> int:
        """All that was agreed to be paid, in minor units."""
        return self.total + self.credit

    @property
    def may_be_paid(self) -> bool:
        return self.state in {self.State.CREATED, self.State.AWAITING}


class OrderLine(models.Model):
    """One line of the sum: the price first, then what comes off it. The lines of an order add up to its value."""

    class Kind(models.TextChoices):
        PRICE = "price", _("Price")
        EARLY = "early", _("Early price")
        GROUP = "group", _("Group price")
        BAND = "band", _("Price for so many seats")
        EXTRA = "extra", _("Paid on top by choice")
        SHARE = "share", _("Only for the time until the pool ends")
        COUPON = "coupon", _("Coupon")
        UNUSED = "unused", _("Time paid before and not used")
        RETENTION = "retention", _("For staying")
        TAX = "tax", _("Tax")

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    kind = models.CharField(max_length=10, choices=Kind)
    amount = models.BigIntegerField()  # minor units, negative for what comes off
    note = models.CharField(max_length=120, blank=True)  # a coupon's code, a replaced order's number

    class Meta:
        ordering = ["id"]
