"""A reader sees at once what changed, and no pair of texts takes long to compare."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paideia.lib.diff import changes, difference, difference_html
from paideia.lib.tests.clock import cpu_seconds

texts = st.text(alphabet="ab c。学习\n,", max_size=60) | st.text(max_size=40)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("the quick fox", "the slow fox", [("=", "the "), ("-", "quick"), ("+", "slow"), ("=", " fox")]),
        ("我喜欢猫", "我喜欢大狗", [("=", "我喜欢"), ("-", "猫"), ("+", "大狗")]),
        ("学习Python语言", "学习Rust语言", [("=", "学习"), ("-", "Python"), ("+", "Rust"), ("=", "语言")]),
        ("a\nb\nc\n", "a\nc\n", [("=", "a\n"), ("-", "b\n"), ("=", "c\n")]),
        ("a", "a", [("=", "a")]),
        ("", "a", [("+", "a")]),
        ("a", "", [("-", "a")]),
        ("", "", []),
        ("one two three", "uno dos three", [("-", "one two"), ("+", "uno dos"), ("=", " three")]),
    ],
)
def test_changes_read_as_words(before, after, expected):
    assert difference(before, after) == expected


def test_html_is_escaped():
    assert difference_html("<b>x</b>", "<i>x</i>") == (
        "&lt;<del>b</del><ins>i</ins>&gt;x&lt;/<del>b</del><ins>i</ins>&gt;"
    )


@settings(max_examples=500, deadline=None)
@given(texts, texts)
def test_nothing_is_lost_on_either_side(before, after):
    found = difference(before, after)
    assert "".join(text for op, text in found if op in "=-") == before
    assert "".join(text for op, text in found if op in "=+") == after
    assert all(text for _, text in found)
    html = str(difference_html(before, after))
    for tag in ("<ins>", "</ins>", "<del>", "</del>"):
        html = html.replace(tag, "")
    assert "<" not in html


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30))
def test_operations_cover_both_sides_in_order_and_truly(before, after):
    i = j = 0
    for kind, a, b, c, d in changes(before, after):
        assert (a, c) == (i, j)
        assert kind == ("replace" if a < b and c < d else "delete" if a < b else "insert") or kind == "equal"
        assert kind != "equal" or before[a:b] == after[c:d] != []
        i, j = b, d
    assert (i, j) == (len(before), len(after))


def fewest(before: list[str], after: list[str]) -> int:
    """The longest common subsequence by the table of the textbook: slow and readable."""
    row = [0] * (len(after) + 1)
    for old in before:
        previous = row[:]
        for place, new in enumerate(after, start=1):
            row[place] = previous[place - 1] + 1 if old == new else max(previous[place], row[place - 1])
    return len(before) + len(after) - 2 * row[-1]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from("ab"), max_size=25), st.lists(st.sampled_from("ab"), max_size=25))
def test_without_anchors_the_changes_are_the_fewest(before, after):
    doubled, other = before * 2, after * 2  # nothing stands once, so that there is no anchor
    found = sum(b - a + d - c for kind, a, b, c, d in changes(doubled, other) if kind != "equal")
    assert found == fewest(doubled, other)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\n" * 50_000, "a\n" * 40_000),
        ("a\nb\n" * 20_000, "b\na\na\n" * 20_000),
        ("\n".join(map(str, range(30_000))), "\n".join(map(str, range(30_000, 0, -1)))),
        ("x " * 100_000, "x y " * 50_000),
        ("字" * 130_000, "典" * 130_000),
        ("字" * 19_000, "字典" * 9_500),
        ("a b c d e " * 3_000, "e d c b a " * 3_000),
        ("", "x" * 400_000),
    ],
)
def test_no_pair_of_texts_takes_long(before, after):
    assert cpu_seconds(lambda: difference(before, after)) < 1.5
