"""Who is told what of a fact: pure reading, so that a replay tells the same people the same things."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from django.db.models.functions import Lower

from paideia.access.viewer import look
from paideia.accounts.models import Follow, User
from paideia.activity.models import Fact
from paideia.communities.addresses import path_in
from paideia.communities.models import Community, JoinRequest, Membership
from paideia.content.addresses import lasting_path_of
from paideia.content.models import Document
from paideia.discussions.models import Comment, Watch
from paideia.lib.markdown import render
from paideia.notifications import earnings, memberships, papers, presents, returns
from paideia.notifications.models import Notification
from paideia.notifications.team import for_team, who_may

Kind = Notification.Kind
OWN = {Kind.ORDER, Kind.MEMBER, Kind.BILLING, Kind.TERM, Kind.EARNING}  # told to the person who did it, too


NOUNS = (memberships, returns, presents, earnings, papers)


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to be told to one person."""

    user_id: int
    kind: str
    fact: Fact
    url: str
    document_id: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    mails: bool = True  # False: a mail about it went out already


def tellings_of(fact: Fact) -> list[Telling]:
    """Everybody this fact concerns, once each, and nobody who may not read what it is about."""
    if fact.detail.get("imported") or fact.detail.get("simulated"):
        return []
    found: dict[int, Telling] = {}
    for telling in WRITERS[fact.verb](fact):
        if telling.user_id != fact.actor_id or telling.kind in OWN:
            found.setdefault(telling.user_id, telling)  # the first reason is the strongest
    return [telling for telling in found.values() if _may_read(telling)]


def _may_read(telling: Telling) -> bool:
    if telling.document_id is None:
        return True
    document = Document.objects.select_related("community").filter(pk=telling.document_id).first()
    user = User.objects.filter(pk=telling.user_id, is_active=True).first()
    if document is None or user is None:
        return False
    viewer = look(document.community, user)
    return Document.objects.visible_to(viewer).filter(pk=document.pk).exists()


def _commented(fact: Fact) -> Iterator[Telling]:
    comment = (
        Comment.objects.select_related("document__community", "root__thread", "parent__document")
        .filter(pk=fact.object_id or 0)
        .first()
    )
    if comment is None:
        return
    document, root = comment.document, comment.root
    about = {"title": root.title, "excerpt": document.text[:140]}
    url = lasting_path_of(document)
    muted = set(Watch.objects.filter(document=root, is_muted=True).values_list("user_id", flat=True))

    def tell(user_id: int | None, kind: str) -> Iterator[Telling]:
        if user_id is not None and user_id not in muted:
            yield Telling(user_id, kind, fact, url, document.pk, about)

    for user_id in _mentioned(document):
        yield from tell(user_id, Kind.MENTION)
    if comment.parent is not None:
        yield from tell(comment.parent.document.author_id, Kind.REPLY)
    yield from tell(root.author_id, Kind.ANSWER if comment.is_answer else Kind.COMMENT)
    watching = Watch.objects.filter(document=root, is_muted=False).order_by("pk")
    for user_id in watching.values_list("user_id", flat=True):
        yield from tell(user_id, Kind.ANSWER if comment.is_answer else Kind.COMMENT)


def _opened(fact: Fact) -> Iterator[Telling]:
    document = Document.objects.select_related("community").filter(pk=fact.object_id or 0).first()
    if document is not None:
        about = {"title": document.title, "excerpt": document.text[:140]}
        for user_id in _mentioned(document):
            yield Telling(user_id, Kind.MENTION, fact, lasting_path_of(document), document.pk, about)


def _published(fact: Fact) -> Iterator[Telling]:
    document = Document.objects.select_related("community").filter(pk=fact.object_id or 0).first()
    if document is None or document.author_id is None:
        return
    members = Membership.objects.filter(community_id=document.community_id, left_at=None).values("user_id")
    followers = Follow.objects.filter(followed=document.author_id, follower__in=members).order_by("pk")
    about = {"title": document.title, "excerpt": document.preview_text[:140]}
    yield from _opened(fact)
    for user_id in followers.values_list("follower_id", flat=True):
        yield Telling(user_id, Kind.PUBLISHED, fact, lasting_path_of(document), document.pk, about)


