"""Searching finds what people mean, in Chinese as in English, on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paideia.lib.tests.clock import cpu_seconds
from paideia.lib.tokens import POSITION_MAX, fragments, highlight, tokens, tsquery, tsvector_literal

any_text = st.text(alphabet=st.characters(), max_size=120)
odd_text = st.text(alphabet="ab'\\\"-:*&|!()<> 机器学习的“”\x00\ud800c+#.１ﬁ\u0301", max_size=60)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("长期主义者相信复利", ["长期", "主义", "主义者", "相信", "复利"]),
        ("I am running; he studies, the studies’ results", ["i", "am", "run", "studi", "studi", "result"]),
        ("Ｐｙｔｈｏｎ３.11 ﬁne", ["python3", "11", "fine"]),
        ("C++, C# and .NET in node.js", ["c++", "c#", "net", "node", "js"]),
        ("的了是 the of and", []),
        ("版本 3.11.2", ["版本", "3.11.2"]),
        ("e-mail a_b", ["e", "mail", "a", "b"]),
        ("Größe ÉTÉ привет 안녕", ["grösse", "été", "привет", "안녕"]),
        ("", []),
        ("\x00\ud800\u202e", []),
    ],
)
def test_words(text, found):
    assert [each for each in tokens(text) if each != "a"] == [each for each in found if each != "a"]


def test_a_vector_has_weights_and_positions_and_holes_for_what_is_everywhere():
    assert tsvector_literal([("学习的方法", "A"), ("the method", "D")]) == "'学习':1A '方法':4A 'method':15D"


def test_quotes_and_backslashes_are_escaped():
    assert tsvector_literal([("o'neil", "B")]) == "'o''neil':1B"


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("机器学习 ", "'机器' & '学习'"),
        ("学习", "('学习' | '学习':*)"),
        ("running", "('run' | 'running':*)"),
        ("running shoes ", "'run' & 'shoe'"),
        ("“机器学习”", "('机器' <2> '学习')"),
        ('"rate of return"', "('rate' <2> 'return')"),
        ("学习 -python ", "'学习' & !('python')"),
        ('x -"a phrase here"', "'x' & !(('phrase' <1> 'here'))"),
        ("猫 ", "'猫':*"),
        ("c", "'c'"),
        ("北京大学 ", "('北京大学' | ('北京' & '大学'))"),
        ("-python", None),
        ("的 the", None),
        ("", None),
        ("&|!():*<->'\\", None),
    ],
)
def test_queries(typed, query):
    assert tsquery(typed) == query


def matches(fields: list[tuple[str, str]], query: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsvector @@ %s::tsquery", [tsvector_literal(fields), tsquery(query)])
        return cursor.fetchone()[0]


ARTICLE = [
    ("长期主义者的机器学习入门", "A"),
    ("He studies compounding of returns at Tsinghua. 小猫咪在清华大学读书。C++ too.", "D"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("长期主义", True),
        ("机器学习", True),
        ("学习机器", True),
        ("“学习机器”", False),
        ("“机器学习”", True),
        ("“入门 studies”", False),
        ("study", True),
        ("STUDYING ", True),
        ("compound", True),
        ("compo", True),
        ("compo ", False),
        ("“compounding of returns”", True),
        ("“compounding returns”", False),
        ("清华", True),
        ("清华 大学", True),
        ("入", True),
        ("狗", False),
        ("study -tsinghua", False),
        ("study -harvard", True),
        ("c++", True),
        ("ＳＴＵＤＹ", True),
    ],
)
def test_finding(query, found):
    assert matches(ARTICLE, query) is found


@pytest.mark.django_db
@quick
@given(any_text | odd_text, st.sampled_from("ABCD"))
def test_postgresql_takes_any_vector(text, weight):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsvector", [tsvector_literal([(text, weight), (text, "A")])])


@pytest.mark.django_db
@quick
@given(any_text | odd_text)
def test_postgresql_takes_any_query(text):
    query = tsquery(text)
    if query is not None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::tsquery", [query])


@pytest.mark.django_db
@quick
@given(st.text(alphabet="机器学习方法的abc 12,。", min_size=1, max_size=40))
def test_a_text_is_found_by_its_own_words(text):
    query = tsquery(text + " ")
    assert query is None or matches([(text, "A")], text + " ")


@pytest.mark.django_db
def test_a_book_fits_and_its_last_word_is_found():
    book = "".join(f"第{number}个词 word{number} " for number in range(30_000)) + "结尾 " + "\\'" * 1000
    literal = tsvector_literal([(book, "D")])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT %s::tsvector @@ '结尾'::tsquery, %s::tsvector @@ '结尾:*'::tsquery", [literal, literal]
        )
        found = cursor.fetchone()
    assert len(literal.encode()) < 2_000_000
    assert found == (True, True)
    assert f"{POSITION_MAX}D" in literal


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "中" * 300_000, " ".join(f"{n}" * 40 for n in range(40_000)), "a " * 500_000]
)
def test_no_text_is_too_much_for_a_vector(text):
    with connection.cursor() as cursor:
        cursor.execute("SELECT length(%s::tsvector)", [tsvector_literal([(text, "D")])])


def test_a_long_question_is_cut():
    query = tsquery("机器学习 " * 10_000)
    assert query is not None
    assert len(query) < 5_000


def test_what_matches_is_marked():
    assert highlight("He studies <b>机器学习</b> & C++", "study 学习 c++") == (
        "He <mark>studies</mark> &lt;b&gt;机器<mark>学习</mark>&lt;/b&gt; &amp; <mark>C++</mark>"
    )
    assert highlight("长期主义者", "长期主义者") == "<mark>长期主义者</mark>"
    assert (
        highlight("Ｐｙｔｈｏｎ 与 PYTHON", "python", around=0)
        == "<mark>Ｐｙｔｈｏｎ</mark> 与 <mark>PYTHON</mark>"
    )
    assert highlight("communities", "commu") == "<mark>communities</mark>"
    assert highlight("no -negative", "no -negative") == "<mark>no</mark> -negative"


def test_a_passage_with_most_of_the_words_is_shown():
    text = "机器 " + "填充文字，" * 100 + "机器学习与复利" + "，填充文字" * 100
    shown = fragments(text, "机器学习 复利", around=20)
    assert [piece for piece, matched in shown if matched] == ["机器学习", "复利"]
    assert (shown[0], shown[-1]) == (("…", False), ("…", False))
    assert sum(len(piece) for piece, _ in shown) <= 42


def test_without_a_match_the_beginning_is_shown():
    assert fragments("一二三四五六七八九十" * 20, "nothing", around=10) == [
        ("一二三四五六七八九十" * 2, False),
        ("…", False),
    ]
    assert fragments("short", "nothing") == [("short", False)]


@settings(max_examples=300, deadline=None)
@given(any_text | odd_text, any_text | odd_text | st.just("a 机器"), st.sampled_from([0, 5, 80]))
def test_highlighting_is_safe_for_any_text_and_query(text, query, around):
    html = str(highlight(text, query, around=around))
    bare = html.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare
    assert ">" not in bare


def test_threads_do_not_mix_their_words():
    words = ["running", "studies", "communities", "organizations", "relational", "quickly"]
    texts = [f"{word}{'abc'[n % 3]}s {word}" for n in range(600) for word in words]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tokens, texts)) == [tokens(text) for text in texts]


def test_five_kilobytes_take_a_moment():
    text = ("长期主义者相信复利的力量，每天进步一点点，机器学习与数据分析是新时代的基本能力。" * 50)[:1700]
    tokens(text)
    assert min(cpu_seconds(lambda: tokens(text)) for _ in range(5)) < 0.002
