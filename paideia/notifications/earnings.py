"""What people are told of what they earn and what is paid out to them, and the team of what waits for it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paideia.activity.models import Fact
from paideia.communities.addresses import path_in
from paideia.communities.models import Community
from paideia.lib import formatting
from paideia.notifications.models import Notification
from paideia.notifications.team import for_team, who_may

Kind = Notification.Kind
Told = tuple[int, str, str, dict[str, Any]]  # to whom, kind, address, what the words need

PARAMS = ("amount", "tax", "currency", "reason", "after", "offer", "by", "points", "month")
# Each with who is told: the one that the fact names so ("user", or who did it), and the page to look at.
TO_PERSON = {
    "payout.paid": ("user", Kind.BILLING, "earnings"),
    "payout.refused": ("user", Kind.BILLING, "earnings"),
    "affiliate.decided": ("user", Kind.EARNING, "affiliate"),
    "commission.changed": ("", Kind.EARNING, "affiliate"),
    "reward.given": ("", Kind.EARNING, "affiliate"),
    "statement.made": ("", Kind.EARNING, "earnings"),
}
TO_TEAM = {"payout.asked": "manage_payouts", "affiliate.asked": "manage_affiliates"}
VERBS = (*TO_PERSON, *TO_TEAM)


def told_of(fact: Fact) -> Iterator[Told]:
    """Whose money it is; of what is asked, who may see money."""
    community = Community.objects.filter(pk=fact.community_id or 0).first()
    if community is None:
        return
    params = {name: fact.detail[name] for name in PARAMS if fact.detail.get(name) is not None}
    params["verb"] = fact.verb
    if fact.verb in TO_TEAM:
        for user_id in who_may(community):
            if user_id != fact.actor_id:
                yield user_id, Kind.BILLING, path_in(community, TO_TEAM[fact.verb]), for_team(params)
        return
    named, kind, page = TO_PERSON[fact.verb]
    whose = fact.detail.get(named) if named else fact.actor_id
    if whose is not None:
        yield whose, kind, path_in(community, page), params


def words_of(told: Notification) -> str:
    """One sentence or two, plain text."""
    params = told.params
    currency = params.get("currency") or "CNY"
    words = {
        "name": told.actor.shown_name if told.actor else _("Somebody"),
        "community": told.community.name if told.community else "",
        "amount": formatting.money(params.get("amount", 0), currency),
        "net": formatting.money(params.get("amount", 0) - params.get("tax", 0), currency),
        "by": formatting.money(abs(params.get("by", 0)), currency),
        "offer": params.get("offer", ""),
        "reason": params.get("reason", ""),
        "points": params.get("points", 0),
        "month": formatting.month(date.fromisoformat(params["month"])) if params.get("month") else "",
    }
    return _template(params) % words


def _template(params: dict[str, Any]) -> str:
    verb = params["verb"]
    if verb == "affiliate.decided":
        return _decided(params.get("after", ""))
    if verb == "commission.changed":
        if params.get("by", 0) > 0:
            return _("You earn %(by)s: somebody you brought paid for %(offer)s.")
        return _("%(by)s of your commission for %(offer)s were taken back, since its payment was.")
    if verb == "payout.paid" and params.get("tax"):
        return _("Your payout of %(amount)s is on its way to your account: %(net)s after tax.")
    if verb == "reward.given":
        return ngettext(
            "You have %(points)s point for somebody you brought.",
            "You have %(points)s points for somebody you brought.",
            params.get("points", 0),
        )
    return {
        "payout.asked": _("%(name)s asks for a payout of %(amount)s."),
        "payout.paid": _("Your payout of %(amount)s is on its way to your account."),
        "payout.refused": _(
            "Your payout of %(amount)s was refused and is in your earnings again: %(reason)s"
        ),
        "affiliate.asked": _("%(name)s asks to become a partner."),
        "statement.made": _("Your share of %(month)s is here: %(amount)s."),
    }[verb]


def _decided(state: str) -> str:
    if state == "active":
        return _("You are a partner of %(community)s now. Your link is on your partner page.")
    if state == "closed":
        return _("Your partnership with %(community)s is closed. What you have earned stays yours.")
    return _("%(community)s did not accept you as a partner. You can ask again.")
