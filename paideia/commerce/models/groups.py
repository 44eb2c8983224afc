"""Groups that buy together for less."""

from django.db import models
from django.db.models.functions import Now

from paideia.accounts.models import User
from paideia.commerce.models.offers import Offer
from paideia.commerce.models.orders import Order
from paideia.communities.models import Community


class BuyingGroup(models.Model):
    """So many buyers who get an offer at its group price, if all of them have paid before it closes. Until then
    their money is set aside; if it does not fill, everybody gets it back."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="buying_groups")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="buying_groups")
    token = models.CharField(max_length=43, unique=True)  # of the link by which others join
    size = models.PositiveSmallIntegerField()
    price = models.PositiveBigIntegerField()  # minor units each, in the offer's currency, when it was begun
    begun_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(db_default=Now())
    closes_at = models.DateTimeField()
    filled_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=2), name="buying_group_of_2_or_more"),
            models.CheckConstraint(
                condition=models.Q(filled_at=None) | models.Q(failed_at=None), name="buying_group_ends_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["closes_at"],
                condition=models.Q(filled_at=None, failed_at=None),
                name="buying_group_open",
            )
        ]

    @property
    def paid_places(self) -> int:
        return self.places.filter(order__state__in=[Order.State.PAID, Order.State.PARTLY_REFUNDED]).count()


class GroupPlace(models.Model):
    """The place in a group that an order is for."""

    order = models.OneToOneField(Order, models.PROTECT, primary_key=True, related_name="group_place")
    group = models.ForeignKey(BuyingGroup, models.PROTECT, related_name="places")
    delivered_at = models.DateTimeField(
        null=True, blank=True
    )  # the plans given and the money booked as a sale

    class Meta:
        indexes = [models.Index(fields=["group"], name="group_place_of_group")]
