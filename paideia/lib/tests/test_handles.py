"""Nobody can take a handle that looks like somebody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paideia.lib.handles import (
    SKELETON_CHARACTERS_MAX,
    HandleRefused,
    check_handle,
    normalise_handle,
    skeleton,
    slugify,
)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("alice", "alice"),
        ("Alice_B-2", "Alice_B-2"),
        ("张三丰", "张三丰"),
        ("张三abc", "张三abc"),
        ("やまだ花子", "やまだ花子"),
        ("김철수99", "김철수99"),
        ("Иван", "Иван"),
        ("José", "José"),
        ("Jose\u0301", "José"),
        ("ａｌｉｃｅ", "alice"),
        (" @alice ", "alice"),
        ("一二三", "一二三"),
        ("a" * 30, "a" * 30),
    ],
)
def test_handles_that_can_be_had(written, stored):
    assert check_handle(written) == stored


@pytest.mark.parametrize(
    "handle",
    [
        "",
        "ab",
        "a" * 31,
        "-ab",
        "ab_",
        "a b c",
        "a.b",
        "a@b",
        "<b>x</b>",
        "123",
        "12-3",
        "a\u202eb",
        "a/b/c",
        "аlice",
        "αlice",
        "abc١٢٣",
        "Иvan",
        "名前а",
        "admin",
        "ADMIN",
        "аdmin",
        "adrnin",
        "r00t",
        "管理员",
        "👍👍👍",
        "a²²²¼",
    ],
)
def test_handles_that_cannot(handle):
    with pytest.raises(HandleRefused) as refusal:
        check_handle(handle)
    assert refusal.value.message.endswith(".")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paypal", "раураl"),
        ("paypal", "paypaI"),
        ("paypal", "paypa1"),
        ("paypal", "PAYPAL"),
        ("paypal", "ρaypal"),
        ("scope", "ѕсоре"),
        ("google", "g00gle"),
        ("modern", "modem"),
        ("twitter", "tvvitter"),
        ("a-b-c", "a_b_c"),
        ("alice", "ａｌｉｃｅ"),
        ("alice", "𝒶𝓁𝒾𝒸ℯ"),
        ("ВОТ", "bot"),
        ("Ηello", "hello"),
        ("口口口", "ロロロ"),
        ("力力力", "カカカ"),
        ("一一一", "ーーー"),
        ("strasse", "straße"),
    ],
)
def test_handles_that_look_alike_have_one_skeleton(one, other):
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hai", "hal"),
        ("jose", "josé"),
        ("张三丰", "張三豐"),
        ("alice", "alise"),
        ("ab1", "ab2"),
        ("はな", "ばな"),
        ("wei", "vei"),
    ],
)
def test_handles_that_differ_have_two(one, other):
    assert skeleton(one) != skeleton(other)


any_text = st.text(alphabet=st.characters(), max_size=60)


@given(any_text)
def test_any_text_has_a_skeleton_that_fits_its_column(text):
    assert len(skeleton(text)) <= SKELETON_CHARACTERS_MAX


@given(any_text)
def test_normalising_and_checking_settle(text):
    once = normalise_handle(text.lstrip("@ "))
    assert normalise_handle(once) == once or once.startswith("@")
    try:
        handle = check_handle(text)
    except HandleRefused:
        return
    assert check_handle(handle) == handle


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("长期主义：如何开始？", "长期主义-如何开始"),
        ("Hello, World! 你好", "hello-world-你好"),
        ("  --a__b--  ", "a-b"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full-width"),
        ("École Straße", "école-strasse"),
        ("../../etc/passwd", "etc-passwd"),
        ("？！", ""),
        (
            "one two three " * 10,
            "one-two-three-one-two-three-one-two-three-one-two-three-one-two-three-one-two",
        ),
        ("字" * 100, "字" * 80),
    ],
)
def test_slugs(title, slug):
    assert slugify(title) == slug


@given(any_text)
def test_a_slug_is_its_own_slug(text):
    slug = slugify(text)
    assert len(slug) <= 80
    assert slugify(slug) == slug
