"""Gift cards: money paid before it is spent. What is on a card, and what a person has, lies in the ledger."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from paideia.accounts.models import User
from paideia.commerce.models.offers import IS_ISO
from paideia.commerce.models.orders import Order
from paideia.communities.models import Community


class GiftCard(models.Model):
    """An amount behind a code. Whoever redeems it has it as credit; the ledger's account `card:<id>` holds what
    is left on it until then."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="gift_cards")
    code = models.CharField(max_length=24, unique=True)  # 80 random bits
    amount = models.PositiveBigIntegerField()  # minor units, when it was made
    currency = models.CharField(max_length=3)
    order = models.OneToOneField(Order, models.PROTECT, null=True, blank=True, related_name="gift_card")
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+")  # who bought it, or of the team
    recipient_email = models.EmailField(blank=True)
    message = models.CharField(max_length=500, blank=True)
    deliver_at = models.DateTimeField(null=True, blank=True)  # by mail; none: it is handed over by its buyer
    delivered_at = models.DateTimeField(null=True, blank=True)
    redeemed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    redeemed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=IS_ISO, name="gift_card_currency_iso"),
            models.CheckConstraint(condition=models.Q(amount__gte=1), name="gift_card_holds_something"),
            models.CheckConstraint(
                condition=models.Q(redeemed_by=None, redeemed_at=None)
                | models.Q(redeemed_by__isnull=False, redeemed_at__isnull=False),
                name="gift_card_redeemed_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["deliver_at"],
                condition=models.Q(delivered_at=None, deliver_at__isnull=False),
                name="gift_card_to_deliver",
            )
        ]

    @property
    def account(self) -> tuple[str, str]:
        """Owner and kind of the ledger's account that holds what is on it."""
        return f"card:{self.pk}", "balance"


class CardTerms(models.Model):
    """Which gift cards a community sells: none where there is no row, or no amounts."""

    community = models.OneToOneField(Community, models.CASCADE, primary_key=True, related_name="card_terms")
    currency = models.CharField(max_length=3)
    amounts = ArrayField(models.PositiveBigIntegerField(), default=list, blank=True)  # minor units
    valid_months = models.PositiveSmallIntegerField(default=0)  # from the payment on; 0: for good

    class Meta:
        constraints = [models.CheckConstraint(condition=IS_ISO, name="card_terms_currency_iso")]
