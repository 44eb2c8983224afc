"""Markdown becomes what its writer meant, in Chinese as in English."""

import re
from pathlib import Path

import pytest

from paideia.lib.markdown import Heading, TooComplex, html_to_text, limits, render
from paideia.lib.markdown.callouts import TITLES as CALLOUT_TITLES
from paideia.lib.markdown.code import COLOURED_CHARACTERS_MAX
from paideia.lib.markdown.limits import NESTING_MAX, SOURCE_BYTES_MAX
from paideia.lib.tests.clock import cpu_seconds

REL = ' rel="nofollow ugc noopener"'


def html(source: str, **options) -> str:
    return render(source, **options).html.strip()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a *b* **c** ~~d~~ `e<`", "<p>a <em>b</em> <strong>c</strong> <s>d</s> <code>e&lt;</code></p>"),
        ("$x < y$ and $5 and $6", '<p><span class="math inline">x &lt; y</span> and $5 and $6</p>'),
        ("价格 $100，折扣 $20。", "<p>价格 $100，折扣 $20。</p>"),
        ("\\$a$", "<p>$a$</p>"),
        ("a $$x$$ b 1", '<p>a <span class="math display">x</span> b 1</p>'),
        ("$$\n\\int_0^1 x\n$$", '<div class="math display">\\int_0^1 x</div>'),
        ("```math\na<b\n```", '<div class="math display">a&lt;b</div>'),
        ("term\n: meaning", "<dl>\n<dt>term</dt>\n<dd>meaning</dd>\n</dl>"),
        (
            "> [!WARNING]\n> x",
            '<div class="callout callout-warning">\n<p class="callout-title">Warning</p>\n<p>x</p>\n</div>',
        ),
        (
            "> [!note]\n> 注意",
            '<div class="callout callout-note">\n<p class="callout-title">注</p>\n<p>注意</p>\n</div>',
        ),
        (
            ":::tip 小窍门\nx\n:::",
            '<div class="callout callout-tip">\n<p class="callout-title">小窍门</p>\n<p>x</p>\n</div>',
        ),
        (":::details More <b>\nx\n:::", "<details>\n<summary>More &lt;b&gt;</summary>\n<p>x</p>\n</details>"),
        (":::unknown\nx\n:::", "<p>:::unknown\nx\n:::</p>"),
        ("![a *b*](/c.png)", '<figure><img src="/c.png" alt="a b" loading="lazy"></figure>'),
        (
            '![a](/c.png "d")',
            '<figure><img src="/c.png" alt="a" loading="lazy"><figcaption>d</figcaption></figure>',
        ),
        ("x ![a](/c.png)", '<p>x <img src="/c.png" alt="a" loading="lazy"></p>'),
        (
            "<details><summary>s</summary>\n\n*x*\n\n</details>",
            "<details><summary>s</summary>\n<p><em>x</em></p>\n</details>",
        ),
        ("a <kbd>b</kbd> <script>c</script>", "<p>a <kbd>b</kbd> </p>"),
        ("<!-- a note -->\n\nx", "<p>x</p>"),
    ],
)
def test_rendering(source, expected):
    assert html(source) == expected


def test_a_table_aligns_by_class():
    assert html("|a|b|\n|:-|-:|\n|1|2|") == (
        '<table>\n<thead>\n<tr>\n<th class="align-left">a</th>\n'
        '<th class="align-right">b</th>\n</tr>\n</thead>\n'
        '<tbody>\n<tr>\n<td class="align-left">1</td>\n'
        '<td class="align-right">2</td>\n</tr>\n</tbody>\n</table>'
    )


def test_task_lists_have_boxes():
    box = '<input class="task-list-item-checkbox" type="checkbox"'
    assert html("- [x] 买书\n- [ ] 读书") == (
        '<ul class="contains-task-list">\n'
        f'<li class="task-list-item">{box} checked="" disabled=""> 买书</li>\n'
        f'<li class="task-list-item">{box} disabled=""> 读书</li>\n</ul>'
    )


