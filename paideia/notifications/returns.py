"""What people are told of money that goes back, or that a bank took: who is told, and in which words."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from paideia.activity.models import Fact
from paideia.communities.addresses import path_in
from paideia.communities.models import Community
from paideia.lib.formatting import money
from paideia.notifications.models import Notification
from paideia.notifications.team import for_team, who_may

Kind = Notification.Kind
Told = tuple[int, str, str, dict[str, Any]]  # to whom, kind, address, what the words need

PARAMS = (
    *("number", "offer", "amount", "credit", "currency", "reason", "access", "outcome", "won", "stray"),
    "comes_back",
)
TO_BUYER = {
    *("order.refunded", "charge.returned", "order.disputed", "dispute.closed", "transfer.declined"),
    *("refund.done", "refund.failed"),
}
TO_TEAM = {"order.disputed", "dispute.closed", "refund.failed", "transfer.shown"}
VERBS = tuple(sorted(TO_BUYER | TO_TEAM))


def told_of(fact: Fact) -> Iterator[Told]:
    """The buyer, and who may see money where somebody has to look or has waited for the end. It is owed by
    mail."""
    community = Community.objects.filter(pk=fact.community_id or 0).first()
    if community is None:
        return
    params = {name: fact.detail[name] for name in PARAMS if fact.detail.get(name) is not None}
    params["verb"] = fact.verb
    buyer = fact.detail.get("buyer")
    address = path_in(community, "order", fact.detail["number"])
    if fact.verb in TO_BUYER and buyer is not None:
        yield buyer, Kind.BILLING, address, params
    if fact.verb in TO_TEAM:
        for user_id in who_may(community):
            if user_id != buyer:
                yield user_id, Kind.BILLING, address, for_team(params)


def words_of(told: Notification) -> str:
    """One sentence or two, plain text."""
    params = told.params
    currency = params.get("currency") or "CNY"
    words = {
        "offer": params.get("offer", ""),
        "number": params.get("number", ""),
        "reason": params.get("reason", ""),
        "amount": money(params.get("amount", 0) + params.get("credit", 0), currency),
    }
    return str(_to_team(params) if params.get("to") == "team" else _to_buyer(params)) % words


def _to_team(params: dict[str, Any]) -> str:
    if params["verb"] == "transfer.shown":
        return _("A bank slip of %(amount)s for order %(number)s is here. Please look whether the money is.")
    if params["verb"] == "refund.failed":
        return _("The refund of %(amount)s for order %(number)s failed. Please look at it.")
    if params["verb"] == "order.disputed":
        return _("The bank has taken %(amount)s back for order %(number)s. Answer on the provider's pages.")
    if params.get("won"):
        return _("The dispute about order %(number)s is won: %(amount)s are back.")
    return _("The dispute about order %(number)s is lost: %(amount)s are gone.")


def _to_buyer(params: dict[str, Any]) -> str:
    verb = params["verb"]
    if verb == "refund.done":
        return _("%(amount)s for %(offer)s have gone back to you. Your bank may take some days to show it.")
    if verb == "refund.failed":
        return _to_buyer_of_failure(params)
    if verb == "transfer.declined":
        return _("Your bank slip for %(offer)s was not accepted. Reason: %(reason)s")
    if verb == "charge.returned":
        if params.get("outcome") == "paid_twice":
            return _("You paid twice for %(offer)s. The second %(amount)s are on their way back.")
        if params.get("outcome") in {"gone", "too_late"}:
            return _("%(offer)s could no longer be given when you paid. %(amount)s are on their way back.")
        return _("Your payment of %(amount)s for %(offer)s did not fit. It is on its way back.")
    if verb == "order.disputed":
        return _("Your bank has taken the payment for %(offer)s back. Until it decides, your access rests.")
    if verb == "dispute.closed":
        if params.get("won"):
            return _("The dispute about %(offer)s is over. What you bought is yours again.")
        return _("The dispute about %(offer)s is over. Your bank keeps the money with you.")
    if params.get("access") == "revoked" and params.get("comes_back"):
        return _(
            "%(amount)s for %(offer)s go back to you. What was left of your plan before is yours again. "
            "Reason: %(reason)s"
        )
    if params.get("access") == "revoked":
        return _("%(amount)s for %(offer)s go back to you, and your access has ended. Reason: %(reason)s")
    if params.get("access") == "shortened":
        return _(
            "%(amount)s for %(offer)s go back to you. A term ends earlier by that share. Reason: %(reason)s"
        )
    return _("%(amount)s for %(offer)s go back to you. Reason: %(reason)s")


def _to_buyer_of_failure(params: dict[str, Any]) -> str:
    if params.get("stray"):
        return _("%(amount)s for %(offer)s could not be sent back to you. The team looks after it.")
    return _(
        "%(amount)s for %(offer)s could not be sent back to you. The team looks after it, and what you bought "
        "is yours meanwhile."
    )
