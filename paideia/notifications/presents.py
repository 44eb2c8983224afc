"""What people are told of what they gave to others: a gift that was opened, a seat that was taken, a group that is
full."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from paideia.activity.models import Fact
from paideia.commerce.models import GroupPlace, Seat
from paideia.communities.addresses import path_in
from paideia.communities.models import Community
from paideia.notifications.models import Notification

Kind = Notification.Kind
Told = tuple[int, str, str, dict[str, Any]]  # to whom, kind, address, what the words need
VERBS = ("gift.claimed", "group.filled", "seat.taken")


def told_of(fact: Fact) -> Iterator[Told]:
    """The giver, the manager of the seats, everybody of the group."""
    community = Community.objects.filter(pk=fact.community_id or 0).first()
    if community is None:
        return
    if fact.verb == "gift.claimed":
        params = {"verb": fact.verb, "offer": fact.detail["offer"]}
        yield fact.detail["giver"], Kind.BILLING, path_in(community, "order", fact.detail["number"]), params
    elif fact.verb == "seat.taken":
        seat = Seat.objects.select_related("pool").filter(pk=fact.object_id or 0).first()
        if seat is not None:
            address = path_in(community, "seat_pool", seat.pool_id)
            yield seat.pool.manager_id, Kind.BILLING, address, {"verb": fact.verb, "offer": seat.pool.name}
    else:
        places = GroupPlace.objects.filter(group=fact.object_id or 0, order__paid_at__isnull=False)
        for place in places.select_related("order__offer").order_by("pk"):
            address = path_in(community, "order", place.order.number)
            yield place.order.buyer_id, Kind.BILLING, address, {"verb": fact.verb, "offer": place.order.title}


def words_of(told: Notification) -> str:
    """One sentence, plain text."""
    words = {
        "name": told.actor.shown_name if told.actor else _("Somebody"),
        "offer": told.params.get("offer", ""),
    }
    return {
        "gift.claimed": _("%(name)s has opened your gift: %(offer)s"),
        "seat.taken": _("%(name)s has taken a seat of “%(offer)s”"),
        "group.filled": _("Your group is full: %(offer)s is yours"),
    }[told.params["verb"]] % words
