# ruff: noqa: E501 (lines of XML and YAML read better whole)
"""An Open edX course becomes sections and lessons; what cannot come along is named."""

import re
from collections import Counter

import pytest

from paideia.transfer import links
from paideia.transfer.archive import opened
from paideia.transfer.course import Quiz, Text, Video
from paideia.transfer.errors import (
    BadImport,
    MissingFile,
    TooLarge,
    UnknownLayout,
    UnreadableFile,
    UnsafeFile,
)
from paideia.transfer.olx.read import read
from paideia.transfer.report import Report

from .archives import tree

COURSE = {
    "course.xml": '<course url_name="run" org="Org" course="C1"/>',
    "course/run.xml": '<course display_name="The Course" language="zh" course_image="c.png" start="2020-01-01T00:00:00Z">'
    '<chapter url_name="ch"/><wiki slug="x"/></course>',
    "chapter/ch.xml": '<chapter display_name="Chapter"><sequential url_name="sq"/></chapter>',
    "sequential/sq.xml": '<sequential display_name="Videos" due="2030-01-01T00:00:00Z"><vertical url_name="v1"/></sequential>',
    "vertical/v1.xml": '<vertical display_name="Page"><html url_name="h1"/></vertical>',
    "html/h1.xml": '<html filename="h1" display_name="Words"/>',
    "html/h1.html": "<p>Hello</p>",
    "static/c.png": b"png",
    "about/overview.html": "<section><h2>About</h2></section>",
    "about/short_description.html": "A short &amp; good one",
}


def course_of(folder, files=(), **changed):
    report = Report()
    (course,) = read(tree(folder, COURSE | dict(files) | changed), report)
    return course, report


def blocks_of(folder, components: str, **files):
    """The blocks of a page that holds these components, and (what, reason) of each remark."""
    vertical = f'<vertical display_name="Page"><html url_name="h1"/>{components}</vertical>'
    named = {name.replace("__", "/").replace("_dot_", "."): content for name, content in files.items()}
    course, report = course_of(folder, named | {"vertical/v1.xml": vertical})
    (lesson,) = course.lessons()
    remarks = [
        (e.what, e.reason)
        for e in (*report.converted, *report.left_out)
        if any("Page" in p for p in e.places)
    ]
    return [block for block in lesson.blocks if block.external_id != "h1"], remarks


def test_a_course_keeps_its_outline_and_its_words(tmp_path):
    course, report = course_of(tmp_path)
    assert (course.external_id, course.title, course.summary, course.language, course.cover) == (
        "Org/C1/run",
        "The Course",
        "A short & good one",
        "zh",
        "static/c.png",
    )
    assert course.description == Text("Org/C1/run/overview", "<section><h2>About</h2></section>")
    (section,) = course.sections
    (lesson,) = section.lessons
    assert (section.title, lesson.title, lesson.blocks) == (
        "Chapter · Videos",
        "Page",
        (Text("h1", "<p>Hello</p>"),),
    )
    assert [(e.what, e.reason, e.count) for e in report.left_out] == [
        ("page", "wiki", 1),
        ("schedule", "schedule", 2),
    ]


def test_everything_may_stand_in_one_file(tmp_path):
    inline = (
        '<course url_name="r" org="o" course="c" display_name="T"><chapter display_name="A">'
        '<sequential display_name="A"><vertical display_name="V"><html>a <b>c</b></html></vertical></sequential>'
        '<html display_name="Loose">x</html></chapter></course>'
    )
    (course,) = read(tree(tmp_path, {"course.xml": inline}), Report())
    assert [(s.title, [lesson.title for lesson in s.lessons]) for s in course.sections] == [
        ("A", ["V"]),
        ("A", ["Loose"]),
    ]
    assert next(course.lessons()).blocks[0].source == "a <b>c</b>"


def test_a_run_may_be_called_course_and_roots_may_lie_deep(tmp_path):
    files = {
        f"x/y/{name}".replace("course/run.xml", "course/course.xml"): content
        for name, content in COURSE.items()
    }
    files["x/y/course.xml"] = '<course url_name="course" org="Org" course="C1"/>'
    (course,) = read(tree(tmp_path, files), Report())
    assert course.external_id == "Org/C1/course"


