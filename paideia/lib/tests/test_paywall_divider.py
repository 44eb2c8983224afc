"""No word from behind the divider is ever in the preview; a slip closes more, never less."""

import pytest

from paideia.lib.markdown import render, sanitise
from paideia.lib.tests.test_sanitise import faults

CLOSED = "closedword"


@pytest.mark.parametrize(
    "divider",
    [
        "<!-- paywall -->",
        "<!--paywall-->",
        "---paywall---",
        "<!--members-only-->",
        "<!--more-->",
        "<!-- MORE -->",
        "  ---Paywall---  ",
    ],
)
def test_each_divider_divides(divider):
    rendered = render(f"Free *words*.\n\n{divider}\n\nThe {CLOSED}.")
    assert rendered.has_divider
    assert rendered.preview_html.strip() == "<p>Free <em>words</em>.</p>"
    assert rendered.preview_text == "Free words."
    assert rendered.html.strip() == (
        f'<p>Free <em>words</em>.</p>\n<div class="members-only"></div>\n<p>The {CLOSED}.</p>'
    )


def test_without_a_divider_everything_is_preview():
    rendered = render("a\n\n----\n\nb")
    assert (rendered.has_divider, rendered.preview_html, rendered.preview_text) == (
        False,
        rendered.html,
        rendered.text,
    )


@pytest.mark.parametrize(
    "source",
    [
        "Free\n<!-- paywall -->\n{}",
        "Free\n---paywall---\n{}",
        "Free\n\n> quote\n<!-- paywall -->\n{}",
        "Free\n\n- item\n<!-- paywall -->\n{}",
        "Free\n\n|a|\n|-|\n|b|\n---paywall---\n{}",
        "Free\n\nterm\n: meaning\n\n---paywall---\n{}",
        "Free\n\n<div>\n\n<!-- paywall -->\n\n{}\n\n</div>",
        "Free[^1]\n\n[^1]: free note\n\n<!-- paywall -->\n\n{}",
        "Free\n\n:::tip\nx\n:::\n\n<!-- paywall -->\n{}",
        "# Free\n<!-- more -->\n# {}",
        "Free\n\n<!-- paywall -->\n\na\n\n<!-- paywall -->\n\n{}",
    ],
)
def test_the_divider_ends_whatever_stands_before_it(source):
    rendered = render(source.format(CLOSED))
    assert rendered.has_divider
    assert CLOSED not in rendered.preview_html + rendered.preview_text
    assert CLOSED in rendered.html
    assert rendered.preview_text.startswith("Free")
    assert sanitise(rendered.preview_html) == rendered.preview_html
    assert faults(rendered.preview_html) == []


@pytest.mark.parametrize(
    "block",
    [
        "> <!-- paywall -->\n>\n> {}",
        "> quote\n> ---paywall---\n> {}",
        "- a\n\n  <!-- paywall -->\n\n- {}",
        "words <!-- paywall --> {}",
        "**words <!-- more --> {}**",
        "<div>\n<!-- paywall -->\n{}\n</div>",
        "<div>\n---paywall---\n{}\n</div>",
        "<div><!-- paywall --></div>\n\n{}",
        "<!-- a\n<!-- paywall -->\n\n{}",
        "| a |\n|---|\n| <!-- paywall --> |\n| {} |",
        ":::tip\n<!-- paywall -->\n:::\n\n{}",
        ":::tip\nx\n\n<!-- paywall -->\n\n{}\n:::",
        "> [!NOTE]\n> <!-- paywall -->\n> {}",
        "x[^1]\n\n[^1]: a\n\n    <!-- paywall -->\n\n    {}",
        "# <!-- paywall --> {}",
        "term\n: <!-- paywall -->\n  {}",
        "![<!-- paywall -->](x) {}",
    ],
)
def test_a_divider_within_a_block_closes_from_the_start_of_that_block(block):
    rendered = render("Free words.\n\n" + block.format(CLOSED) + f"\n\nalso {CLOSED}")
    assert rendered.has_divider
    assert CLOSED not in rendered.preview_html + rendered.preview_text
    assert rendered.preview_text.startswith("Free words.")


@pytest.mark.parametrize(
    "block", ["```\n<!-- paywall -->\n```", "    ---paywall---", "`<!-- paywall -->`", "\\<!-- paywall -->"]
)
def test_a_divider_shown_as_code_divides_nothing(block):
    assert not render(f"Free\n\n{block}\n\nstill free").has_divider


def test_the_preview_has_its_own_footnotes_and_no_others():
    rendered = render(
        f"a[^1] b[^2] c^[inline note]\n\n[^1]: free note [^2]\n\n<!-- paywall -->\n\n"
        f"d[^3]\n\n[^2]: {CLOSED}\n\n[^3]: {CLOSED}"
    )
    assert rendered.preview_text == "a[1] b c[3]\nfree note\ninline note"
    assert 'href="#user-fn2"' not in rendered.preview_html
    assert rendered.html.count(CLOSED) == 2


def test_headings_say_which_of_them_are_free():
    rendered = render("# a\n\n<!-- paywall -->\n\n# b")
    assert [(each.title, each.free) for each in rendered.headings] == [("a", True), ("b", False)]


def test_unbalanced_html_is_balanced_in_both():
    rendered = render(f"<div><b>Free\n\n<!-- paywall -->\n\n{CLOSED}</b></div>")
    assert (
        rendered.preview_html.strip() == "<div><b>Free\n</b></div>"
        or rendered.preview_html.count("<div>") == 1
    )
    for part in (rendered.html, rendered.preview_html):
        assert sanitise(part) == part
        assert part.count("<div") == part.count("</div>")
