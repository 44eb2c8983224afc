"""What a notification says: whole sentences, in the language that is active when it is looked at."""

from typing import Any

from django.utils.translation import gettext as _

from paideia.lib.formatting import money
from paideia.notifications import earnings, memberships, papers, presents, returns
from paideia.notifications.models import Notification

Kind = Notification.Kind
_ABOUT_WORKS = {
    *(Kind.COMMENT, Kind.ANSWER, Kind.REPLY, Kind.MENTION, Kind.ACCEPTED, Kind.REACTION, Kind.PUBLISHED)
}


def sentence(told: Notification) -> str:
    """One sentence, plain text."""
    for noun in (presents, returns, earnings, papers):
        if told.params.get("verb") in noun.VERBS:
            return noun.words_of(told)
    if told.kind in {Kind.BILLING, Kind.TERM}:
        return memberships.words_of(told)
    words: dict[str, Any] = {
        "name": told.actor.shown_name if told.actor else _("Somebody"),
        "title": told.params.get("title", ""),
        "number": told.params.get("number", ""),
        "community": told.community.name if told.community else "",
        "offer": told.params.get("offer", ""),
        "amount": "",
    }
    if told.kind == Kind.ORDER and "total" in told.params:
        words["amount"] = money(told.params["total"], told.params.get("currency", "CNY"))
    return str(_template(told)) % words


def _template(told: Notification) -> str:
    if told.kind == Kind.MEMBER:
        if told.params.get("what") == "requested":
            return _("%(name)s asks to join %(community)s")
        return _("Welcome: you are now a member of %(community)s")
    if not told.params.get("title") and told.kind in _ABOUT_WORKS:
        return _untitled(told)
    return {
        Kind.COMMENT: _("%(name)s commented on “%(title)s”"),
        Kind.ANSWER: _("%(name)s answered “%(title)s”"),
        Kind.REPLY: _("%(name)s replied to you in “%(title)s”"),
        Kind.MENTION: _("%(name)s mentioned you in “%(title)s”"),
        Kind.ACCEPTED: _("%(name)s accepted your answer to “%(title)s”"),
        Kind.REACTION: _("%(name)s reacted to “%(title)s”"),
        Kind.FOLLOW: _("%(name)s follows you"),
        Kind.ORDER: _("Payment received: %(offer)s, %(amount)s"),
        Kind.PUBLISHED: _("%(name)s published “%(title)s”"),
    }[Kind(told.kind)]


def _untitled(told: Notification) -> str:
    """What is about words without a title, such as a comment's."""
    return {
        Kind.COMMENT: _("%(name)s commented on what you follow"),
        Kind.ANSWER: _("%(name)s answered what you asked"),
        Kind.REPLY: _("%(name)s replied to you"),
        Kind.MENTION: _("%(name)s mentioned you"),
        Kind.ACCEPTED: _("%(name)s accepted your answer"),
        Kind.REACTION: _("%(name)s reacted to your comment"),
        Kind.PUBLISHED: _("%(name)s published something new"),
    }[Kind(told.kind)]
