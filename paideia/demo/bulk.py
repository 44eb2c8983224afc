"""Writing deeds in bulk: the rows that the actions would have written one by one (tests prove it), in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import singledispatchmethod
from typing import Any

from paideia.accounts.consents import WORDING
from paideia.accounts.models import Consent, User
from paideia.communities.models import Membership
from paideia.content.addresses import lasting_path_of
from paideia.content.models import Document
from paideia.demo import deeds
from paideia.demo.deeds import Deed, Ref
from paideia.demo.founding import Place
from paideia.demo.learning import Learning
from paideia.demo.rows import Pending, save, tell
from paideia.demo.shop import Shop
from paideia.demo.talk import Talk


class Bulk:
    """Takes deeds in order of time, then writes all rows at once in `finish`, inside the caller's transaction."""

    def __init__(self, place: Place, people: Sequence[User]) -> None:
        self.place, self.people = place, [*people, *place.cast.values()]
        self.roles = {role.key: role for role in place.community.roles.all()}
        self.facts: list[Pending] = []
        self.users: list[User] = []
        self.memberships: dict[int, Membership] = {}
        self.consents: list[Consent] = []
        self.shop = Shop(place, self.people, self.fact)
        self.learning = Learning(place, self.people, self.fact)
        self.talk = Talk(place, self.people, self.fact, self.document)
        self._paths: dict[Ref, str] = {}

    def play(self, script: Sequence[Deed]) -> None:
        for deed in script:
            self.do(deed)
        self.finish()

    def finish(self) -> None:
        """Each table after those it points to."""
        save(self.users)
        save(self.consents)
        save(list(self.memberships.values()))
        self.talk.save()
        self.learning.save()
        self.shop.save()
        tell(self.facts)

    def fact(self, verb: str, at: datetime, actor: User, row: Any = None, **detail: Any) -> None:
        community = None if verb == "user.signed_up" else self.place.community
        self.facts.append(Pending(verb, actor, row, at, community, detail))

    def document(self, target: Ref) -> Document:
        """The document of a work or post."""
        kind, number = target
        if kind == "article":
            return self.place.articles[number]
        if kind == "lesson":
            return self.place.lessons[number].document
        if kind == "course":
            assert self.place.course is not None
            return self.place.course.document
        return self.talk.posts[number]

    @singledispatchmethod
    def do(self, deed: Deed) -> None:
        raise TypeError(f"nobody knows how to do {deed!r}")

    @do.register
    def _(self, deed: deeds.Joined) -> None:
        user, at = self.people[deed.person], deed.at
        if user.pk is None and deed.person not in self.memberships:
            self._sign_up(user, at)
        if (membership := self.memberships.get(deed.person)) is None:
            membership = Membership(community=self.place.community, user=user)
            self.memberships[deed.person] = membership
        membership.role, membership.joined_at, membership.left_at = self.roles["member"], at, None
        self.fact("member.joined", at, user, user)

    def _sign_up(self, user: User, at: datetime) -> None:
        user.date_joined, user.behaviour_allowed = at, True
        self.users.append(user)
        for purpose in (Consent.Purpose.TERMS, Consent.Purpose.BEHAVIOUR):
            consent = Consent(user=user, purpose=purpose, given=True, wording=WORDING[purpose], at=at)
            self.consents.append(consent)
        self.fact("user.signed_up", at, user, user)

    @do.register
    def _(self, deed: deeds.Left) -> None:
        user = self.people[deed.person]
        self.memberships[deed.person].left_at = deed.at
        self.fact("member.left", deed.at, user, user)

    @do.register
    def _(self, deed: deeds.Promoted) -> None:
        before, after = {"before": "member"}, {"after": "mentor"}
        self.memberships[deed.person].role = self.roles["mentor"]
        user = self.people[deed.person]
        self.fact("member.role_changed", deed.at, self.place.owner, user, **before, **after)

    @do.register
    def _(self, deed: deeds.Opened) -> None:
        self._behaviour("page.opened", deed, deed.target, width=0)

    @do.register
    def _(self, deed: deeds.Looked) -> None:
        self._behaviour("page.read", deed, deed.target, seconds=deed.seconds, depth=deed.depth)

    def _behaviour(self, verb: str, deed: Deed, target: Ref, **detail: Any) -> None:
        document = self.document(target)
        if target not in self._paths:
            self._paths[target] = lasting_path_of(document)
        told = {"path": self._paths[target], **detail}
        actor = self.people[deed.person]
        self.facts.append(Pending(verb, actor, document, deed.at, self.place.community, told, "document"))

    @do.register
    def _(self, deed: deeds.Completed) -> None:
        self.learning.complete(deed.person, deed.lesson, deed.at)

    @do.register
    def _(self, deed: deeds.Quizzed) -> None:
        self.learning.answer(deed)

    @do.register
    def _(self, deed: deeds.Asked) -> None:
        self.talk.ask(deed)

    @do.register
    def _(self, deed: deeds.Replied) -> None:
        self.talk.reply(deed)

    @do.register
    def _(self, deed: deeds.Reacted) -> None:
        self.talk.react(deed)

    @do.register
    def _(self, deed: deeds.Accepted) -> None:
        self.talk.accept(deed)

    @do.register
    def _(self, deed: deeds.Paid) -> None:
        self.shop.pay(deed)
