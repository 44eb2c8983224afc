"""Threads, answers, comments and applause: the rows of the actions of discussions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from paideia.accounts.models import User
from paideia.content.models import Document, Revision
from paideia.content.rendering import fill
from paideia.demo import deeds
from paideia.demo.deeds import Ref
from paideia.demo.founding import Place
from paideia.demo.rows import save
from paideia.discussions.models import Acceptance, Comment, Reaction, Thread, Watch
from paideia.discussions.reactions import VOTES
from paideia.lib.text import clean, clean_line
from paideia.spaces.models import Space


class Talk:
    def __init__(
        self,
        place: Place,
        people: Sequence[User],
        fact: Callable[..., None],
        document: Callable[[Ref], Document],
    ) -> None:
        self.place, self.people, self.fact, self.document = place, people, fact, document
        self.posts: dict[int, Document] = {}  # in order of time
        self.threads: dict[int, Thread] = {}
        self.comments: dict[int, Comment] = {}
        self.acceptances: list[Acceptance] = []
        self.reactions: list[Reaction] = []
        self.watches: dict[tuple[int, int], Watch] = {}

    def ask(self, deed: deeds.Asked) -> None:
        user, space = self.people[deed.person], self.place.spaces[deed.space]
        document = self._document(
            deed.number, "thread", user, deed.at, deed.source, space, clean_line(deed.title)
        )
        document.tags = list(deed.tags)
        question = space.kind == Space.Kind.QUESTIONS
        thread = Thread(document=document, is_question=question, last_activity_at=deed.at)
        self.threads[deed.number] = thread
        self._watch(deed.person, document, deed.at)
        self.fact("thread.opened", deed.at, user, document, space=space.pk, question=question)

    def reply(self, deed: deeds.Replied) -> None:
        user, root = self.people[deed.person], self.document(deed.root)
        document = self._document(deed.number, "comment", user, deed.at, deed.source, root.space, "", root)
        parent = None if deed.parent is None else self.comments[deed.parent]
        comment = Comment(document=document, root=root, is_answer=deed.is_answer)
        if parent is not None:
            comment.parent, comment.depth = parent, parent.depth + 1
        self.comments[deed.number] = comment
        if deed.root[0] == "post":
            thread = self.threads[deed.root[1]]
            thread.comments_count += 1
            thread.last_activity_at, thread.last_commenter = deed.at, user
        self._watch(deed.person, root, deed.at)
        above = parent.document if parent else None
        self.fact("comment.posted", deed.at, user, document, root=root, parent=above, answer=deed.is_answer)

    def react(self, deed: deeds.Reacted) -> None:
        user, document = self.people[deed.person], self.document(deed.target)
        self.reactions.append(Reaction(document=document, user=user, kind=deed.kind, at=deed.at))
        document.score += VOTES.get(Reaction.Kind(deed.kind), 0)
        self.fact("reaction.given", deed.at, user, document, kind=deed.kind, author=document.author)

    def accept(self, deed: deeds.Accepted) -> None:
        user, comment = self.people[deed.person], self.comments[deed.post]
        thread = next(one for one in self.threads.values() if one.document is comment.root)
        self.acceptances.append(Acceptance(thread=thread, comment=comment, by=user, at=deed.at))
        answer = comment.document
        self.fact("answer.accepted", deed.at, user, answer, root=comment.root, author=answer.author)

    def save(self) -> None:
        """Documents first: everything else is named after them."""
        documents = list(self.posts.values())
        save(documents)
        save([Revision(document=one, number=1, title=one.title, source=one.source, author=one.author,
                       at=one.created_at) for one in documents])  # fmt: skip
        save(list(self.threads.values()))
        tops: dict[int, int] = {}
        for comment in self.comments.values():
            pk, parent = comment.document.pk, comment.parent
            comment.document_id = pk
            tops[pk] = comment.top_id = pk if parent is None else tops[parent.document_id]
            comment.parent_id = None if parent is None else parent.document_id
        save(list(self.comments.values()))
        save(self.acceptances)
        save(self.reactions)
        save(list(self.watches.values()))

    def _document(
        self,
        number: int,
        kind: str,
        user: User,
        at: datetime,
        source: str,
        space: Space | None,
        title: str,
        root: Document | None = None,
    ) -> Document:
        gate = root.gate if root is not None else space.gate if space else None
        document = Document(
            community=self.place.community,
            kind=kind,
            author=user,
            title=title,
            source=clean(source),
            space=space,
            gate=gate,
            published_at=at,
            announced_at=at,
            created_at=at,
        )
        fill(document)
        self.posts[number] = document
        return document

    def _watch(self, person: int, document: Document, at: datetime) -> None:
        self.watches.setdefault(
            (person, id(document)), Watch(user=self.people[person], document=document, at=at)
        )
