"""Providers' statements, line by line, and where they and our books do not say the same."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from paideia.accounts.models import User
from paideia.commerce.models import Order
from paideia.commerce.models.offers import IS_ISO
from paideia.commerce.providers import LineKind
from paideia.communities.models import Community


class ProviderStatement(models.Model):
    """One statement that was read, and the time that it covers: what moved within it has to stand there."""

    class Source(models.TextChoices):
        API = "api", _("Asked of the provider")
        FILE = "file", _("Uploaded file")

    community = models.ForeignKey(Community, models.PROTECT, related_name="provider_statements")
    provider = models.CharField(max_length=20)
    source = models.CharField(max_length=4, choices=Source)
    name = models.CharField(max_length=120)  # the file's, or the day
    digest = models.CharField(max_length=64, blank=True)  # SHA-256 of the file
    covers_from = models.DateTimeField()
    covers_until = models.DateTimeField()
    lines_count = models.PositiveIntegerField()  # of this community
    read_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    read_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-covers_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(covers_from__lt=F("covers_until")), name="provider_statement_covers_time"
            ),
            models.CheckConstraint(
                condition=Q(source="api", digest="") | (Q(source="file") & ~Q(digest="")),
                name="provider_statement_of_a_file_has_a_digest",
            ),
            models.UniqueConstraint(
                fields=["community", "provider", "covers_from"],
                condition=Q(source="api"),
                name="provider_statement_day_once",
            ),
            models.UniqueConstraint(
                fields=["community", "provider", "digest"],
                condition=Q(source="file"),
                name="provider_statement_file_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.name}"


class StatementLine(models.Model):
    """One line of a statement. `entry` is the key of the ledger's transfer that it matches; `fee_key` that of the
    transfer that booked its fee."""

    class Kind(models.TextChoices):
        CHARGE = LineKind.CHARGE.value, _("Payment")
        REFUND = LineKind.REFUND.value, _("Refund")
        REFUND_FAILED = LineKind.REFUND_FAILED.value, _("Refund that came back")
        DISPUTE = LineKind.DISPUTE.value, _("Taken by the bank")
        DISPUTE_WON = LineKind.DISPUTE_WON.value, _("Given back by the bank")
        FEE = LineKind.FEE.value, _("Fee")
        PAYOUT = LineKind.PAYOUT.value, _("Payout to your bank")
        OTHER = LineKind.OTHER.value, _("Something else")

    statement = models.ForeignKey(ProviderStatement, models.PROTECT, related_name="lines")
    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    provider = models.CharField(max_length=20)
    kind = models.CharField(max_length=13, choices=Kind)
    line_id = models.CharField(max_length=160)  # the provider's
    occurrence = models.PositiveSmallIntegerField(
        default=1
    )  # within its statement, where it stands there twice
    charge_id = models.CharField(max_length=120, blank=True)
    order_number = models.CharField(max_length=64, blank=True)
    refund_key = models.CharField(max_length=120, blank=True)
    amount = models.PositiveBigIntegerField()  # minor units
    fee = models.BigIntegerField(default=0)  # minor units that the provider kept; below zero: gave back
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()
    entry = models.CharField(max_length=120, blank=True)
    fee_key = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "provider", "kind", "line_id", "occurrence"], name="provider_line_once"
            ),
            models.CheckConstraint(condition=IS_ISO, name="provider_line_currency_iso"),
            models.CheckConstraint(condition=Q(occurrence__gte=1), name="provider_line_counted_from_1"),
        ]
        indexes = [
            models.Index(fields=["community", "provider", "at"], name="provider_line_in_time"),
            models.Index(fields=["community", "provider", "charge_id"], name="provider_line_of_charge"),
            models.Index(fields=["community", "provider", "order_number"], name="provider_line_of_order"),
            models.Index(
                fields=["community", "provider", "entry"],
                condition=~Q(entry=""),
                name="provider_line_of_entry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.line_id}"


class Difference(models.Model):
    """Where a statement and our books do not say the same of one thing: open until it is explained by what came
    later, or somebody of the team has resolved it. `subject` names the thing: a line, or an entry of the ledger."""

    class Kind(models.TextChoices):
        MISSING_THERE = "missing_there", _("Booked here, not in the statement")
        MISSING_HERE = "missing_here", _("In the statement, not booked here")
        DOUBLE = "double", _("Twice in the statement")
        AMOUNT = "amount", _("Another amount")
        CURRENCY = "currency", _("Another currency")
        FEE = "fee", _("Another fee than agreed")
        STATUS = "status", _("Done there, not here")
        LATE = "late", _("A day or more apart")
        CLOCK = "clock", _("Clocks that differ")
        ORPHAN_REFUND = "orphan_refund", _("A refund that nobody here made")
        OTHER_COMMUNITY = "other_community", _("Mixed up with another community")
        CHANGED = "changed", _("The statement says otherwise than before")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("of a difference", "Open")
        EXPLAINED = "explained", _("Explained")
        RESOLVED = "resolved", _("Resolved")

    class Explanation(models.TextChoices):
        TIMING = "timing", _("Close to the edge of the statement: the next one will tell.")
        IN_FLIGHT = "in_flight", _("The refund is on its way: the provider's word is still to come.")
        BOUNCED = "bounced", _("The refund had arrived and came back.")
        NET = "net", _("The statement gives the amount without the fee.")
        AGREED_LATER = "agreed_later", _("Both sides have said the same since.")

    community = models.ForeignKey(Community, models.PROTECT, related_name="differences")
    provider = models.CharField(max_length=20)
    kind = models.CharField(max_length=16, choices=Kind)
    subject = models.CharField(max_length=200)
    line = models.ForeignKey(StatementLine, models.PROTECT, null=True, blank=True, related_name="differences")
    entry = models.CharField(max_length=120, blank=True)  # the ledger's key
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="differences")
    theirs_amount = models.PositiveBigIntegerField(null=True, blank=True)
    theirs_currency = models.CharField(max_length=3, blank=True)
    theirs_at = models.DateTimeField(null=True, blank=True)
    ours_amount = models.PositiveBigIntegerField(null=True, blank=True)
    ours_currency = models.CharField(max_length=3, blank=True)
    ours_at = models.DateTimeField(null=True, blank=True)
    ours_state = models.CharField(max_length=20, blank=True)  # of the order or the refund, where that is it
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    explanation = models.CharField(max_length=12, choices=Explanation, blank=True)
    found_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    resolution = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-found_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "provider", "kind", "subject"], name="difference_once"
            ),
            models.CheckConstraint(
                condition=(Q(state="explained") & ~Q(explanation="")) | ~Q(state="explained"),
                name="difference_explained_by_something",
            ),
            models.CheckConstraint(
                condition=(Q(state="resolved", resolved_at__isnull=False) & ~Q(resolution=""))
                | (~Q(state="resolved") & Q(resolved_at=None, resolution="")),
                name="difference_resolved_whole",
            ),
            models.CheckConstraint(
                condition=Q(line__isnull=False) | ~Q(entry=""), name="difference_of_something"
            ),
        ]
        indexes = [models.Index(fields=["community", "state", "-found_at"], name="difference_newest")]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind} {self.subject}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class FeeTerms(models.Model):
    """What a provider agreed to keep of each payment: a share in millionths of the amount, and so much more."""

    community = models.ForeignKey(Community, models.CASCADE, related_name="fee_terms")
    provider = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    share_millionths = models.PositiveIntegerField()  # 6000 is 0.6 %
    fixed = models.PositiveBigIntegerField(default=0)  # minor units

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "provider", "currency"], name="fee_terms_once"),
            models.CheckConstraint(condition=IS_ISO, name="fee_terms_currency_iso"),
            models.CheckConstraint(condition=Q(share_millionths__lte=1_000_000), name="fee_terms_share"),
        ]
