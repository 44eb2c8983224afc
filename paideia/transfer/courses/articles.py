"""A folder of Markdown as articles in columns: one column for each section."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.utils.translation import override

from paideia.accounts.models import User
from paideia.communities.addresses import path_in
from paideia.communities.models import Community
from paideia.content.actions import save_article, save_column
from paideia.content.models import Article, Column, Document, Revision
from paideia.content.rendering import fill
from paideia.lib.markdown import TooComplex
from paideia.lib.refusal import Refused
from paideia.lib.text import clean

from ..archive import Tree
from ..course import Lesson, Section
from ..job import Job, Step
from ..keeping import Keeping, Kept, digest_of
from ..markdown.read import read as read_markdown
from ..report import Report
from .files import Files
from .job import fingerprint, owner_of
from .lessons import digest_of_page, source_of
from .outline import TITLE_MAX, lesson_key, section_key, short
from .plan import Plan
from .publication import publish_imported
from .words import Words


def articles_job(tree: Tree, name: str, community: Community, *, author: User | None, publish: bool) -> Job:
    """Raises BadImport where a file is damaged or there is no Markdown."""
    report = Report()
    course = read_markdown(tree, report, name=name)
    keeping = Keeping(community, f"articles:{name}"[:120])
    plan = Plan(course, tree, keeping, author or owner_of(community), publish)
    pages = [(plan, lesson) for lesson in course.lessons()]
    sections = [(plan, section) for section in course.sections]
    steps = [
        Step("column", len(sections), partial(iter, sections), load_columns, batch=10),
        Step("article", len(pages), partial(iter, pages), load_articles, batch=5),
        Step("publication", 1, partial(iter, [plan]), load_publications, batch=1, counted=False),
    ]
    return Job(plan.keeping.source, fingerprint([plan]), steps, report)


def load_columns(batch: list[tuple[Plan, Section]], report: Report) -> None:
    """Each column with an empty article for every file, so that their words can link to each other."""
    for plan, section in batch:
        column = _column(plan, section, report)
        known = plan.keeping.find(lesson_key(lesson.external_id) for lesson in section.lessons)
        for position, lesson in enumerate(section.lessons, start=1):
            if lesson_key(lesson.external_id) not in known:
                _begin(plan, column, position, lesson, report)


def load_articles(batch: list[tuple[Plan, Lesson]], report: Report) -> None:
    for plan, lesson in batch:
        key, digest = lesson_key(lesson.external_id), digest_of_page(plan, lesson)
        kept = plan.keeping.find_one(key)
        assert kept is not None, "the columns were written before"
        if kept.digest == digest:
            report.unchanged["article"] += 1
            continue
        with override(plan.community.language):
            _write(plan, lesson, kept, report)
        plan.keeping.remember("article", [(key, kept.object_id, digest)])
        report.imported["article"] += 1


def load_publications(plans: list[Plan], report: Report) -> None:
    for plan in plans:
        if plan.publish:
            columns = [section_key(section.external_id) for section in plan.course.sections]
            shown = [lesson_key(lesson.external_id) for lesson in plan.course.lessons() if not lesson.draft]
            publish_imported(plan, [*columns, *shown])


def _column(plan: Plan, section: Section, report: Report) -> Column:
    title = short(section.title, TITLE_MAX, "column", report) or "–"
    key, digest = section_key(section.external_id), digest_of(title)
    kept = plan.keeping.find_one(key)
    rows = Column.objects.select_related("document__community", "document__space", "document__gate")
    row = rows.filter(pk=kept.object_id).first() if kept else None
    if row is not None and kept is not None and kept.digest == digest:
        report.unchanged["column"] += 1
        return row
    old = row.document if row else None
    document = save_column(
        community=plan.community,
        author=plan.author,
        title=title,
        source=old.source if old else "",
        document=old,
        **_as_before(old),
    )
    plan.keeping.remember("column", [(key, document.pk, digest)])
    report.imported["column"] += 1
    return Column.objects.get(pk=document.pk)


def _begin(plan: Plan, column: Column, position: int, lesson: Lesson, report: Report) -> None:
    title = short(lesson.title, TITLE_MAX, "article", report)
    document = Document.objects.create(
        community=plan.community, kind=Document.Kind.ARTICLE, author=plan.author, title=title
    )
    Article.objects.create(document=document, column=column, position=position)
    plan.keeping.remember("article", [(lesson_key(lesson.external_id), document.pk, "")])


def _write(plan: Plan, lesson: Lesson, kept: Kept, report: Report) -> None:
    document = Document.objects.select_related("community", "space", "gate", "author").get(pk=kept.object_id)
    files = Files(plan, report, where=lesson.title)
    words = Words(files, partial(_address, plan))
    title = short(lesson.title, TITLE_MAX, "article", report)
    try:
        source = clean(source_of(lesson, words, inline_videos=True))
        if kept.digest == "":
            document.title, document.source = title, source
            fill(document)
            document.save()
            Revision.objects.create(
                document=document, number=1, title=title, source=source, author=document.author
            )
        else:
            article = document.article
            save_article(
                community=plan.community,
                author=plan.author,
                title=title,
                source=source,
                document=document,
                column=article.column,
                position=article.position,
                **_as_before(document),
            )
    except (Refused, TooComplex) as error:
        report.left_out.add("article", lesson.title, "unreadable", error=str(error))
        return
    files.belong_to(document)


def _as_before(document: Document | None) -> dict[str, Any]:
    """What the community decided about a work since it came: where it stands and who may read it."""
    if document is None:
        return {}
    return {
        "space": document.space,
        "gate": document.gate,
        "tags": document.tags,
        "summary": document.summary,
    }


def _address(plan: Plan, lesson_id: str) -> str | None:
    kept = plan.keeping.find_one(lesson_key(lesson_id))
    return path_in(plan.community, "article", kept.object_id) if kept else None
