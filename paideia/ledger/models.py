"""Accounts and transfers. Money is moved, never edited."""

from django.db import models
from django.db.models.functions import Now

from paideia.communities.models import Community


class Account(models.Model):
    """A place where an amount of one currency can be. The database keeps `balance` from the transfers alone.

    `owner` names whose it is: "user:12", "house", "world:sandbox"; `kind` what for: "wallet", "sales",
    "fees". Only accounts of the world may go below zero.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="accounts")
    owner = models.CharField(max_length=60)
    kind = models.CharField(max_length=30)
    currency = models.CharField(max_length=12)  # ISO 4217, or "POINTS"
    may_go_negative = models.BooleanField(default=False)
    balance = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "owner", "kind", "currency"], name="account_once"),
            models.CheckConstraint(
                condition=models.Q(may_go_negative=True) | models.Q(balance__gte=0),
                name="account_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(may_go_negative=True, owner__startswith="world:")
                | (models.Q(may_go_negative=False) & ~models.Q(owner__startswith="world:")),
                name="account_only_the_world_lends",
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^([A-Z]{3}|POINTS)$"), name="account_currency_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner}/{self.kind} {self.currency}"


class Transfer(models.Model):
    """One movement of money, balanced by construction: what one account loses, the other gains.

    Append-only.
    """

    # That both accounts are there is seen by the trigger that changes them: asking again costs time under their locks.
    source = models.ForeignKey(Account, models.PROTECT, related_name="transfers_out", db_constraint=False)
    target = models.ForeignKey(Account, models.PROTECT, related_name="transfers_in", db_constraint=False)
    amount = models.PositiveBigIntegerField()  # minor units: 1999 is 19.99 CNY
    key = models.CharField(max_length=120, unique=True)  # names the cause, so that it posts once
    posted_at = models.DateTimeField(db_default=Now())  # the database refuses any other time
    occurred_at = models.DateTimeField(db_default=Now())  # when the money moved outside
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="transfer_amount_positive"),
            models.CheckConstraint(condition=~models.Q(source=models.F("target")), name="transfer_moves"),
        ]
        indexes = [models.Index(fields=["occurred_at"], name="transfer_in_time")]

    def __str__(self) -> str:
        return self.key
