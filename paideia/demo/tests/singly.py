"""The slow twin of the bulk: every deed by the action that people use, with the clock moved to its time."""

from collections.abc import Sequence
from functools import singledispatchmethod

import time_machine
from django.utils import timezone

from paideia.access.viewer import Viewer
from paideia.accounts.actions import give_consent, sign_up
from paideia.accounts.models import Consent, User
from paideia.activity.actions import record_many
from paideia.commerce.actions import place_order, settle_order
from paideia.communities.actions import join_community, leave_community, set_role
from paideia.communities.models import Membership
from paideia.content.addresses import lasting_path_of
from paideia.content.behaviour import happenings
from paideia.content.models import Document
from paideia.courses.actions import answer_quiz, complete_lesson
from paideia.courses.models import Lesson
from paideia.demo import deeds
from paideia.demo.deeds import Deed, Ref
from paideia.demo.founding import Place
from paideia.demo.shop import charge_of
from paideia.discussions.actions import accept_answer, open_thread, post_comment
from paideia.discussions.models import Comment
from paideia.discussions.reactions import react


class Singly:
    def __init__(self, place: Place, people: Sequence[User]) -> None:
        self.place, self.people = place, [*people, *place.cast.values()]
        self.posts: dict[int, Document] = {}

    def play(self, script: Sequence[Deed]) -> None:
        for deed in script:
            with time_machine.travel(deed.at, tick=False):
                self.do(deed)

    def viewer(self, deed: Deed) -> Viewer:
        return self.place.viewer(self.people[deed.person])

    def document(self, target: Ref) -> Document:
        kind, number = target
        found = {
            "article": lambda: self.place.articles[number],
            "lesson": lambda: self.place.lessons[number].document,
            "course": lambda: self.place.course.document,
            "post": lambda: self.posts[number],
        }[kind]()
        return Document.objects.select_related("community", "space", "gate").get(pk=found.pk)

    def lesson(self, number: int) -> Lesson:
        rows = Lesson.objects.select_related("document__community", "section__course")
        return rows.get(pk=self.place.lessons[number].pk)

    @singledispatchmethod
    def do(self, deed: Deed) -> None:
        raise TypeError(deed)

    @do.register
    def _(self, deed: deeds.Joined) -> None:
        user = self.people[deed.person]
        if user.pk is None:
            sign_up(user, email="")
            give_consent(user=user, purpose=Consent.Purpose.BEHAVIOUR, given=True)
        join_community(community=self.place.community, user=user)

    @do.register
    def _(self, deed: deeds.Left) -> None:
        leave_community(community=self.place.community, user=self.people[deed.person])

    @do.register
    def _(self, deed: deeds.Promoted) -> None:
        community = self.place.community
        membership = Membership.objects.get(community=community, user=self.people[deed.person])
        set_role(membership=membership, role=community.roles.get(key="mentor"), by=self.place.owner)

    @do.register
    def _(self, deed: deeds.Opened) -> None:
        self._told(deed, deed.target, verb="page.opened")

    @do.register
    def _(self, deed: deeds.Looked) -> None:
        self._told(deed, deed.target, verb="page.read", seconds=deed.seconds, depth=deed.depth)

    def _told(self, deed: Deed, target: Ref, **told: object) -> None:
        document = self.document(target)
        one = {
            "subject": f"document:{document.pk}",
            "at": deed.at.isoformat(),
            "path": lasting_path_of(document),
        }
        kept = happenings(self.viewer(deed), [one | told])
        assert len(kept) == 1, (deed, one)
        record_many(kept)

    @do.register
    def _(self, deed: deeds.Completed) -> None:
        complete_lesson(lesson=self.lesson(deed.lesson), viewer=self.viewer(deed))

    @do.register
    def _(self, deed: deeds.Quizzed) -> None:
        lesson = self.lesson(deed.lesson)
        questions = lesson.questions.all()
        answers = {str(each.pk): given for each, given in zip(questions, deed.given, strict=True)}
        answer_quiz(lesson=lesson, viewer=self.viewer(deed), answers=answers)

    @do.register
    def _(self, deed: deeds.Asked) -> None:
        space = self.place.spaces[deed.space]
        words = {"title": deed.title, "source": deed.source, "tags": deed.tags}
        thread = open_thread(viewer=self.viewer(deed), space=space, **words)
        self.posts[deed.number] = thread.document

    @do.register
    def _(self, deed: deeds.Replied) -> None:
        parent = None if deed.parent is None else Comment.objects.get(pk=self.posts[deed.parent].pk)
        told = {"source": deed.source, "parent": parent, "is_answer": deed.is_answer}
        comment = post_comment(viewer=self.viewer(deed), root=self.document(deed.root), **told)
        self.posts[deed.number] = comment.document

    @do.register
    def _(self, deed: deeds.Reacted) -> None:
        assert react(viewer=self.viewer(deed), document=self.document(deed.target), kind=deed.kind)

    @do.register
    def _(self, deed: deeds.Accepted) -> None:
        comment = Comment.objects.select_related("document").get(pk=self.posts[deed.post].pk)
        assert accept_answer(viewer=self.viewer(deed), comment=comment)

    @do.register
    def _(self, deed: deeds.Paid) -> None:
        offer = self.place.offers[deed.offer]
        order = place_order(viewer=self.viewer(deed), offer=offer, provider="sandbox")
        paid = {"amount": order.total, "currency": order.currency, "paid_at": timezone.now()}
        settle_order(order.pk, charge_id=deed.charge, **paid)
        order.refresh_from_db()
        charge_of(order).save(force_insert=True)