def test_policies_of_older_exports_are_read(tmp_path):
    policy = (
        '{"vertical/v1": {"display_name": "From policy"}, "sequential/sq": {"visible_to_staff_only": true}}'
    )
    course, _report = course_of(tmp_path, {"policies/run/policy.json": policy})
    (lesson,) = course.lessons()
    assert lesson.title == "From policy"


def test_links_lead_to_lessons_and_files(tmp_path):
    html = (
        '<a href="/jump_to_id/v2#x">1</a><a href="/courses/course-v1:a+b+c/jump_to/block-v1:a+b+c+type@html+block@h2">2</a>'
        '<a href="/courses/a/b/c/courseware/ch/sq/">3</a><a href="/jump_to_id/nowhere">4</a><a href="/wiki/x">5</a>'
        '<img src="/static/thank_you.png" alt="t"><img src="/asset-v1:a+b+c+type@asset+block@c.png">'
        '<img src="/static/gone.png"><iframe src="/static/sim.html"></iframe><a href="https://x.org/y">6</a>'
    )
    course, report = course_of(
        tmp_path,
        {
            "html/h1.html": html,
            "static/thank you.png": b"png",
            "static/sim.html": "x",
            "sequential/sq.xml": '<sequential><vertical url_name="v1"/><vertical url_name="v2"/></sequential>',
            "vertical/v2.xml": '<vertical display_name="Two"><html url_name="h2"/></vertical>',
            "html/h2.xml": "<html>two</html>",
        },
    )
    v1, v2 = links.lesson("v1"), links.lesson("v2")
    assert next(course.lessons()).blocks[0].source == (
        f'<a href="{v2}#x">1</a><a href="{v2}">2</a><a href="{v1}">3</a>45'
        f'<img src="{links.asset("static/thank you.png")}" alt="t"><img src="{links.asset("static/c.png")}">'
        '<a href="https://x.org/y">6</a>'
    )
    assert {e.reason for e in report.left_out} >= {
        "lesson_missing",
        "link_into_old_site",
        "file_missing",
        "active_file",
    }


def test_what_only_a_script_made_alive_is_left_out_of_a_readable_page(tmp_path):
    blocks, remarks = blocks_of(
        tmp_path,
        '<html url_name="a"/><html url_name="b"/><html url_name="c"/>',
        html__a_dot_xml='<html>Useful? <button onclick="x()">yes</button></html>',
        html__b_dot_xml='<html><script src="/static/x.js"/><link rel="stylesheet" href="y.css"/></html>',
        html__c_dot_xml='<html><span class="material-symbols-outlined">menu_book</span> <b>Read</b> %%USER_ID%%<script>x()</script></html>',
    )
    assert blocks == [Text("c", "<b>Read</b>")]
    assert remarks == [("html", "element_dropped"), ("html", "only_controls"), ("html", "only_scripts")]


def test_a_drawing_that_a_script_makes_of_a_table_is_left_out_and_its_words_stay(tmp_path):
    boxes = "<tr>" + "<td><dl><dt>H</dt></dl></td>" * 41 + "</tr>"
    html = f"<html><h2>Elements</h2><table>{boxes}</table><table><tr><td>real</td></tr></table>{{}}</html>"
    blocks, remarks = blocks_of(
        tmp_path, '<html url_name="a"/><html url_name="b"/>',
        html__a_dot_xml=html.format('<script src="x.js"/>'), html__b_dot_xml=html.format(""),
    )  # fmt: skip
    assert [(block.external_id, block.source.count("<td>")) for block in blocks] == [("a", 1), ("b", 42)]
    assert remarks == [("html", "element_dropped"), ("html", "element_dropped")]


