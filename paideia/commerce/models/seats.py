"""Seats that one buyer gives out to many."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.access.models import Grant
from paideia.accounts.models import User
from paideia.commerce.models.offers import Offer
from paideia.commerce.models.orders import Order
from paideia.communities.models import Community


class SeatPool(models.Model):
    """So many seats of an offer, from a time until a time, in the hands of a manager."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="seat_pools")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="seat_pools")
    manager = models.ForeignKey(User, models.PROTECT, related_name="seat_pools")
    name = models.CharField(max_length=120)
    size = models.PositiveIntegerField()
    domain = models.CharField(max_length=120, blank=True)  # whose confirmed addresses may take a seat unasked
    token = models.CharField(max_length=43, unique=True)  # of the link for that domain
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)  # refunded
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["manager"], name="seat_pool_of_manager")]


class Seat(models.Model):
    """One seat of a pool that was offered to somebody. A reclaimed one is free to be given again."""

    pool = models.ForeignKey(SeatPool, models.PROTECT, related_name="seats")
    email = models.EmailField()
    token = models.CharField(max_length=43, unique=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="seats")
    grants = models.ManyToManyField(Grant, related_name="+")
    invited_at = models.DateTimeField(db_default=Now())
    taken_at = models.DateTimeField(null=True, blank=True)
    reclaimed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["invited_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pool", "email"], condition=models.Q(reclaimed_at=None), name="seat_once"
            ),
            models.UniqueConstraint(
                fields=["pool", "user"],
                condition=models.Q(reclaimed_at=None, user__isnull=False),
                name="seat_one_each",
            ),
            models.CheckConstraint(
                condition=models.Q(user=None, taken_at=None)
                | models.Q(user__isnull=False, taken_at__isnull=False),
                name="seat_taken_whole",
            ),
        ]


class SeatOrder(models.Model):
    """What an order of seats does to a pool, once it is paid."""

    class Does(models.TextChoices):
        MAKES = "makes", _("A new pool")
        ADDS = "adds", _("More seats")
        RENEWS = "renews", _("Another term")

    order = models.OneToOneField(Order, models.PROTECT, primary_key=True, related_name="seats")
    does = models.CharField(max_length=6, choices=Does)
    pool = models.ForeignKey(SeatPool, models.PROTECT, null=True, blank=True, related_name="orders")
    name = models.CharField(max_length=120, blank=True)  # of a pool to be made
    domain = models.CharField(max_length=120, blank=True)
    # When the pool would have ended before it was renewed: a refund gives that back.
    ended_before = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(does="makes") | models.Q(pool__isnull=False), name="seat_order_has_a_pool"
            )
        ]
