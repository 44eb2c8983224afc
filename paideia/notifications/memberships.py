"""What people are told of what they pay for again and again: who is told, and in which words."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paideia.activity.models import Fact
from paideia.communities.addresses import path_in
from paideia.communities.models import Community
from paideia.lib.formatting import date, money
from paideia.notifications.models import Notification

Kind = Notification.Kind
Told = tuple[int, str, str, dict[str, Any]]  # to whom, kind, address, what the words need

PARAMS = (
    *("offer", "plan", "what", "step", "by_hand", "again_at", "ends_at", "grace_days", "price", "before"),
    *("currency", "at", "because", "percent", "is_trial"),
)
# Reasons of an end that the member brought about and knows.
KNOWN = {"changed to another plan", "held for good", "the account is closed", "left the community"}


def told_of(fact: Fact) -> Iterator[Told]:
    """The member themselves. What is owed by mail comes by mail; a reminder of an end as they chose."""
    community = Community.objects.filter(pk=fact.community_id or 0).first()
    if community is None or fact.actor_id is None:
        return
    if fact.verb == "subscription.ended" and fact.detail.get("because") in KNOWN:
        return
    if fact.verb == "subscription.cancelled" and _is_over(fact):
        return  # then its end is told
    params = {name: fact.detail[name] for name in PARAMS if fact.detail.get(name) is not None}
    kind = Kind.TERM if fact.verb == "term.reminded" and params.get("what") != "renews" else Kind.BILLING
    address = path_in(community, "pricing" if params.get("step") == "win-back" else "membership")
    yield fact.actor_id, kind, address, {**params, "verb": fact.verb}


def _is_over(fact: Fact) -> bool:
    return datetime.fromisoformat(fact.detail["ends_at"]) <= fact.occurred_at


def words_of(told: Notification) -> str:
    """One sentence or two, plain text."""
    params, zone = told.params, _zone(told)
    words = {
        "offer": params.get("offer", ""),
        "plan": params.get("plan", ""),
        "when": _day(params.get("ends_at"), zone),
        "again": _day(params.get("again_at"), zone),
        "at": _day(params.get("at"), zone),
        "percent": params.get("percent", 0),
        "price": money(params.get("price"), params.get("currency") or "CNY"),
        "before": money(params.get("before"), params.get("currency") or "CNY"),
        "days": params.get("grace_days", 0),
    }
    return str(_template(params)) % words


def _template(params: dict[str, Any]) -> str:
    verb = params.get("verb", "")
    if verb == "term.reminded":
        return _reminder(params)
    if verb == "subscription.past_due":
        return _due(params)
    if verb == "subscription.price_told":
        return _("From %(at)s on, %(offer)s costs %(price)s a period instead of %(before)s.")
    if verb == "subscription.cancelled":
        return _("Cancelled: %(offer)s stays yours until %(when)s and is not renewed.")
    if verb == "subscription.rested":
        return _("%(offer)s rests while you are suspended. Nothing is charged until you are back.")
    if verb == "subscription.went_on":
        return _("Your suspension is over: %(offer)s goes on. The next payment is due on %(when)s.")
    if verb == "subscription.paid_off":
        return _("All instalments of %(offer)s are paid. Thank you!")
    if params.get("because") == "not paid":
        return _("%(offer)s has ended, since the payment did not succeed. You can begin it again any time.")
    return _("%(offer)s has ended.")


def _due(params: dict[str, Any]) -> str:
    if params.get("by_hand"):
        return ngettext(
            "%(offer)s: the next payment of %(price)s is due. Pay within %(days)s day to keep it.",
            "%(offer)s: the next payment of %(price)s is due. Pay within %(days)s days to keep it.",
            params.get("grace_days", 0),
        )
    if params.get("again_at"):
        return _("%(offer)s: the payment of %(price)s did not succeed. We try again on %(again)s.")
    return _("%(offer)s: the payment of %(price)s did not succeed. Please pay it yourself.")


def _reminder(params: dict[str, Any]) -> str:
    if params.get("step") == "win-back":
        return _("%(plan)s is %(percent)s %% off for you if you come back now.")
    if params.get("what") == "renews" and params.get("is_trial"):
        return _(
            "Your trial of %(plan)s ends on %(when)s. Then %(price)s are charged, unless you cancel before."
        )
    if params.get("what") == "renews":
        return _("%(plan)s renews on %(when)s for %(price)s.")
    if params.get("step") == "D+3":
        return _("%(plan)s ended on %(when)s. You can take it up again any time.")
    if params.get("is_trial"):
        return _("Your trial of %(plan)s ends on %(when)s.")
    return _("%(plan)s ends on %(when)s. Renew it and lose no day.")


def _zone(told: Notification) -> ZoneInfo:
    return ZoneInfo(told.community.time_zone if told.community else "UTC")


def _day(text: str | None, zone: ZoneInfo) -> str:
    return date(datetime.fromisoformat(text).astimezone(zone).date()) if text else ""


VERBS = (
    *("subscription.past_due", "subscription.price_told", "subscription.cancelled", "subscription.ended"),
    *("subscription.paid_off", "subscription.rested", "subscription.went_on", "term.reminded"),
)