def test_html_deeper_than_any_page_is_left_out_by_name(tmp_path):
    deep = "<div>" * 200 + "x" + "</div>" * 200
    blocks, remarks = blocks_of(tmp_path, '<html url_name="a" filename="a"/>', html__a_dot_html=deep)
    assert (blocks, remarks) == ([], [("html", "unreadable")])


def test_videos_keep_their_address_their_start_and_what_is_said(tmp_path):
    srt = "1\n00:00:01,000 --> 00:00:02,000\nHello <i>there</i>.\n\n2\n00:00:02,000 --> 00:00:03,000\nBye.\n"
    blocks, remarks = blocks_of(
        tmp_path,
        '<video url_name="a" display_name="V" youtube="0.75:slow123,1.00:AOUEsgFrYeg" start_time="00:11:39"'
        ' transcripts=\'{"en": "t.srt"}\'/><video url_name="b"><source src="https://x.org/v.mp4"/></video>'
        '<video url_name="c" html5_sources="[&quot;/static/v.mp4&quot;]"/><video url_name="d" display_name="D"/>',
        static__t_dot_srt=srt,
        static__v_dot_mp4=b"mp4",
    )
    assert blocks == [
        Video("a", "V", "https://www.youtube.com/watch?v=AOUEsgFrYeg&t=699s", (("en", "Hello there. Bye."),)),
        Video("b", "", "https://x.org/v.mp4"),
        Video("c", "", links.asset("static/v.mp4")),
    ]
    assert remarks == [("video", "transcript_as_text"), ("video", "no_source")]


def test_a_drawn_problem_bank_asks_all_of_its_problems(tmp_path):
    one = "<multiplechoiceresponse><choice correct='true'>a</choice><choice correct='false'>b</choice></multiplechoiceresponse>"
    blocks, remarks = blocks_of(
        tmp_path,
        '<library_content max_count="1"><problem url_name="p"/><problem url_name="q"/></library_content>',
        problem__p_dot_xml=f"<problem>{one}</problem>",
        problem__q_dot_xml=f"<problem>{one}</problem>",
    )
    assert [(type(block), block.external_id) for block in blocks] == [(Quiz, "p"), (Quiz, "q")]
    assert remarks == [("library_content", "draw_dropped")]


@pytest.mark.parametrize(
    ("component", "remark"),
    [
        ('<lti url_name="a" launch_url="https://x.org"/>', ("lti", "lti")),
        ('<openassessment url_name="a"><title>x</title></openassessment>', ("openassessment", "assignment")),
        ('<drag-and-drop-v2 url_name="a" data="{}"/>', ("drag-and-drop-v2", "dragging")),
        ('<discussion url_name="a"/>', ("discussion", "own_comments")),
        ('<poll url_name="a" question="?"/>', ("poll", "poll")),
        ('<quantum url_name="a" x="1"/>', ("quantum", "unknown_component")),
        ('<problem url_name="gone"/>', ("problem", "unreadable")),
        ('<html url_name="nohtml" filename="nohtml"/>', ("html", "unreadable")),
        ('<problem url_name="broken"/>', ("problem", "unreadable")),
        ('<html url_name="a" visible_to_staff_only="true">secret</html>', ("html", "staff_only")),
    ],
)
def test_what_has_no_counterpart_is_left_out_with_its_reason(tmp_path, component, remark):
    blocks, remarks = blocks_of(tmp_path, component, problem__broken_dot_xml="<problem><p>")
    assert (blocks, remarks) == ([], [remark])


def test_what_the_staff_only_could_see_is_a_draft(tmp_path):
    course, _report = course_of(
        tmp_path,
        {"chapter/ch.xml": '<chapter visible_to_staff_only="true"><sequential url_name="sq"/></chapter>'},
    )
    assert [lesson.draft for lesson in course.lessons()] == [True]


def test_a_library_is_a_draft_course_of_its_problems(tmp_path):
    (library,) = read(
        tree(
            tmp_path,
            {
                "library/library.xml": '<library url_name="library" display_name="Bank" org="o" library="b"><problem url_name="p"/></library>',
                "library/problem/p.xml": "<problem><numericalresponse answer='12'><label>How many?</label></numericalresponse></problem>",
            },
        ),
        Report(),
    )
    (lesson,) = library.lessons()
    assert (library.title, library.draft, lesson.blocks[0].questions[0].prompt_html) == (
        "Bank",
        True,
        "<p>How many?</p>",
    )