def test_footnotes_stand_at_the_end():
    assert html("甲[^a]乙^[短注]\n\n[^a]: 长注") == (
        f'<p>甲<sup class="footnote-ref"><a href="#user-fn1" id="user-fnref1"{REL}>[1]</a></sup>'
        f'乙<sup class="footnote-ref"><a href="#user-fn2" id="user-fnref2"{REL}>[2]</a></sup></p>\n'
        '<section class="footnotes">\n<ol class="footnotes-list">\n'
        '<li id="user-fn1" class="footnote-item"><p>长注 '
        f'<a href="#user-fnref1" class="footnote-backref"{REL}>↩︎</a></p>\n</li>\n'
        '<li id="user-fn2" class="footnote-item"><p>短注 '
        f'<a href="#user-fnref2" class="footnote-backref"{REL}>↩︎</a></p>\n</li>\n'
        "</ol>\n</section>"
    )


def test_two_texts_on_one_page_do_not_share_ids():
    first, second = (html("# A[^1]\n\n[^1]: x", id_scope=scope) for scope in ("d1", "d2"))
    assert re.findall(r'(?:id|href)="(.*?)"', first) == [
        "user-d1-a", "#user-fnd1-1", "user-fnrefd1-1", "user-fnd1-1", "#user-fnrefd1-1",
    ]  # fmt: skip
    assert first.replace("d1-", "d2-") == second


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("第一行\n第二行", "第一行第二行"),
        ("第一行，\nEnglish", "第一行，English"),
        ("English\n，中文", "English，中文"),
        ("first\nsecond", "first\nsecond"),
        ("中文\nEnglish", "中文\nEnglish"),
        ("**中**\n文", "<strong>中</strong>文"),
        ("中文  \n换行", "中文<br>\n换行"),
        ("한국어\n한국어", "한국어\n한국어"),
    ],
)
def test_a_line_end_between_chinese_leaves_no_space(source, expected):
    assert html(source) == f"<p>{expected}</p>"


def test_a_discussion_keeps_its_line_ends():
    assert html("第一行\n第二行", line_breaks=True) == "<p>第一行<br>\n第二行</p>"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("**“重点”**在于", "<strong>“重点”</strong>在于"),
        ("这是**重点。**下一句", "这是<strong>重点。</strong>下一句"),
        ("**（注）**文", "<strong>（注）</strong>文"),
        ("文**《书》**文", "文<strong>《书》</strong>文"),
        ("文~~“删”~~文", "文<s>“删”</s>文"),
        ("**code:**文", "<strong>code:</strong>文"),
        ("a**b**c snake_case_name", "a<strong>b</strong>c snake_case_name"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ('a**"b"**c', 'a**"b"**c'),
    ],
)
def test_emphasis_beside_chinese_punctuation(source, expected):
    assert html(source) == f"<p>{expected}</p>"


def link(url: str, shown: str = "") -> str:
    return f'<a href="{url}"{REL}>{shown or url}</a>'


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("see https://a.test/b_c_d.", f"see {link('https://a.test/b_c_d')}."),
        ("看https://a.test/b，然后", f"看{link('https://a.test/b')}，然后"),
        ("（https://a.test/b_(c)）", f"（{link('https://a.test/b_(c)')}）"),
        ("(https://a.test/b)", f"({link('https://a.test/b')})"),
        ("https://a.test看这里", f"{link('https://a.test')}看这里"),
        (
            "x https://a.test/课程 y",
            f"x {link('https://a.test/%E8%AF%BE%E7%A8%8B', 'https://a.test/课程')} y",
        ),
        ("**https://a.test/b**", f"<strong>{link('https://a.test/b')}</strong>"),
        ("[https://a.test](https://b.test)", link("https://b.test", "https://a.test")),
        ("`https://a.test`", "<code>https://a.test</code>"),
        ("xhttps://a.test ftp://a.test https://", "xhttps://a.test ftp://a.test https://"),
    ],
)
def test_bare_addresses_become_links(source, expected):
    assert html(source) == f"<p>{expected}</p>"


def test_mentions_are_links_where_somebody_has_that_name():
    known = {"张三丰": "/@zhang", "alice-b": "/@alice-b"}
    rendered = render(
        "你好@张三丰！@alice-b, @nobody_x, a@bob.test `@code` [@alice-b](/x) @ab", mention_url=known.get
    )
    assert rendered.html.strip() == (
        f'<p>你好<a class="mention" href="/@zhang"{REL}>@张三丰</a>！'
        f'<a class="mention" href="/@alice-b"{REL}>@alice-b</a>,'
        f" @nobody_x, a@bob.test <code>@code</code> {link('/x', '@alice-b')} @ab</p>"
    )
    assert rendered.mentions == ("张三丰", "alice-b", "nobody_x")


