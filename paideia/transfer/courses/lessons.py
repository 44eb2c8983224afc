"""A lesson's words, its recording and its quiz."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.utils.translation import override

from paideia.communities.addresses import path_in
from paideia.content.models import Document, Media, Revision
from paideia.content.rendering import fill
from paideia.courses import actions
from paideia.courses.models import Lesson as OurLesson
from paideia.lib.markdown import TooComplex
from paideia.lib.refusal import Invalid, Refused
from paideia.lib.text import clean

from .. import links
from ..course import Lesson, Quiz, Text, Video
from ..keeping import Kept, digest_of
from ..report import Report
from .files import Files
from .outline import TITLE_MAX, lesson_key, short
from .plan import Plan
from .questions import write_questions
from .words import Words


def load_lessons(batch: list[tuple[Plan, Lesson]], report: Report) -> None:
    """Write the lessons that are new or that say something else than before."""
    for plan, theirs in batch:
        kept = plan.keeping.find_one(lesson_key(theirs.external_id))
        assert kept is not None, "the outline was written before"
        digest = digest_of_page(plan, theirs)
        if kept.digest == digest:
            report.unchanged["lesson"] += 1
            continue
        with override(plan.course.language or plan.community.language):
            _write(plan, theirs, kept, report)
        plan.keeping.remember("lesson", [(lesson_key(theirs.external_id), kept.object_id, digest)])
        report.imported["lesson"] += 1


def digest_of_page(plan: Plan, lesson: Lesson) -> str:
    """Changes when the page says something else, or shows another file."""
    files, _lessons = links.named(repr(lesson.blocks))
    return digest_of(lesson, sorted((path, plan.tree.digest(path)) for path in files if plan.file(path)))


def _write(plan: Plan, theirs: Lesson, kept: Kept, report: Report) -> None:
    row = OurLesson.objects.select_related(
        "document__community", "document__space", "section__course__document__community"
    ).get(pk=kept.object_id)
    files = Files(plan, report, where=theirs.title)
    words = Words(files, _addresses(plan))
    title = short(theirs.title, TITLE_MAX, "lesson", report)
    recording = _recording(theirs, words, files)
    try:
        source = clean(source_of(theirs, words, inline_videos=not recording))
        save = _first if kept.digest == "" else _again
        save(row, title, source, _kind(theirs, recording), recording)
    except (Refused, TooComplex) as error:
        report.left_out.add("lesson", theirs.title, "unreadable", error=str(error))
        return
    quizzes = [block for block in theirs.blocks if isinstance(block, Quiz)]
    write_questions(row, quizzes, words, report, where=theirs.title)
    files.belong_to(row.document)


def _addresses(plan: Plan) -> Callable[[str], str | None]:
    @cache
    def address(lesson_id: str) -> str | None:
        kept = plan.keeping.find_one(lesson_key(lesson_id))
        return path_in(plan.community, "lesson", kept.object_id) if kept else None

    return address


def _recording(lesson: Lesson, words: Words, files: Files) -> dict[str, Any]:
    """The one video of a lesson is shown above its words; several stay where they are among them."""
    videos = [block for block in lesson.blocks if isinstance(block, Video)]
    if len(videos) != 1:
        return {}
    assets, _lessons = links.named(videos[0].url)
    if not assets:
        return {"video_url": videos[0].url} if len(videos[0].url) <= 500 else {}
    media = files.stored(assets.pop())
    return {"media": media} if media and media.kind == Media.Kind.VIDEO else {}


def source_of(lesson: Lesson, words: Words, *, inline_videos: bool) -> str:
    parts: list[str] = []
    videos = [block for block in lesson.blocks if isinstance(block, Video)]
    for block in lesson.blocks:
        if isinstance(block, Text):
            parts.append(words.markdown(block))
        elif isinstance(block, Video):
            parts += [words.player(block) if inline_videos else "", words.beside(block)]
    parts += [words.transcript(video, named=len(videos) > 1) for video in videos]
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())


def _kind(lesson: Lesson, recording: dict[str, Any]) -> str:
    """Questions are asked in any lesson that has them; a quiz counts as done with its first answers."""
    if recording:
        return OurLesson.Kind.VIDEO
    return (
        OurLesson.Kind.QUIZ
        if any(isinstance(block, Quiz) for block in lesson.blocks)
        else OurLesson.Kind.TEXT
    )


def _first(row: OurLesson, title: str, source: str, kind: str, recording: dict[str, Any]) -> None:
    """Fill the empty lesson of the outline: its first state, and so its first revision."""
    document = row.document
    document.title, document.source = title, source
    fill(document)
    document.save()
    Revision.objects.create(
        document=document, number=1, title=document.title, source=document.source, author=document.author
    )
    row.kind, row.video_url, row.media = kind, recording.get("video_url", ""), recording.get("media")
    row.pass_percent = 0  # the old system let people go on whatever they answered
    row.save()


def _again(row: OurLesson, title: str, source: str, kind: str, recording: dict[str, Any]) -> None:
    document: Document = row.document
    if document.removed_at is not None:
        raise Invalid("removed here")
    actions.save_lesson(
        section=row.section,
        lesson=row,
        title=title,
        source=source,
        kind=kind,
        video_url=recording.get("video_url", ""),
        minutes=row.minutes,
        tags=document.tags,
        summary=document.summary,
        **({"media": recording["media"]} if "media" in recording else {}),
    )
