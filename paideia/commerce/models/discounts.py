"""Coupons and redeem codes."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.commerce.models.offers import IS_ISO, Offer
from paideia.commerce.models.orders import Order
from paideia.communities.models import Community

IS_UPPER = r"^[A-Z0-9][A-Z0-9-]{2,39}$"


class Coupon(models.Model):
    """A word that lowers a price: by a percentage, or by an amount of one currency."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="coupons")
    code = models.CharField(max_length=40)  # capitals
    percent = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    amount = models.PositiveBigIntegerField(null=True, blank=True)  # minor units
    currency = models.CharField(max_length=3, blank=True)  # of the amount
    offers = models.ManyToManyField(Offer, related_name="coupons", blank=True)  # none: all
    price_min = models.PositiveBigIntegerField(default=0)  # minor units that must be reached before it
    first_period_only = models.BooleanField(default=True)  # of a subscription; else every period
    stacks = models.BooleanField(default=False)  # beside other coupons that stack
    uses_max = models.PositiveIntegerField(null=True, blank=True)
    uses_each_max = models.PositiveIntegerField(null=True, blank=True, default=1)  # of one person
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="coupon_once"),
            models.CheckConstraint(condition=models.Q(code__regex=IS_UPPER), name="coupon_code_plain"),
            models.CheckConstraint(
                condition=models.Q(percent__isnull=False, percent__range=(1, 100), amount=None, currency="")
                | (models.Q(percent=None, amount__isnull=False, amount__gte=1) & IS_ISO),
                name="coupon_percent_or_amount",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CouponUse(models.Model):
    """A coupon on an order. It counts from the placing on; it is let go when the order is not paid."""

    coupon = models.ForeignKey(Coupon, models.PROTECT, related_name="uses")
    order = models.ForeignKey(Order, models.PROTECT, related_name="coupon_uses")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    amount = models.PositiveBigIntegerField()  # minor units that came off
    released_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["coupon", "order"], name="coupon_use_once")]
        indexes = [
            models.Index(
                fields=["coupon", "user"], condition=models.Q(released_at=None), name="coupon_use_counts"
            )
        ]


class RedeemBatch(models.Model):
    """Codes that give an offer without paying here: printed cards, partners, campaigns."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="redeem_batches")
    name = models.CharField(_("name"), max_length=120)
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="redeem_batches")
    size = models.PositiveIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)  # the codes not used by then
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at", "-id"]


class RedeemCode(models.Model):
    """One code of a batch, for one person once."""

    batch = models.ForeignKey(RedeemBatch, models.PROTECT, related_name="codes")
    code = models.CharField(max_length=24, unique=True)  # 80 random bits
    used_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(used_by=None, used_at=None)
                | models.Q(used_by__isnull=False, used_at__isnull=False, revoked_at=None),
                name="redeem_code_used_whole",
            )
        ]
        indexes = [models.Index(fields=["batch"], name="redeem_code_of_batch")]
