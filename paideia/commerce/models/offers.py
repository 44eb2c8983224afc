"""What is sold, and on which terms."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.access.models import Plan
from paideia.communities.models import Community

PRICE_MAX = 10**12  # minor units
IS_ISO = models.Q(currency__regex=r"^[A-Z]{3}$")


class Offer(models.Model):
    """A price for plans. An offer that was sold is archived, never deleted."""

    class Term(models.TextChoices):
        LIFETIME = "lifetime", _("For good")
        MONTH = "month", _("One month")
        QUARTER = "quarter", _("Three months")
        YEAR = "year", _("One year")
        DEADLINE = "deadline", _("Until a fixed day")

    class Renewal(models.TextChoices):
        NONE = "none", _("Paid once")
        AUTOMATIC = "automatic", _("Renewed by itself until cancelled")
        INSTALMENTS = "instalments", _("Paid in monthly instalments")

    community = models.ForeignKey(Community, models.PROTECT, related_name="offers")
    name = models.CharField(_("name"), max_length=120)
    summary = models.CharField(_("summary"), max_length=300, blank=True)
    plans = models.ManyToManyField(Plan, related_name="offers")
    price = models.PositiveBigIntegerField(_("price"))  # minor units: of a term, an instalment or a seat
    currency = models.CharField(_("currency"), max_length=3)
    price_is_minimum = models.BooleanField(_("the buyer may pay more"), default=False)  # pay what you want
    term = models.CharField(_("term"), max_length=10, choices=Term, default=Term.LIFETIME)
    ends_at = models.DateTimeField(null=True, blank=True)  # of the term "deadline"
    renewal = models.CharField(max_length=12, choices=Renewal, default=Renewal.NONE)
    instalments = models.PositiveSmallIntegerField(default=0)  # how many, the first included
    locks_price = models.BooleanField(
        default=True
    )  # renewals cost what was agreed, whatever it costs by then
    grace_days = models.PositiveSmallIntegerField(default=3)  # after a period, while its renewal is tried
    trial_days = models.PositiveSmallIntegerField(_("trial days"), default=0)
    trial_price = models.PositiveBigIntegerField(default=0)  # minor units; 0: the trial is free
    early_price = models.PositiveBigIntegerField(null=True, blank=True)  # minor units, until `early_until`
    early_until = models.DateTimeField(null=True, blank=True)
    on_sale_from = models.DateTimeField(null=True, blank=True)
    on_sale_until = models.DateTimeField(null=True, blank=True)
    quantity_max = models.PositiveIntegerField(null=True, blank=True)  # places in all; none: no limit
    group_size = models.PositiveSmallIntegerField(default=0)  # buyers who get `group_price` together; 0: none
    group_price = models.PositiveBigIntegerField(null=True, blank=True)
    is_for_seats = models.BooleanField(default=False)  # sold by seats to a manager who gives them out
    hidden_key = models.CharField(max_length=43, blank=True)  # not listed: only who has the link may buy
    position = models.PositiveSmallIntegerField(default=0)
    highlighted = models.BooleanField(_("recommended"), default=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["position", "price", "id"]
        constraints = [
            models.CheckConstraint(condition=IS_ISO, name="offer_currency_iso"),
            models.CheckConstraint(condition=models.Q(price__lte=PRICE_MAX), name="offer_price_has_a_limit"),
            models.CheckConstraint(
                condition=models.Q(term="deadline", ends_at__isnull=False)
                | (~models.Q(term="deadline") & models.Q(ends_at=None)),
                name="offer_deadline_has_a_day",
            ),
            models.CheckConstraint(
                condition=~models.Q(renewal="automatic") | models.Q(term__in=["month", "quarter", "year"]),
                name="offer_renewal_needs_a_term",
            ),
            models.CheckConstraint(
                condition=models.Q(renewal="instalments", instalments__range=(2, 36))
                | (~models.Q(renewal="instalments") & models.Q(instalments=0)),
                name="offer_instalments_are_counted",
            ),
            models.CheckConstraint(
                condition=models.Q(early_price=None, early_until=None)
                | models.Q(early_price__lt=models.F("price"), early_until__isnull=False),
                name="offer_early_price_is_lower",
            ),
            models.CheckConstraint(
                condition=models.Q(group_price=None, group_size=0)
                | models.Q(group_price__lt=models.F("price"), group_size__gte=2),
                name="offer_group_price_is_lower",
            ),
            models.CheckConstraint(
                condition=models.Q(quantity_max=None) | models.Q(quantity_max__gte=1),
                name="offer_quantity_from_1",
            ),
        ]
        indexes = [models.Index(fields=["community"], name="offer_of_community")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_hidden(self) -> bool:
        return self.hidden_key != ""


class OfferPrice(models.Model):
    """What an offer costs in a currency other than its own. Trials, early and group prices are for its own."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="prices")
    currency = models.CharField(max_length=3)
    price = models.PositiveBigIntegerField()  # minor units

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer", "currency"], name="offer_price_once"),
            models.CheckConstraint(condition=IS_ISO, name="offer_price_currency_iso"),
            models.CheckConstraint(condition=models.Q(price__lte=PRICE_MAX), name="offer_price_limited"),
        ]


class SeatBand(models.Model):
    """What one seat costs from so many seats on. The band with the most seats that are reached counts for all."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="bands")
    seats_min = models.PositiveIntegerField()
    price = models.PositiveBigIntegerField()  # minor units a seat, in the offer's currency

    class Meta:
        ordering = ["seats_min"]
        constraints = [
            models.UniqueConstraint(fields=["offer", "seats_min"], name="seat_band_once"),
            models.CheckConstraint(condition=models.Q(seats_min__gte=1), name="seat_band_from_1"),
            models.CheckConstraint(condition=models.Q(price__lte=PRICE_MAX), name="seat_band_limited"),
        ]