def _accepted(fact: Fact) -> Iterator[Telling]:
    comment = (
        Comment.objects.select_related("document__community", "root").filter(pk=fact.object_id or 0).first()
    )
    if comment is not None and comment.document.author_id:
        about = {"title": comment.root.title}
        url = lasting_path_of(comment.document)
        yield Telling(comment.document.author_id, Kind.ACCEPTED, fact, url, comment.pk, about)


def _reacted(fact: Fact) -> Iterator[Telling]:
    document = Document.objects.select_related("community").filter(pk=fact.object_id or 0).first()
    if document is None or document.author_id is None or fact.detail.get("kind") == "down":
        return
    about = {"title": document.title, "excerpt": document.text[:80], "sign": fact.detail.get("kind")}
    yield Telling(document.author_id, Kind.REACTION, fact, lasting_path_of(document), document.pk, about)


def _followed(fact: Fact) -> Iterator[Telling]:
    community = _community(fact)
    actor = User.objects.filter(pk=fact.actor_id or 0).first()
    if fact.object_id is not None and actor is not None:
        url = path_in(community, "member", actor.handle) if community else ""
        yield Telling(fact.object_id, Kind.FOLLOW, fact, url)


def _settled(fact: Fact) -> Iterator[Telling]:
    community = _community(fact)
    if fact.actor_id is not None and community is not None:
        url = path_in(community, "order", fact.detail["number"])
        yield Telling(fact.actor_id, Kind.ORDER, fact, url, params=dict(fact.detail))


def _of(noun: ModuleType) -> Callable[[Fact], Iterator[Telling]]:
    """The writer of a module that says who is told (`told_of`) and in which words (`words_of`)."""

    def write(fact: Fact) -> Iterator[Telling]:
        mails = fact.verb not in getattr(noun, "MAILED_ALREADY", ())
        for user_id, kind, url, params in noun.told_of(fact):
            yield Telling(user_id, kind, fact, url, params=params, mails=mails)

    return write


def _requested(fact: Fact) -> Iterator[Telling]:
    community = _community(fact)
    if community is None:
        return
    for user_id in who_may(community, "members.manage"):
        params = for_team({"what": "requested"}, "members.manage")
        yield Telling(user_id, Kind.MEMBER, fact, path_in(community, "manage_requests"), params=params)


def _let_in(fact: Fact) -> Iterator[Telling]:
    """Somebody who had asked was let in: their own fact, so `tellings_of` must not take it for their own doing."""
    community = _community(fact)
    asked = (
        JoinRequest.objects.filter(community=community, user=fact.actor_id, accepted=True)
        .order_by("-pk")
        .first()
    )
    if community is not None and asked is not None:
        url = path_in(community, "home")
        yield Telling(asked.user_id, Kind.MEMBER, fact, url, params={"what": "accepted"})


def _mentioned(document: Document) -> Iterable[int]:
    """Ids of the members whose handles the words name."""
    handles = [handle.lower() for handle in render(document.source).mentions][:20]
    if not handles:
        return []
    people = User.objects.annotate(low=Lower("handle")).filter(low__in=handles)
    here = people.filter(memberships__community_id=document.community_id, memberships__left_at=None)
    return list(here.order_by("pk").values_list("pk", flat=True))


def _community(fact: Fact) -> Community | None:
    return Community.objects.filter(pk=fact.community_id).first() if fact.community_id else None


WRITERS = {
    "comment.posted": _commented,
    "thread.opened": _opened,
    "article.published": _published,
    "course.published": _published,
    "answer.accepted": _accepted,
    "reaction.given": _reacted,
    "member.followed": _followed,
    "order.settled": _settled,
    "member.requested": _requested,
    "member.joined": _let_in,
    **{verb: _of(noun) for noun in NOUNS for verb in noun.VERBS},
}