@pytest.mark.parametrize(
    ("address", "player"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "www.youtube-nocookie.com/embed/dQw4w9WgXcQ"),
        ("https://youtu.be/dQw4w9WgXcQ?t=1m3s", "www.youtube-nocookie.com/embed/dQw4w9WgXcQ?start=63"),
        ("https://m.youtube.com/shorts/dQw4w9WgXcQ", "www.youtube-nocookie.com/embed/dQw4w9WgXcQ"),
        ("https://vimeo.com/123456789", "player.vimeo.com/video/123456789?dnt=1"),
        (
            "https://www.bilibili.com/video/BV1xx411c7mD/?p=2",
            "player.bilibili.com/player.html?bvid=BV1xx411c7mD&p=2&autoplay=0",
        ),
        (
            "<https://www.bilibili.com/video/av170001>",
            "player.bilibili.com/player.html?aid=170001&autoplay=0",
        ),
    ],
)
def test_a_video_alone_on_its_line_becomes_a_player(address, player):
    rendered = render(f"before\n\n{address}\n\nafter")
    assert rendered.media == (f"https://{player}",)
    assert rendered.html.count('<figure class="embed embed-video"><iframe src=') == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://youtube.com.evil.test/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?v=../../x&y=dQw4w9WgXcQ",
        "https://www.bilibili.com/video/BVx",
        "https://vimeo.com/about",
        "https://a.test/b",
    ],
)
def test_any_other_address_alone_on_its_line_becomes_a_card(address):
    rendered = render(address)
    assert rendered.html.startswith('<p class="link-card"><a href="https://')
    assert rendered.media == ()
    assert len(rendered.links) == 1


def test_an_address_within_a_sentence_stays_a_link():
    assert "<iframe" not in html("see https://youtu.be/dQw4w9WgXcQ here")
    assert "<iframe" not in html("[video](https://youtu.be/dQw4w9WgXcQ)")


def test_code_is_coloured_by_class():
    assert html('```python\ndef f(): return "<"\n```') == (
        '<pre class="highlight"><code class="language-python"><span class="k">def</span>'
        ' <span class="nf">f</span>():'
        ' <span class="k">return</span> <span class="s2">"&lt;"</span>\n</code></pre>'
    )


def test_lines_of_code_are_marked():
    assert html("```text {2-3}\na\n\nb\nc\n```") == (
        '<pre class="highlight"><code class="language-text"><span class="line">a\n</span>'
        '<span class="line line-marked">\n</span><span class="line line-marked">b\n</span>'
        '<span class="line">c\n</span></code></pre>'
    )


def test_code_of_no_known_language_is_as_written():
    assert html("```nosuchlanguage\n\n  x\n```") == (
        '<pre class="highlight"><code class="language-nosuchlanguage">\n  x\n</code></pre>'
    )
    assert html("```\nx\n```") == '<pre class="highlight"><code>x\n</code></pre>'


def test_a_long_listing_is_not_coloured():
    assert "<span" not in html("```python\n" + "x = 1\n" * 6_000 + "```")


def test_headings_have_addresses_in_any_script():
    rendered = render(
        "# 第一章：*起点*\n\n## Set-up & `go run`\n\n## 起点\n\n## 起点\n\n## 起点-1\n\n"
        "### ！！！\n\nSetext\n---"
    )
    assert rendered.headings == (
        Heading(1, "user-第一章起点", "第一章：起点", True),
        Heading(2, "user-set-up-go-run", "Set-up & go run", True),
        Heading(2, "user-起点", "起点", True),
        Heading(2, "user-起点-1", "起点", True),
        Heading(2, "user-起点-1-1", "起点-1", True),
        Heading(3, "user-section", "！！！", True),
        Heading(2, "user-setext", "Setext", True),
    )
    for heading in rendered.headings:
        assert rendered.html.count(f'id="{heading.id}"') == 1


def test_what_a_text_points_at_is_listed():
    rendered = render(
        "[a](https://A.test/x) [b](/local) [c](https://our.test/y) [d](https://a.test.evil.test)"
        " ![e](https://img.test/e.png)\n\n"
        '<audio src="/s.mp3" controls></audio> [a](https://A.test/x) [m](mailto:x@y.test)'
        " [p](//proto.test/z)",
        site_hosts=["our.test"],
    )
    assert rendered.links == (
        "https://a.test/x",
        "https://a.test.evil.test",
        "//proto.test/z",
    ) or rendered.links == (
        "https://A.test/x",
        "https://a.test.evil.test",
        "//proto.test/z",
    )
    assert rendered.media == ("https://img.test/e.png", "/s.mp3")


