"""Questions as threads, answers as answers, remarks as comments below either."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.activity.actions import Happening, record_many
from paideia.content.actions import save_document
from paideia.content.models import Document, Revision
from paideia.content.rendering import fill
from paideia.discussions.models import Comment as OurComment
from paideia.discussions.models import Reaction, Thread
from paideia.lib.markdown import TooComplex, html_to_markdown
from paideia.lib.refusal import Refused
from paideia.lib.text import clean, clean_line

from ..keeping import Keeping, Kept, digest_of
from ..report import Report
from .mentions import Circles, without_mentions
from .people import person_key
from .rows import Comment, Post
from .space import questions_space

TITLE_MAX, TAG_MAX, NAME_MAX = 200, 40, 120


def post_key(post_id: int) -> str:
    return f"post:{post_id}"


def comment_key(comment_id: int) -> str:
    return f"comment:{comment_id}"


Row = TypeVar("Row", Post, Comment)


@dataclass
class Written(Generic[Row]):
    """An outside row with the document it becomes."""

    key: str
    digest: str
    row: Row
    document: Document


def load_questions(keeping: Keeping, batch: list[Post], report: Report) -> None:
    texts = _Texts[Post](keeping, report, "question")
    made = texts.take(batch, lambda post: post_key(post.id), texts.question)
    Thread.objects.bulk_create(
        Thread(
            document=each.document,
            is_question=True,
            last_activity_at=each.row.active_at or each.row.created_at,
            closed_at=each.row.closed_at,
        )
        for each in made
    )
    texts.keep("thread", made)
    texts.record("thread.opened", made, lambda each: {"space": each.document.space_id, "question": True})


def load_answers(keeping: Keeping, batch: list[Post], report: Report) -> None:
    texts = _Texts[Post](keeping, report, "answer")
    questions = keeping.find(post_key(post.parent_id) for post in batch if post.parent_id)
    rooted = _with_parent(
        batch, questions, "thread", lambda post: post_key(post.parent_id or 0), report, "answer"
    )
    made = texts.take(rooted, lambda post: post_key(post.id), texts.below)
    roots = {each.key: questions[post_key(each.row.parent_id or 0)].object_id for each in made}
    OurComment.objects.bulk_create(
        OurComment(document=each.document, root_id=roots[each.key], top_id=each.document.pk, is_answer=True)
        for each in made
    )
    texts.keep("answer", made)
    texts.record(
        "comment.posted", made, lambda each: {"root": roots[each.key], "parent": None, "answer": True}
    )


def load_comments(keeping: Keeping, batch: list[Comment], report: Report) -> None:
    """A comment on a question stands below it, one on an answer below the answer. Its score came from votes
    up by people whom the dump does not name; so it does here."""
    texts = _Texts[Comment](keeping, report, "comment")
    posts = keeping.find({post_key(comment.post_id) for comment in batch})
    rooted = _with_parent(batch, posts, None, lambda comment: post_key(comment.post_id), report, "comment")
    texts.circles = Circles(keeping, posts, rooted)
    made = texts.take(rooted, lambda comment: comment_key(comment.id), texts.below)
    answers = [kept.object_id for kept in posts.values() if kept.kind == "answer"]
    root_of = dict(OurComment.objects.filter(pk__in=answers).values_list("pk", "root_id"))
    OurComment.objects.bulk_create(
        _placed(each.document, posts[post_key(each.row.post_id)], root_of) for each in made
    )
    Reaction.objects.bulk_create(
        Reaction(document=each.document, kind=Reaction.Kind.UP, at=each.row.created_at)
        for each in made
        for _vote in range(each.document.score)
    )
    texts.keep("comment", made)
    texts.record("comment.posted", made, lambda each: _where(posts[post_key(each.row.post_id)], root_of))


def _placed(document: Document, post: Kept, root_of: dict[int, int]) -> OurComment:
    if post.kind == "thread":
        return OurComment(document=document, root_id=post.object_id, top_id=document.pk)
    answer = post.object_id
    return OurComment(document=document, root_id=root_of[answer], parent_id=answer, top_id=answer, depth=1)


def _where(post: Kept, root_of: dict[int, int]) -> dict[str, object]:
    below = post.kind == "answer"
    root, parent = (root_of[post.object_id], post.object_id) if below else (post.object_id, None)
    return {"root": root, "parent": parent, "answer": False}


def _with_parent(
    batch: Iterable[Row],
    posts: dict[str, Kept],
    kind: str | None,
    key: Callable[[Row], str],
    report: Report,
    what: str,
) -> list[Row]:
    """The rows whose post is here; the others are reported."""
    kept = []
    for row in batch:
        post = posts.get(key(row))
        if post is not None and (kind is None or post.kind == kind):
            kept.append(row)
        else:
            report.left_out.add(what, f"{what} {row.id}", "post_absent")
    return kept


class _Texts(Generic[Row]):
    """Writes the documents of one batch."""

    def __init__(self, keeping: Keeping, report: Report, what: str) -> None:
        self.keeping, self.report, self.what = keeping, report, what
        self.space = questions_space(keeping)
        self.authors: dict[str, Kept] = {}
        self.circles = Circles(keeping, {})
        self.now = timezone.now()

    def take(
        self, batch: list[Row], key: Callable[[Row], str], draft: Callable[[Row], Document]
    ) -> list[Written[Row]]:
        """Write the new ones among the rows and return them; bring changed ones up to date."""
        known = self.keeping.find(key(row) for row in batch)
        owners = (row.owner_id if isinstance(row, Post) else row.author_id for row in batch)
        self.authors = self.keeping.find({person_key(owner) for owner in owners if owner is not None})
        made: list[Written[Row]] = []
        for row in batch:
            kept, digest = known.get(key(row)), digest_of(row)
            if kept is not None and kept.digest == digest:
                self.report.unchanged[self.what] += 1
            elif kept is not None:
                self._try(row, self._refresh, row, draft, kept, key(row), digest)
            elif (document := self._try(row, _filled, row, draft)) is not None:
                made.append(Written(key(row), digest, row, document))
        Document.objects.bulk_create(each.document for each in made)
        Revision.objects.bulk_create(
            Revision(
                document=d, number=1, title=d.title, source=d.source, author_id=d.author_id, at=d.created_at
            )
            for d in (each.document for each in made)
        )
        self.report.imported[self.what] += len(made)
        return made

    def question(self, post: Post) -> Document:
        document = self._document(Document.Kind.THREAD, post.owner_id, post.owner_name, post.created_at)
        document.title = self._short(clean_line(post.title) or f"#{post.id}", TITLE_MAX, post.id)
        document.tags = list(dict.fromkeys(clean_line(tag)[:TAG_MAX] for tag in post.tags))
        document.source = without_mentions(clean(html_to_markdown(post.body_html)))
        document.edited_at = post.edited_at
        self._note_licence(post.licence)
        return document

    def below(self, row: Post | Comment) -> Document:
        """An answer or a comment."""
        if isinstance(row, Post):
            document = self._document(Document.Kind.COMMENT, row.owner_id, row.owner_name, row.created_at)
            document.source = without_mentions(clean(html_to_markdown(row.body_html)))
            document.edited_at = row.edited_at
        else:
            document = self._document(Document.Kind.COMMENT, row.author_id, row.author_name, row.created_at)
            document.source = self.circles.addressed(clean(row.text), post_key(row.post_id))
            document.score = max(row.score, 0)
        self._note_licence(row.licence)
        return document

    def keep(self, kind: str, made: list[Written[Row]]) -> None:
        self.keeping.remember(kind, ((each.key, each.document.pk, each.digest) for each in made))

    def record(
        self, verb: str, made: list[Written[Row]], detail: Callable[[Written[Row]], dict[str, object]]
    ) -> None:
        record_many(
            Happening(
                verb,
                self.keeping.community.pk,
                each.document.author_id,
                "document",
                each.document.pk,
                each.document.published_at,
                {**detail(each), "imported": True},
            )
            for each in made
        )

    def _document(self, kind: str, owner_id: int | None, owner_name: str, at: datetime) -> Document:
        owner = self.authors.get(person_key(owner_id)) if owner_id is not None else None
        name = "" if owner else clean_line(owner_name)[:NAME_MAX] or _("Somebody who left")
        return Document(
            community=self.keeping.community,
            kind=kind,
            author_id=owner.object_id if owner else None,
            author_name=name,
            space=self.space,
            gate=self.space.gate,
            created_at=at,
            published_at=at,
            announced_at=self.now,
        )

    def _try(self, row: Row, write: Callable[..., Document], *given: object) -> Document | None:
        """The document, or None for a text that no page can show, which is reported."""
        try:
            return write(*given)
        except (Refused, TooComplex) as error:
            self.report.left_out.add(self.what, f"{self.what} {row.id}", "unreadable", error=str(error))
            return None

    def _refresh(
        self, row: Row, draft: Callable[[Row], Document], kept: Kept, key: str, digest: str
    ) -> Document:
        """The dump says something else than before: one more revision of what is here."""
        new = draft(row)
        document = Document.objects.select_related("community", "space__gate", "gate").get(pk=kept.object_id)
        save_document(
            community=document.community,
            kind=document.kind,
            author=new.author,
            title=new.title,
            source=new.source,
            space=document.space,
            gate=document.gate,
            tags=new.tags,
            document=document,
            note=_("Imported again"),
        )
        if isinstance(row, Post) and row.kind == "question":
            Thread.objects.filter(pk=document.pk).update(closed_at=row.closed_at)
        self.keeping.remember(kept.kind, [(key, kept.object_id, digest)])
        self.report.imported[self.what] += 1
        return document

    def _short(self, text: str, characters_max: int, row_id: int) -> str:
        if len(text) > characters_max:
            self.report.converted.add(
                self.what, f"{self.what} {row_id}", "shortened", max=str(characters_max)
            )
        return text[:characters_max]

    def _note_licence(self, licence: str) -> None:
        if licence:
            self.report.warnings.add(self.what, "", "licence_duty", licence=licence)


def _filled(row: Row, draft: Callable[[Row], Document]) -> Document:
    document = draft(row)
    fill(document)
    return document