DOCTYPE = '<!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"course.xml": "<library/>"}, UnknownLayout),
        ({"course.xml": "<course"}, UnreadableFile),
        ({"course.xml": DOCTYPE + "<course>&a;</course>"}, UnsafeFile),
        (
            {
                "problem/p.xml": DOCTYPE + "<problem>&a;</problem>",
                "vertical/v1.xml": '<vertical><problem url_name="p"/></vertical>',
            },
            UnsafeFile,
        ),
        ({"chapter/ch.xml": '<chapter><sequential url_name="gone"/></chapter>'}, MissingFile),
        ({"chapter/ch.xml": '<chapter><sequential url_name="../../../etc/passwd"/></chapter>'}, MissingFile),
        ({"vertical/v1.xml": "<vertical><html"}, UnreadableFile),
        ({"chapter/ch.xml": '<chapter><chapter url_name="ch"/></chapter>'}, UnreadableFile),
        (
            {"vertical/v1.xml": "<vertical>" + "<wrapper>" * 200 + "</wrapper>" * 200 + "</vertical>"},
            TooLarge,
        ),
        ({"policies/run/policy.json": "{"}, UnreadableFile),
        ({"about/overview.html": "é à".encode("latin-1")}, UnreadableFile),
    ],
)
def test_a_damaged_or_hostile_structure_is_refused_by_name(tmp_path, changed, error):
    with pytest.raises(error) as caught:
        course_of(tmp_path, changed)
    assert caught.value.where == "course.xml" or caught.value.where.split("/")[0] in (
        "course",
        "chapter",
        "sequential",
        "vertical",
        "problem",
        "policies",
        "about",
        "ch",
    )


def test_something_else_is_no_course(tmp_path):
    with pytest.raises(UnknownLayout):
        read(tree(tmp_path, {"a.md": "x"}), Report())


def test_a_real_course_and_its_library(real):
    report = Report()
    with opened(real("olx-demo") / "openedx-demo-course.tar.xz") as found:
        library, course = read(found, report)
    chapters = dict.fromkeys(section.title.split(" · ")[0] for section in course.sections)
    assert (len(chapters), len(course.sections), len(list(course.lessons()))) == (6, 17, 58)
    kinds = Counter(type(block) for lesson in course.lessons() for block in lesson.blocks)
    left = {(e.what, e.reason): e.count for e in report.left_out}
    texts = sum(n for (what, _reason), n in left.items() if what == "html")
    assert kinds[Video] == 11
    assert kinds[Text] + texts == 266 + 2  # and a thought and an annotated sonnet
    assert {"lti", "openassessment", "discussion", "drag-and-drop-v2", "poll", "survey"} <= {
        what for what, _ in left
    }
    assert ("library_content", "draw_dropped") in {(e.what, e.reason) for e in report.converted}
    assert (
        sum(len(b.questions) for lesson in course.lessons() for b in lesson.blocks if isinstance(b, Quiz))
        == 26
    )
    assert (library.draft, sum(len(b.questions) for lesson in library.lessons() for b in lesson.blocks)) == (
        True,
        6,
    )
    sources = " ".join(b.source for lesson in course.lessons() for b in lesson.blocks if isinstance(b, Text))
    _assets, lessons = links.named(sources)
    assert lessons <= {lesson.external_id for lesson in course.lessons()}
    assert not re.search(r'<[^>]*="/(static|jump_to)|<script', sources)


def test_a_real_course_cut_off_on_its_way_is_refused(real, tmp_path):
    whole = (real("olx-demo") / "openedx-demo-course.tar.xz").read_bytes()
    (tmp_path / "cut.tar.xz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadImport), opened(tmp_path / "cut.tar.xz") as found:
        read(found, Report())