def test_the_words_without_the_marks():
    rendered = render(
        "# 标题\n\n正文 **粗** $E=mc^2$ [链](/x)[^1]\n\n![图说](/a.png)\n\n"
        "|a|b|\n|-|-|\n|1|2|\n\n[^1]: 注 & 释"
    )
    assert rendered.text.splitlines() == ["标题", "正文 粗 E=mc^2 链[1]", "图说", "a b", "1 2", "注 & 释"]
    assert rendered.words == 18


def test_plain_text_of_html():
    assert (
        html_to_text("<p>a<br>b &lt;c&gt;</p><ul><li>d</li><li><img src='x' alt=\"e\"></li></ul>")
        == "a\nb <c>\nd\ne"
    )


def test_reading_time_follows_length():
    assert render("字" * 3900).reading_seconds == 600
    assert render("").reading_seconds == 0


@pytest.mark.parametrize(
    "bomb",
    [
        ">" * 100_000 + " x",
        "\n".join("  " * level + "- x" for level in range(NESTING_MAX)),
        "[" * 1_000_000,
        "[a](b)" * 200_000,
        "[" * 10_000,
        "![a](b) " * 20_000,
        "*_" * 100_000,
        "<b>" * 5_000,
        ":::tip\n" * 5_000,
        "x\n" * 50_000,
        "中" * (SOURCE_BYTES_MAX // 3 + 1),
    ],
)
def test_what_is_too_much_is_refused_at_once(bomb):
    def refused() -> None:
        with pytest.raises(TooComplex) as refusal:
            render(bomb)
        assert refusal.value.message.endswith(".")

    assert cpu_seconds(refused) < 0.5


SENTENCE = "长期主义者相信复利的力量，每天进步一点点，机器学习与数据分析是新时代的基本能力。"


@pytest.mark.parametrize(
    "heavy",
    [
        "[ " * 999 + "a](b)",
        "*a **b " * 6_000,
        "![ ] " * 4_500,
        "`" * 12_000 + " " + "``" * 3_000,
        "$a " * 10_000,
        "[^1]" * 5_000 + "\n\n[^1]: x",
        "|" * 5_000 + "\n" + "|-" * 5_000 + "\n",
        "|".join("a" * 500) + "\n" + "|".join("-" * 500) + "\n" + "a\n" * 9_000,
        "- a\n" * 7_000,
        "<a " * 8_000,
        "x <!-- " * 3_000,
        "a@" * 10_000,
        "https://a.test/" + "(" * 9_000 + ")" * 9_000,
        "https://" + "a-" * 100_000,
        "> a\n\n" * 5_000,
        "a" + " " * 390_000 + "b",
        "字" * 130_000,
        "&amp;" * 5_000,
        "```python\n" + 'x="' * 9_000 + "\n```",
        "<!-- paywall -->\n" * 5_000,
    ],
)
def test_what_is_heavy_takes_a_moment(heavy):
    """Half a second where an ordinary page of 5 kB takes one and a half milliseconds."""
    page = ("## 小节\n\n" + (SENTENCE * 4 + "**重点**见 [文章](https://a.test/b)。\n\n") * 3) * 3
    ordinary = min(cpu_seconds(lambda: render(page)) for _ in range(9))
    assert min(cpu_seconds(lambda: render(heavy)) for _ in range(2)) < 333 * ordinary


def test_the_limits_that_writers_read_are_the_limits():
    page = (Path(__file__).parents[3] / "docs" / "writing.md").read_text()
    for limit in (limits.SOURCE_BYTES_MAX, limits.LINES_MAX, limits.MARKS_MAX, COLOURED_CHARACTERS_MAX):
        assert page.count(f"{limit:,}") == 1
    assert page.count(f"{limits.NESTING_MAX} deep") == 1


@pytest.mark.parametrize("kind", sorted(CALLOUT_TITLES))
def test_every_callout_has_a_title_in_the_language_of_its_text(kind):
    english, chinese = CALLOUT_TITLES[kind]
    assert html(f":::{kind}\nx\n:::").count(f">{english}<") == 1
    assert html(f":::{kind}\n字\n:::").count(f">{chinese}<") == 1
