"""What people are told of the papers of money: a fapiao that was asked for or answered, a statement that does not fit
the books."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paideia.activity.models import Fact
from paideia.commerce.providers import provider_of
from paideia.communities.addresses import path_in
from paideia.communities.models import Community
from paideia.lib.refusal import NotFound
from paideia.notifications.models import Notification
from paideia.notifications.team import for_team, who_may

Kind = Notification.Kind
Told = tuple[int, str, str, dict[str, Any]]  # to whom, kind, address, what the words need
PARAMS = ("number", "offer", "state", "reason", "provider", "count")
TO_TEAM = {"fapiao.requested": "manage_fapiao", "differences.found": "manage_differences"}
VERBS = ("fapiao.answered", *TO_TEAM)


def told_of(fact: Fact) -> Iterator[Told]:
    """The buyer of an answer, who may see money of the rest."""
    community = Community.objects.filter(pk=fact.community_id or 0).first()
    if community is None:
        return
    params = {name: fact.detail[name] for name in PARAMS if fact.detail.get(name)}
    params["verb"] = fact.verb
    if fact.verb == "fapiao.answered":
        yield fact.detail["buyer"], Kind.BILLING, path_in(community, "order", fact.detail["number"]), params
        return
    for user_id in who_may(community):
        if user_id != fact.actor_id:
            yield user_id, Kind.BILLING, path_in(community, TO_TEAM[fact.verb]), for_team(params)


def words_of(told: Notification) -> str:
    """One sentence, plain text."""
    params = told.params
    words = {
        "name": told.actor.shown_name if told.actor else _("Somebody"),
        "number": params.get("number", ""),
        "offer": params.get("offer", ""),
        "reason": params.get("reason", ""),
        "provider": _provider(params.get("provider", "")),
        "count": params.get("count", 0),
    }
    return _template(params) % words


def _provider(key: str) -> str:
    try:
        return str(provider_of(key).label)
    except NotFound:  # switched off by now
        return key


def _template(params: dict[str, Any]) -> str:
    if params["verb"] == "fapiao.requested":
        return _("%(name)s asks for the fapiao of order %(number)s.")
    if params["verb"] == "differences.found":
        return ngettext(
            "The statement of %(provider)s and the books differ in %(count)s place that nobody has explained.",
            "The statement of %(provider)s and the books differ in %(count)s places that nobody has explained.",
            params.get("count", 0),
        )
    if params.get("state") == "issued":
        return _("The fapiao for %(offer)s is ready.")
    return _("The fapiao for %(offer)s was refused: %(reason)s")
