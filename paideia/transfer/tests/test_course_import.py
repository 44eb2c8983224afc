"""Courses and articles from elsewhere come whole, with their pictures, links and quizzes, and come once."""

# ruff: noqa: E501 (lines of XML read better whole)
import io

import pytest
from PIL import Image

from paideia.activity.models import Fact
from paideia.content.models import Article, Column, Document, Media, Revision
from paideia.courses.models import Course, Lesson, Question, Section
from paideia.transfer.errors import BadImport
from paideia.transfer.models import ImportRun
from paideia.transfer.run import Wishes, import_path

from .archives import tree
from .rows import every_row, nothing_came
from .test_olx_read import COURSE


def picture(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return out.getvalue()


PROBLEM = """<problem display_name="P">
  <p>Look: <img src="/static/q.png"/></p>
  <multiplechoiceresponse><choicegroup><choice correct="false">a<choicehint>no</choicehint></choice>
  <choice correct="true">\\(x^2\\)</choice></choicegroup></multiplechoiceresponse>
  <numericalresponse answer="600"><label>How many?</label><responseparam type="tolerance" default="5"/></numericalresponse>
  <solution><p>Because.</p></solution><demandhint><hint>Think.</hint></demandhint>
</problem>"""
SRT = "1\n00:00:01,000 --> 00:00:02,000\nWe&#39;re here.\n"
OLX = COURSE | {
    "static/c.png": picture("blue"),
    "static/p.png": picture(),
    "static/q.png": picture("green"),
    "static/bad.svg": "<svg onload='x()'/>",
    "static/t.srt": SRT,
    "html/h1.html": '<p>See <a href="/jump_to_id/v2#there">two</a> and <img src="/static/p.png" alt="P">.</p>',
    "sequential/sq.xml": '<sequential display_name="Videos"><vertical url_name="v1"/><vertical url_name="v2"/></sequential>',
    "vertical/v2.xml": '<vertical display_name="Two"><html url_name="h2"/><video url_name="vd"/><problem url_name="p"/></vertical>',
    "html/h2.xml": '<html>Back to <a href="/jump_to_id/v1">one</a>. <img src="/static/bad.svg" alt="Bad"/> <script>x()</script></html>',
    "video/vd.xml": '<video youtube="1.00:AOUEsgFrYeg" transcripts=\'{"en": "t.srt"}\'/>',
    "problem/p.xml": PROBLEM,
}


def olx(folder, **changed):
    files = {name.replace("__", "/").replace("_dot_", "."): content for name, content in changed.items()}
    return tree(folder, OLX | files)


def bring(tree, kind="olx", **options):
    return import_path(kind, tree.root, community_slug="agora", **options)


def lesson(title: str) -> Lesson:
    return Lesson.objects.select_related("document", "section").get(document__title=title)


def test_a_course_comes_with_its_outline_words_pictures_and_links(community, owner, tmp_path):
    bring(olx(tmp_path))
    course = Course.objects.select_related("document", "cover").get()
    assert (course.document.title, course.document.summary) == ("The Course", "A short & good one")
    assert (course.document.source, course.document.author, course.lessons_count) == ("## About", owner, 2)
    assert (course.cover.document, course.cover.after_divider) == (course.document, False)
    assert [(s.title, s.position) for s in Section.objects.all()] == [("Chapter · Videos", 1)]
    one, two = lesson("Page"), lesson("Two")
    shown = Media.objects.get(document=one.document)
    assert one.document.source == (
        f"See [two](/c/agora/lessons/{two.pk}/#there) and ![P](/c/agora/media/{shown.pk}/{shown.name})."
    )
    assert (one.kind, one.position, two.position, one.pass_percent) == ("text", 1, 2, 0)
    assert one.document.published_at is not None
    assert list(Revision.objects.filter(document=one.document).values_list("number", flat=True)) == [1]


def test_a_video_stands_above_its_lesson_and_what_is_said_below(community, tmp_path):
    bring(olx(tmp_path))
    two = lesson("Two")
    assert (two.kind, two.video_url) == ("video", "https://www.youtube.com/watch?v=AOUEsgFrYeg")
    assert two.document.source == (
        f"Back to [one](/c/agora/lessons/{lesson('Page').pk}/).\n\n## 文字稿\n\nWe're here."
    )


def test_problems_become_a_quiz_that_marks_like_the_old_one(community, tmp_path):
    bring(olx(tmp_path))
    first, second = Question.objects.filter(lesson=lesson("Two"))
    shown = Media.objects.get(pk=int(first.prompt_html.split("/media/")[1].split("/")[0]))
    assert (first.kind, shown.document) == ("one", lesson("Two").document)
    assert [(c["source"], c["correct"], c["note"]) for c in first.choices] == [
        ("a", False, "no"),
        ("$x^2$", True, ""),
    ]
    assert (first.explanation, second.explanation) == ("- Think.", "Because.")
    assert (second.kind, second.prompt, second.answers) == (
        "number",
        "How many?",
        [{"value": 600.0, "tolerance": 5.0}],
    )


def test_what_is_refused_leaves_no_hole_and_is_named(community, tmp_path):
    report = bring(olx(tmp_path))
    assert report.as_json()["imported"] == {
        "course": 1,
        "section": 1,
        "file": 3,
        "quiz_question": 2,
        "lesson": 2,
    }
    refused = [(e.what, e.reason, e.places) for e in report.left_out if e.reason == "file_refused"]
    assert refused == [("file", "file_refused", ["Two"])]
    assert "svg" not in lesson("Two").document.html


def test_the_same_course_again_changes_nothing(community, tmp_path):
    files = olx(tmp_path)
    bring(files)
    before = every_row()
    report = bring(files)
    assert every_row() == before
    assert report.as_json()["unchanged"] == {"course": 1, "section": 1, "lesson": 2}


def test_a_newer_course_changes_what_changed_and_keeps_what_was_decided_here(community, tmp_path):
    bring(olx(tmp_path / "old"))
    untouched, page = lesson("Two"), lesson("Page")
    Document.objects.filter(pk=page.pk).update(tags=["mine"])
    report = bring(
        olx(tmp_path / "new", html__h1_dot_html="<p>New words.</p>", vertical__v3_dot_xml="<vertical/>")
    )
    changed = lesson("Page")
    assert (changed.document.source, changed.document.revision, changed.document.tags) == (
        "New words.",
        2,
        ["mine"],
    )
    assert Document.objects.get(pk=untouched.pk).revision == 1
    assert report.as_json()["imported"] == {"lesson": 1}
    assert Lesson.objects.count() == 2


def test_a_changed_picture_is_brought_again(community, tmp_path):
    bring(olx(tmp_path / "old"))
    bring(olx(tmp_path / "new", static__p_dot_png=picture("yellow")))
    shown = int(lesson("Page").document.source.split("/media/")[1].split("/")[0])
    assert Media.objects.filter(document=lesson("Page").document).latest("pk").pk == shown
    assert Media.objects.filter(document=lesson("Page").document).count() == 2


def test_what_the_staff_only_saw_stays_a_draft(community, tmp_path):
    hidden = '<vertical display_name="Two" visible_to_staff_only="true"><html>x</html></vertical>'
    bring(olx(tmp_path, vertical__v2_dot_xml=hidden))
    assert [(x.title, x.published_at is None) for x in Document.objects.filter(kind="lesson").order_by("pk")] == [
        ("Page", False), ("Two", True)]  # fmt: skip


def test_a_course_withdrawn_here_is_not_published_by_the_next_import(community, owner, tmp_path):
    from paideia.courses.actions import withdraw_course

    bring(olx(tmp_path / "old"))
    withdraw_course(course=Course.objects.get(), by=owner)
    bring(olx(tmp_path / "new", html__h1_dot_html="<p>New words.</p>"))
    assert Document.objects.filter(published_at__isnull=False).count() == 0


def test_a_course_can_come_as_a_draft(community, tmp_path):
    bring(olx(tmp_path), wishes=Wishes(publish=False))
    assert Document.objects.filter(published_at__isnull=False).count() == 0


def test_publishing_is_told_as_imported_so_that_nobody_gets_mail(community, tmp_path):
    bring(olx(tmp_path))
    facts = Fact.objects.filter(verb__endswith=".published").order_by("pk")
    assert [(f.verb, f.detail) for f in facts] == [
        ("course.published", {"imported": True}), *[("lesson.published", {"imported": True})] * 2]  # fmt: skip


class Stopped(Exception):
    """Somebody pulls the plug."""


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_course_import_that_stops_goes_on_where_it_was(community, tmp_path, after):
    files = olx(tmp_path)

    def stop(_progress):
        nonlocal after
        after -= 1
        if not after:
            raise Stopped

    with pytest.raises(Stopped):
        bring(files, progress=stop)
    bring(files)
    assert (Course.objects.count(), Lesson.objects.count(), Question.objects.count()) == (1, 2, 2)
    assert (Revision.objects.count(), Media.objects.count()) == (3, 3)
    assert Document.objects.filter(published_at=None).count() == 0
    assert ImportRun.objects.get().finished_at is not None


@pytest.mark.parametrize("broken", [
    {"chapter__ch_dot_xml": '<chapter><sequential url_name="gone"/></chapter>'},
    {"problem__p_dot_xml": '<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/passwd">]><problem>&a;</problem>'},
    {"vertical__v1_dot_xml": "<vertical"},
])  # fmt: skip
def test_a_damaged_or_hostile_course_leaves_no_row(community, tmp_path, broken):
    files = olx(tmp_path, **broken)
    before = every_row()
    with pytest.raises(BadImport):
        bring(files)
    assert every_row() == before
    assert nothing_came()


BOOK = {
    "chapters.yml": "- a/: 第一部分\n- a/one.md: One\n- b/: Second\n- b/two.md: Two\n",
    "a/one.md": "# 一\n\n见[二](../b/two.md)。![图](p.png) <script>x()</script>",
    "a/p.png": picture(),
    "b/two.md": "# 二\n\n```js\nlet a = 1\n```",
}


def test_a_book_comes_as_a_course(community, tmp_path):
    bring(tree(tmp_path, BOOK), "markdown", wishes=Wishes(name="book"))
    assert [(s.title, [x.document.title for x in s.lessons.all()]) for s in Section.objects.all()] == [
        ("第一部分", ["一"]), ("Second", ["二"])]  # fmt: skip
    media = Media.objects.get()
    one, two = lesson("一"), lesson("二")
    assert one.document.source == (
        f"见[二](/c/agora/lessons/{two.pk}/)。![图](/c/agora/media/{media.pk}/{media.name}) <script>x()</script>"
    )
    assert "<script" not in one.document.html
    assert (media.document, one.document.language) == (one.document, "zh")


def test_a_book_comes_as_articles_in_columns(community, owner, tmp_path):
    book = tree(tmp_path, BOOK)
    report = bring(book, "markdown", wishes=Wishes(name="book", articles=True))
    assert report.as_json()["imported"] == {"column": 2, "file": 1, "article": 2}
    assert list(Column.objects.order_by("pk").values_list("document__title", flat=True)) == [
        "第一部分",
        "Second",
    ]
    articles = Article.objects.select_related("document", "column__document").order_by("pk")
    assert [(a.document.title, a.column.document.title, a.position, a.document.author) for a in articles] == [
        ("一", "第一部分", 1, owner), ("二", "Second", 1, owner)]  # fmt: skip
    assert f"(/c/agora/articles/{articles[1].pk}/)" in articles[0].document.source
    assert Document.objects.filter(published_at=None).count() == 0
    before = every_row()
    bring(book, "markdown", wishes=Wishes(name="book", articles=True))
    assert every_row() == before


def test_a_newer_book_changes_its_articles(community, tmp_path):
    wishes = Wishes(name="book", articles=True)
    bring(tree(tmp_path / "old", BOOK), "markdown", wishes=wishes)
    bring(tree(tmp_path / "new", BOOK | {"b/two.md": "# 二\n\n新的"}), "markdown", wishes=wishes)
    article = Article.objects.select_related("document").get(document__title="二")
    assert (article.document.source, article.document.revision) == ("新的", 2)
    assert Document.objects.filter(published_at=None).count() == 0


def test_a_real_course_and_a_real_book(community, real):
    bring_real = {
        "olx": "olx-demo/openedx-demo-course.tar.xz",
        "markdown": "md-course-zh/wangdoc-javascript-tutorial.tar.xz",
    }
    for kind, name in bring_real.items():
        folder, _slash, file = name.partition("/")
        import_path(kind, real(folder) / file, community_slug="agora")
    courses = Course.objects.select_related("document").order_by("pk")
    counts = [
        (c.document.title, c.sections.count(), c.lessons_count, c.document.published_at is None)
        for c in courses
    ]
    assert counts == [
        ("Respiratory System Question Bank 1", 1, 1, True),
        ("Open edX Demo Course", 17, 58, False),
        ("JavaScript 教程", 12, 82, False),
    ]
    assert Question.objects.count() == 26 + 6
    assert Media.objects.filter(document=None).count() == 0
    texts = "".join(Document.objects.values_list("html", flat=True))
    assert (
        "paideia-asset" not in texts
        and "paideia-lesson" not in texts
        and "/static/" not in texts.replace('"/static/', "")
    )
    before = every_row()
    for kind, name in bring_real.items():
        folder, _slash, file = name.partition("/")
        import_path(kind, real(folder) / file, community_slug="agora")
    assert every_row() == before
