"""What importers bring as HTML can be edited as Markdown and still says the same."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paideia.lib.markdown import html_to_markdown, html_to_text, render, sanitise
from paideia.lib.tests.clock import cpu_seconds

DATA = Path(os.environ.get("PAIDEIA_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>T &amp; <em>x</em></h2><p>a</p>", "## T & *x*\n\na"),
        ("<p>a <b>b</b> <i>c</i> <s>d</s> <code>e`f</code></p>", "a **b** *c* ~~d~~ ``e`f``"),
        ("<p>a<b>b:</b>c and <b>b:</b> d</p>", "a<strong>b:</strong>c and **b:** d"),
        ("<p>这是<b>“重点”</b>在于</p>", "这是**“重点”**在于"),
        ("<p>a <b> b </b>c</p>", "a **b** c"),
        ("<p><b>a</b><b>b</b></p>", "<strong>a</strong>**b**"),
        (
            "<p>2 * 3, a_b_c, _d_, [x] &lt;b&gt; &amp;amp; \\ `</p>",
            "2 \\* 3, a_b_c, \\_d\\_, \\[x\\] \\<b> &amp;amp; \\\\ \\`",
        ),
        (
            "<p>1. a<br># b<br>- c<br>&gt; d<br>---paywall---</p>",
            "1\\. a\\\n\\# b\\\n\\- c\\\n\\> d\\\n\\---paywall---",
        ),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
        ('<ol start="3"><li><p>a</p><p>b</p></li><li><p>c</p></li></ol>', "3. a\n\n   b\n\n4. c"),
        ("<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n<!-- -->\n\n- b"),
        (
            '<ul><li><input type="checkbox" checked> a</li><li><input type="checkbox"> b</li></ul>',
            "- [x] a\n- [ ] b",
        ),
        ("<blockquote><p>a</p><ul><li>b</li></ul></blockquote>", "> a\n>\n> - b"),
        ("<pre><code>a\n\n```\n</code></pre>", "````\na\n\n```\n````"),
        ('<pre class="lang-py prettyprint-override"><code>x = 1\n</code></pre>', "```py\nx = 1\n```"),
        ("<pre>plain</pre>", "```\nplain\n```"),
        (
            '<table><thead><tr><th>a|b</th><th align="right">c</th></tr></thead>'
            "<tbody><tr><td>1<br>2</td><td></td></tr></table>",
            "| a\\|b | c |\n|----|---:|\n| 1<br>2 |  |",
        ),
        ("<table><tr><td>a</td></tr></table>", "<table><tbody><tr><td>a</td></tr></tbody></table>"),
        (
            '<table><tr><th colspan="2">a</th></tr></table>',
            '<table><tbody><tr><th colspan="2">a</th></tr></tbody></table>',
        ),
        ('<p><a href="/a b(c)?d=1&amp;e" title="t&quot;">x</a></p>', '[x](/a%20b%28c%29?d=1&e "t\\"")'),
        ('<p><a href="#part">x</a></p>', "[x](#part)"),
        ('<p><img src="/a.png" alt="b]" title="c"></p>', '![b\\]](/a.png "c")'),
        (
            '<p>x <img src="/a.png" alt="" width="20"></p>',
            'x <img src="/a.png" alt="" width="20" loading="lazy">',
        ),
        ('<figure><img src="/a.png"><figcaption>c</figcaption></figure>', '![](/a.png "c")'),
        ("<p>H<sub>2</sub>O <kbd>Ctrl</kbd></p>", "H<sub>2</sub>O <kbd>Ctrl</kbd>"),
        ("<dl><dt>T</dt><dd>D</dd></dl>", "T\n: D"),
        (
            "<details><summary>s</summary><p>a</p></details>",
            "<details><summary>s</summary>\n\na\n\n</details>",
        ),
        ("a<hr>b", "a\n\n***\n\nb"),
        ("<div><p>a</p>b<div>c</div></div>", "a\n\nb\n\nc"),
        ("<b><p>a</p><p>b</p></b>", "a\n\nb"),
        ("<p>x<br></p><p>@a</p>", "x\n\n@a"),
        ("", ""),
        ("<script>x</script>", ""),
    ],
)
def test_conversion(html, markdown):
    assert html_to_markdown(html) == markdown + "\n"


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("\\(a_b &lt; c^*\\)", "$a_b < c^*$"),
        ("\\[ x \\]", "$$x$$"),
        ("$$y_1$$", "$$y_1$$"),
        ("costs $5, then $6$", "costs \\$5, then \\$6\\$"),
        ("5\\(x\\)", '5<span class="math inline">x</span>'),
        ('<script type="math/tex; mode=display">\\frac{1}{2}</script>', "$$\\frac{1}{2}$$"),
        ('<script type="math/tex">a<b</script>', ""),
        ("<code>\\(x\\)</code>", "`\\(x\\)`"),
    ],
)
def test_formulas(html, markdown):
    assert html_to_markdown(html) == markdown + "\n"


def test_single_dollars_are_formulas_where_the_page_says_so():
    assert html_to_markdown("$x_1$ for $5 and $6", dollar_math=True) == "$x_1$ for \\$5 and \\$6\n"


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


TAGS = (
    "p",
    "b",
    "i",
    "s",
    "code",
    "ul",
    "ol",
    "li",
    "blockquote",
    "div",
    "h2",
    "a href=/x",
    "pre",
    "table",
    "tr",
    "td",
    "th",
    "sub",
    "dl",
    "dt",
    "dd",
    "span",
    "u",
)
words = st.text(alphabet="ab1.#->*_`~[]()!|\\&<:=+@ \n重点，“”", max_size=8).map(
    lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
)
trees = st.recursive(
    words,
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag.split()[0]}>",
        st.sampled_from(TAGS),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None, derandomize=True)  # fidelity, not safety: the same trees each time
@given(st.lists(trees, max_size=4).map("".join))
def test_no_word_is_lost_or_changed(html):
    assert squeezed(render(html_to_markdown(html)).text) == squeezed(html_to_text(sanitise(html)))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=100))
def test_any_text_converts(text):
    html_to_markdown(text)


def test_posts_of_a_forum_keep_their_words_and_shape():
    posts = DATA / "se-french-meta" / "Posts.xml.xz"
    if not posts.exists():
        pytest.skip("the Stack Exchange dump is not at PAIDEIA_DATA")
    import lzma

    from defusedxml.ElementTree import iterparse

    with lzma.open(posts) as stream:
        bodies = [row.get("Body") for _, row in iterparse(stream) if row.tag == "row" and row.get("Body")]
    changed = [body for body in bodies if shape(render(html_to_markdown(body)).html) != shape(sanitise(body))]
    assert len(bodies) > 700
    assert len(changed) <= len(bodies) * 0.01


def shape(html: str) -> tuple[str, dict[str, int]]:
    tags = (
        "strong|b",
        "em|i",
        "a",
        "li",
        "ul",
        "ol",
        "blockquote",
        "pre",
        "h1",
        "h2",
        "h3",
        "img",
        "table",
        "hr",
    )
    return squeezed(html_to_text(html)), {tag: len(re.findall(rf"<(?:{tag})[ >]", html)) for tag in tags}


@pytest.mark.parametrize(
    "heavy",
    [
        "<p>" + "a <b>b</b> " * 20_000 + "</p>",
        "<ul>" + "<li>a</li>" * 20_000 + "</ul>",
        "<blockquote>" * 90 + "x\n" * 50_000 + "</blockquote>" * 90,
        "<p>" + "$" * 100_000 + "\\(" * 50_000 + "</p>",
        "<p>" + "_*[`" * 50_000 + "</p>",
        "<table>" + "<tr>" + "<td>a</td>" * 20 + "</tr>" * 1 + "</table>",
        '<pre class="' + "lang-" * 50_000 + '">x</pre>',
        "<pre class=" * 7_000,
        "<script type=math/tex>" * 7_000,
        "<td align=" * 7_000,
    ],
)
def test_heavy_html_converts_in_linear_time(heavy):
    assert cpu_seconds(lambda: html_to_markdown(heavy)) < 2
