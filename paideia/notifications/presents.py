"""What people are told of what was given: to them, or by them and opened, taken, given up; and of a group that is full.

A gift and a seat are mailed to the address they are for; whoever has that address, confirmed, is told here too.
"""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.commerce.models import Gift, GroupPlace, Seat
from paideia.communities.addresses import path_in
from paideia.communities.models import Community
from paideia.notifications.models import Notification

Kind = Notification.Kind
Told = tuple[int, str, str, dict[str, Any]]  # to whom, kind, address, what the words need
VERBS = ("gift.sent", "gift.claimed", "group.filled", "seat.offered", "seat.taken", "seat.reclaimed")
MAILED_ALREADY = {"gift.sent", "seat.offered"}  # with the link, by commerce.letters


def told_of(fact: Fact) -> Iterator[Told]:
    """The giver, who it is for, the manager of the seats, everybody of the group."""
    community = Community.objects.filter(pk=fact.community_id or 0).first()
    if community is None:
        return
    if fact.verb.startswith("gift."):
        yield from _of_gift(fact, community)
    elif fact.verb.startswith("seat."):
        yield from _of_seats(fact, community)
    else:
        places = GroupPlace.objects.filter(group=fact.object_id or 0, order__paid_at__isnull=False)
        for place in places.select_related("order__offer").order_by("pk"):
            address = path_in(community, "order", place.order.number)
            yield place.order.buyer_id, Kind.BILLING, address, {"verb": fact.verb, "offer": place.order.title}


def _of_gift(fact: Fact, community: Community) -> Iterator[Told]:
    params = {"verb": fact.verb, "offer": fact.detail["offer"]}
    if fact.verb == "gift.claimed":
        yield fact.detail["giver"], Kind.BILLING, path_in(community, "order", fact.detail["number"]), params
        return
    gift = Gift.objects.filter(pk=fact.object_id or 0).first()
    if gift is not None:
        for user_id in _who_has(gift.recipient_email):
            yield user_id, Kind.BILLING, path_in(community, "gift", gift.token), params


def _of_seats(fact: Fact, community: Community) -> Iterator[Told]:
    ids = fact.detail.get("seat_ids", []) if fact.verb == "seat.offered" else [fact.object_id or 0]
    for seat in Seat.objects.select_related("pool").filter(pk__in=ids).order_by("pk"):
        params = {"verb": fact.verb, "offer": seat.pool.name}
        if fact.verb == "seat.offered":
            for user_id in _who_has(seat.email):
                yield user_id, Kind.BILLING, path_in(community, "seat", seat.token), params
        elif fact.verb == "seat.taken":
            yield seat.pool.manager_id, Kind.BILLING, path_in(community, "seat_pool", seat.pool_id), params
        elif fact.detail.get("user"):
            yield fact.detail["user"], Kind.BILLING, path_in(community, "membership"), params


def _who_has(email: str) -> list[int]:
    """Whose confirmed address this is."""
    found = User.objects.filter(
        emailaddress__email__iexact=email, emailaddress__verified=True, is_active=True
    )
    return list(found.order_by("pk").values_list("pk", flat=True)[:1]) if email else []


def words_of(told: Notification) -> str:
    """One sentence, plain text."""
    words = {
        "name": told.actor.shown_name if told.actor else _("Somebody"),
        "offer": told.params.get("offer", ""),
    }
    return {
        "gift.sent": _("%(name)s has a present for you: %(offer)s"),
        "gift.claimed": _("%(name)s has opened your gift: %(offer)s"),
        "seat.offered": _("%(name)s has a seat of “%(offer)s” for you"),
        "seat.taken": _("%(name)s has taken a seat of “%(offer)s”"),
        "seat.reclaimed": _("Your seat of “%(offer)s” was taken back, and what it opened has ended"),
        "group.filled": _("Your group is full: %(offer)s is yours"),
    }[told.params["verb"]] % words
