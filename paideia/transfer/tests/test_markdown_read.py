# ruff: noqa: E501 (lines of XML and YAML read better whole)
"""A folder of Markdown becomes a course in the order its author meant."""

import pytest

from paideia.transfer import links
from paideia.transfer.archive import opened
from paideia.transfer.errors import MissingFile, UnknownLayout, UnreadableFile
from paideia.transfer.markdown.read import read
from paideia.transfer.markdown.source import page, with_addresses
from paideia.transfer.report import Report

from .archives import tree


def outline(course) -> list[tuple[str, list[str]]]:
    return [(section.title, [lesson.title for lesson in section.lessons]) for section in course.sections]


def test_chapters_yml_gives_order_and_section_titles_and_headings_give_lesson_titles(tmp_path):
    course = read(
        tree(
            tmp_path,
            {
                "chapters.yml": "- basics/: 入门篇\n- basics/b.md: B listed\n- basics/a.md: A\n- more/: More\n- more/c.md: '<c>'\n",
                "loppo.yml": "site: My Book\n",
                "docs/basics/a.md": "# Alpha\n\nwords",
                "docs/basics/b.md": "words",
                "docs/more/c.md": "# `<c>` 元素\n",
                "docs/preface.md": "# Preface\n\nhello",
                "README.md": "# Repo",
            },
        ),
        Report(),
    )
    assert course.title == "My Book"
    assert outline(course) == [
        ("My Book", ["Preface"]),
        ("入门篇", ["B listed", "Alpha"]),
        ("More", ["<c> 元素"]),
    ]
    assert [block.source for lesson in course.lessons() for block in lesson.blocks] == [
        "hello",
        "words",
        "words",
        "",
    ]


def test_without_a_list_names_are_sorted_as_people_count_and_front_matter_moves_a_file(tmp_path):
    course = read(
        tree(
            tmp_path,
            {
                "book/10-last.md": "x",
                "book/2-second.md": "x",
                "book/index.md": "---\ntitle: The Book\n---\nx",
                "book/1-part/b.md": "---\nweight: 1\n---\n# B\n",
                "book/1-part/a.md": "# A\n",
                "book/1-part/deep/z.md": "Zed\n===\n",
                "book/1-part/README.md": "# Part one\n",
            },
        ),
        Report(),
    )
    assert course.title == "The Book"
    assert outline(course) == [
        ("The Book", ["The Book", "second", "last"]),
        ("Part one", ["Part one", "B", "A"]),
        ("Part one · deep", ["Zed"]),
    ]


def test_links_lead_to_lessons_and_pictures_to_files(tmp_path):
    report = Report()
    course = read(
        tree(
            tmp_path,
            {
                "a/one.md": '# One\n[two](../b/two.md#part) [same](two.html) ![p](img/p%20q.png "t") [out](https://x.org/a.md)'
                " [gone](gone.md) [m](mailto:a@b.c) `[code](../b/two.md)` [`x`](/b/two)\n\n"
                '```\n[two](../b/two.md)\n```\n\n[ref]: ../b/two.md "T"\n<img alt=\'x\' src="img/p q.png">',
                "a/two.md": "# Two",
                "b/two.md": "# B two",
                "a/img/p q.png": b"png",
                "unused.png": b"png",
            },
        ),
        report,
    )
    body = next(
        block.source for lesson in course.lessons() for block in lesson.blocks if lesson.title == "One"
    )
    two, picture = links.lesson("b/two.md"), links.asset("a/img/p q.png")
    assert body == (
        f'[two]({two}#part) [same]({links.lesson("a/two.md")}) ![p]({picture} "t") [out](https://x.org/a.md)'
        f" [gone](gone.md) [m](mailto:a@b.c) `[code](../b/two.md)` [`x`]({two})\n\n"
        f'```\n[two](../b/two.md)\n```\n\n[ref]: {two} "T"\n<img alt=\'x\' src="{picture}">'
    )
    assert links.named(body) == ({"a/img/p q.png"}, {"b/two.md", "a/two.md"})
    ours = links.resolver({}.get, {"b/two.md": "/lessons/7/"}.get)
    assert links.settled(f"[x]({two}#part) ![y]({picture})", ours) == "[x](/lessons/7/#part) y"
    assert [(e.what, e.reason, e.places) for e in report.left_out] == [
        ("link", "file_missing", ["a/one.md"]),
        ("file", "file_unused", ["unused.png"]),
    ]


def test_a_link_never_leads_outside_of_the_folder(tmp_path):
    (tmp_path / "secret.png").write_bytes(b"s")
    course = read(tree(tmp_path / "book", {"a.md": "# A\n![x](../secret.png) ![y](/etc/passwd)"}), Report())
    (lesson,) = course.lessons()
    assert lesson.blocks[0].source == "![x](../secret.png) ![y](/etc/passwd)"


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("# A `b` *c* [d](e) {#id}\n\nx", "A b c d", "x"),
        ("x\n\n```\n# no\n```\n# Later #\ny", "Later", "x\n\n```\n# no\n```\n# Later #\ny"),
        ("---\ntitle: Front\ndraft: true\n---\n# Front\nx", "Front", "x"),
        ("---\ntitle: Front\n---\n# Other\nx", "Front", "# Other\nx"),
        ("---\njust words\n---\nx", "", "---\njust words\n---\nx"),
        ("Title\n=====\nx", "Title", "x"),
        ("", "", ""),
        ("## second\nx", "", "## second\nx"),
    ],
)
def test_titles_and_bodies(text, title, body):
    found = page(text, where="a.md")
    assert (found.title, found.body) == (title, body)


def test_drafts_stay_drafts(tmp_path):
    course = read(tree(tmp_path, {"a.md": "---\ndraft: true\n---\n# A", "b.md": "# B"}), Report())
    assert [(lesson.title, lesson.draft) for lesson in course.lessons()] == [("A", True), ("B", False)]


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ({}, UnknownLayout),
        ({"a.txt": "x"}, UnknownLayout),
        ({"chapters.yml": "- a.md: A", "b.md": "x"}, MissingFile),
        ({"chapters.yml": "- ../../etc/passwd.md: A", "b.md": "x"}, MissingFile),
        ({"chapters.yml": "- [", "b.md": "x"}, UnreadableFile),
        ({"chapters.yml": "- a.md: [x]", "a.md": "x"}, UnreadableFile),
        ({"chapters.yml": "[" * 5000, "a.md": "x"}, UnreadableFile),
        ({"chapters.yml": "!!python/object/apply:os.system [id]", "a.md": "x"}, UnreadableFile),
        ({"a.md": "---\ntitle: [\n---\nx"}, UnreadableFile),
        ({"a.md": "abc é à".encode("latin-1")}, UnreadableFile),
    ],
)
def test_what_is_missing_or_damaged_is_refused(tmp_path, files, error):
    with pytest.raises(error):
        read(tree(tmp_path, files), Report())


def test_addresses_are_found_in_linear_time():
    for bomb in ("[" * 200_000, "[a](" * 50_000, "`" * 100_001, "<img " * 40_000, "![](" + "(" * 100_000):
        with_addresses(bomb, lambda address: None)


def test_a_real_book_in_chinese(real):
    with opened(real("md-course-zh") / "wangdoc-javascript-tutorial.tar.xz") as found:
        course = read(found, Report())
    lessons = list(course.lessons())
    assert (len(course.sections), len(lessons)) == (12, 82)
    assert sum(len(block.source.encode()) for lesson in lessons for block in lesson.blocks) == 1_108_160
    assert lessons[1].title == "导论"
