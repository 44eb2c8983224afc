"""Texts: tokens and languages, labels, topics, interests, duplicates and copying, in Chinese and English."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paideia.science.errors import EmptyInput, OneClass, OutOfRange, ShapeMismatch, TooShort
from paideia.science.text import (
    LEVELS,
    close_prints,
    containment,
    find_topics,
    fingerprint_share,
    fit_copy_judge,
    fit_text_classifier,
    interests,
    keyphrases,
    language,
    longest_common_share,
    min_hash,
    normalise,
    passages,
    sentences,
    shingles,
    sim_hash,
    similar_pairs,
    winnow,
    words,
)


def test_words_come_from_both_languages_in_one_form():
    assert words("我们学习Ｐｙｔｈｏｎ 编程, don't we?") == ["我们", "学习", "python", "编程", "don't", "we"]
    assert words("我们学习Python的编程 and more", stop=True) == ["学习", "python", "编程", "more"]
    assert normalise("  Ａ\tB  ") == "a b"


def test_sentences_are_cut_at_the_signs_of_both_languages():
    assert sentences("第一句。第二句！Is it? Yes, 3.5 of them. Good\nnew") == [
        "第一句。", "第二句！", "Is it?", "Yes, 3.5 of them.", "Good", "new",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("今天我们来学习如何写一个函数", "zh"),
        ("用 Python 写一个 function 很简单", "zh"),
        ("これは日本語の文章です", "ja"),
        ("이것은 한국어 문장입니다", "ko"),
        ("This is what you would write in English", "en"),
        ("Je ne sais pas si c'est la bonne réponse", "fr"),
        ("Das ist nicht die richtige Antwort auf die Frage", "de"),
        ("No sé si esta es la respuesta que buscas", "es"),
        ("Это не правильный ответ", "ru"),
        ("42 :-)", "und"),
        ("", "und"),
    ],
)
def test_languages_are_told_apart(text, code):
    assert language(text) == code


GOOD = [
    "老师讲得很清楚，例子也好",
    "内容充实，推荐给大家",
    "Great course, I learned a lot",
    "讲解清楚，学到很多",
]
GOOD += ["very clear and useful lesson", "非常满意，值得购买"]
BAD = ["内容太差，浪费时间", "听不懂，讲得太乱了", "Boring and a waste of money", "质量差，想退款"]
BAD += ["useless lesson, very boring", "差评，太失望了"]


@pytest.fixture(scope="module")
def reviews() -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(1)
    texts, labels = [], []
    for _ in range(150):
        side = int(rng.integers(2))
        pool = (BAD, GOOD)[side]
        texts.append(" ".join(rng.choice(pool, 2)) + str(rng.integers(100)))
        labels.append(("bad", "good")[side])
    return texts, labels


@pytest.mark.parametrize("kind", ["linear", "forest"])
def test_a_classifier_learns_sentiment_in_both_languages(reviews, kind):
    model = fit_text_classifier(*reviews, kind=kind)
    assert model.labels == ("bad", "good")
    assert model.label(["讲得很清楚，推荐", "boring, waste of time"]) == ["good", "bad"]
    assert model.probability(reviews[0][:5]).sum(axis=1) == pytest.approx(np.ones(5))
    assert model.label([]) == []


def test_a_linear_classifier_says_what_told_it(reviews):
    telling = dict(fit_text_classifier(*reviews).telling("非常清楚 boring", top=40))
    assert any(value < 0 for name, value in telling.items() if "boring" in name)
    with pytest.raises(OutOfRange, match="only a linear classifier"):
        fit_text_classifier(*reviews, kind="forest").telling("清楚")


def test_false_alarms_are_held_below_the_limit():
    rng = np.random.default_rng(2)
    vocabulary = [f"w{k}" for k in range(60)]
    weights = np.linspace(1, 3, 60)

    def text(spam: bool) -> str:
        p = weights if spam else weights[::-1]
        return " ".join(rng.choice(vocabulary, 6, p=p / p.sum()))

    labels = ["spam" if k % 3 == 0 else "ham" for k in range(900)]
    texts = [text(label == "spam") for label in labels]
    strict = fit_text_classifier(texts[:600], labels[:600], false_alarms_max=0.02)
    blocked = [
        s == "spam" for s, y in zip(strict.label(texts[600:]), labels[600:], strict=True) if y == "ham"
    ]
    plain = fit_text_classifier(texts[:600], labels[:600]).label(texts[600:])
    loose = [s == "spam" for s, y in zip(plain, labels[600:], strict=True) if y == "ham"]
    assert np.mean(blocked) <= 0.05 < np.mean(loose)


def test_more_than_two_labels_are_told_apart():
    texts = ["python code function"] * 10 + ["oil paint canvas"] * 10 + ["violin bow string"] * 10
    labels = ["code"] * 10 + ["art"] * 10 + ["music"] * 10
    model = fit_text_classifier(texts, labels)
    assert model.label(["canvas and paint", "a function in python", "violin"]) == ["art", "code", "music"]


@pytest.fixture(scope="module")
def library_texts() -> list[str]:
    rng = np.random.default_rng(3)
    pools = [
        ["函数", "变量", "循环", "编程", "代码", "python", "调试", "算法"],
        ["油画", "素描", "色彩", "构图", "画笔", "写生", "颜料", "透视"],
        ["violin", "melody", "rhythm", "chord", "piano", "harmony", "scale", "tempo"],
    ]
    return [" ".join(rng.choice(pools[k % 3], 12)) for k in range(90)]


def test_topics_are_found_and_named_by_their_own_words(library_texts):
    found = find_topics(library_texts, count=3)
    owner = found.shares.argmax(axis=1)
    assert all(len(set(owner[k::3])) == 1 for k in range(3)) and len(set(owner[:3])) == 3
    assert any("violin" in w or "melody" in w or "chord" in w for w in found.words[owner[2]])
    assert found.of(["学 编程 写 代码 函数"]).argmax() == owner[0]
    assert len(found.names[0].split(" · ")) == 3


def test_keyphrases_hold_the_text_together():
    text = (
        "Gradient descent updates the weights of a neural network. The learning rate of gradient descent matters."
        " A neural network with a bad learning rate does not converge, and gradient descent may diverge."
    )
    found = [phrase for phrase, _ in keyphrases(text, count=4)]
    assert {"gradient descent", "neural network", "learning rate"} <= {" ".join(p.split()[:2]) for p in found}
    chinese = keyphrases(
        "机器学习需要数据。机器学习模型从数据中学习。数据质量决定机器学习模型的效果。", count=3
    )
    assert any("机器" in phrase for phrase, _ in chinese)
    assert keyphrases("的 了 在") == []


def test_interests_are_what_is_read_beyond_what_everybody_reads():
    clicks = np.zeros((4, 3, 2))
    clicks[:, 0] = [9, 1]  # everybody reads category 0 …
    clicks[:, 1] = [9, 1]
    clicks[:, 2] = [5, 5]  # … the third member comes for the other
    found = interests(clicks, virtual=1.0)
    assert found.genuine[2, 1] > found.genuine[0, 1]
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(3))
    newcomer = interests(np.concatenate([clicks, np.zeros((4, 1, 2))], axis=1))
    trend = clicks[-1].sum(axis=0) / clicks[-1].sum()
    assert newcomer.probability[3] == pytest.approx(trend, abs=0.02)  # of whom nothing is known, the trend


def test_interests_agree_with_the_formula_written_out():
    rng = np.random.default_rng(4)
    clicks = rng.integers(0, 6, (3, 2, 3)).astype(float)
    found = interests(clicks, fading=0.8, virtual=2.0)
    overall = (clicks.sum(axis=(0, 1)) + 1e-9) / (clicks.sum(axis=(0, 1)) + 1e-9).sum()
    for u in range(2):
        lift, shown = np.full(3, 2.0), 2.0
        for t in range(3):
            p = (clicks[t].sum(axis=0) + overall) / (clicks[t].sum() + 1)
            lift += 0.8 ** (2 - t) * clicks[t, u] / p
            shown += 0.8 ** (2 - t) * clicks[t, u].sum()
        now = (clicks[2].sum(axis=0) + overall) / (clicks[2].sum() + 1)
        expected = now * lift / shown
        assert found.probability[u] == pytest.approx(expected / expected.sum())


texts = st.lists(st.text("abcd 编程学习", max_size=30), min_size=1, max_size=6)


@given(texts, st.integers(1, 6))
def test_shingles_are_the_same_exactly_where_k_grams_are(given_texts, k):
    sets = shingles(given_texts, k=k)
    plain = [normalise(t).ljust(k, "\0") for t in given_texts]
    grams = [{t[i : i + k] for i in range(len(t) - k + 1)} for t in plain]
    for i in range(len(given_texts)):
        assert len(sets.of(i)) == len(grams[i])
        for j in range(i):
            assert len(np.intersect1d(sets.of(i), sets.of(j))) == len(grams[i] & grams[j])


def test_signatures_estimate_jaccard_without_bias():
    rng = np.random.default_rng(5)
    alphabet = list("abcdefghijklmnop")
    base = "".join(rng.choice(alphabet, 400))
    errors = []
    for cut in (40, 120, 240):
        other = base[cut:] + "".join(rng.choice(alphabet, cut))
        sets = shingles([base, other])
        a, b = set(sets.of(0)), set(sets.of(1))
        estimates = [
            min_hash(sets, rng=np.random.default_rng(s)).similarity(np.array([0]), np.array([1]))[0]
            for s in range(20)
        ]
        errors.append(np.mean(estimates) - len(a & b) / len(a | b))
    assert np.abs(errors).max() < 0.03


def test_planted_duplicates_are_found_and_nothing_else():
    rng = np.random.default_rng(6)
    alphabet = list("abcdefghijklmnopqrstuvwxyz ")
    originals = ["".join(rng.choice(alphabet, 200)) for _ in range(300)]
    copies = [t[:100] + "x" + t[101:] for t in originals[:20]]
    sets = shingles([*originals, *copies])
    pairs = similar_pairs(min_hash(sets, rng=rng), threshold=0.7)
    assert {(int(a), int(b)) for a, b in zip(pairs.first, pairs.second, strict=True)} == {
        (k, 300 + k) for k in range(20)
    }
    assert (pairs.similarity > 0.8).all() and (np.diff(pairs.similarity) <= 0).all()
    prints = sim_hash(sets)
    close = close_prints(prints, bits=8)
    found = {(int(a), int(b)) for a, b in zip(close.first, close.second, strict=True)}
    assert len(found & {(k, 300 + k) for k in range(20)}) >= 18 and len(found) <= 22


def test_close_prints_agree_with_comparing_all_pairs():
    rng = np.random.default_rng(7)
    prints = rng.integers(0, 2**63, 60, dtype=np.uint64)
    for k in range(20):
        flips = rng.choice(64, rng.integers(0, 5), replace=False)
        prints[40 + k] = prints[k] ^ np.uint64(sum(1 << int(f) for f in flips))
    slow = {
        (i, j) for i in range(60) for j in range(i + 1, 60) if int(prints[i] ^ prints[j]).bit_count() <= 3
    }
    pairs = close_prints(prints, bits=3)
    assert {(int(a), int(b)) for a, b in zip(pairs.first, pairs.second, strict=True)} == slow


SOURCE = (
    "Inheritance is a way to form new classes using classes that have already been defined. The new classes take over"
    " attributes and behaviour of the classes that exist before them, which are called base classes."
)


def test_passages_are_found_where_they_stand():
    text = (
        "As we know, new classes using classes that have already been defined are good; base classes matter."
    )
    found = passages(text, SOURCE)
    assert [p.text for p in found] == ["new classes using classes that have already been defined"]
    assert words(text)[found[0].start : found[0].start + found[0].length] == found[0].text.split()
    assert words(SOURCE)[found[0].source_start :][: found[0].length] == found[0].text.split()


@given(st.text("abc ", max_size=40), st.text("abc ", max_size=40))
def test_longest_common_share_agrees_with_the_textbook_table(a, b):
    x, y = words(a), words(b)
    table = np.zeros((len(x) + 1, len(y) + 1), dtype=int)
    for i in range(len(x)):
        for j in range(len(y)):
            same = table[i, j] + 1 if x[i] == y[j] else 0
            table[i + 1, j + 1] = max(same, table[i, j + 1], table[i + 1, j])
    expected = table[-1, -1] / len(x) if x and y else 0.0
    assert longest_common_share(a, b) == pytest.approx(expected)


@given(st.text("abcdef", min_size=17, max_size=30), st.text("uvw", max_size=20), st.text("xyz", max_size=20))
def test_winnowing_keeps_its_promise(common, before, after):
    """Any common run of window + k - 1 characters shares a fingerprint (here 8 + 10 - 1 = 17)."""
    one, other = winnow(before + common + after), winnow(after + common + before)
    assert one.keys() & other.keys()


def test_similarity_of_a_text_to_itself_is_one_and_to_a_stranger_none():
    assert (
        containment(SOURCE, SOURCE)
        == longest_common_share(SOURCE, SOURCE)
        == fingerprint_share(SOURCE, SOURCE)
        == 1
    )
    stranger = "Cats sleep all day long near warm stoves"
    assert containment(stranger, SOURCE) == fingerprint_share(stranger, SOURCE) == 0.0
    assert containment("too short", SOURCE, n=3) == 0.0


def _revise(text: str, rng: np.random.Generator, share: float) -> str:
    other = [
        "people",
        "often",
        "say",
        "that",
        "many",
        "ideas",
        "can",
        "be",
        "put",
        "in",
        "different",
        "words",
        "when",
        "one",
        "really",
        "wants",
        "it",
    ]
    return " ".join(str(rng.choice(other)) if rng.random() < share else w for w in text.split())


def test_levels_of_copying_are_learnt():
    rng = np.random.default_rng(8)
    pool = [f"word{k}" for k in range(400)]
    sources = [". ".join(" ".join(rng.choice(pool, 12)) for _ in range(15)) for _ in range(60)]
    shares = {"cut and paste": 0.0, "light revision": 0.12, "heavy revision": 0.5, "none": 1.0}
    levels = [LEVELS[k % 4] for k in range(60)]
    answers = [_revise(s, rng, shares[level]) for s, level in zip(sources, levels, strict=True)]
    judge = fit_copy_judge(answers[:40], sources[:40], levels[:40])
    assert judge.level(answers[40:], sources[40:]) == levels[40:]
    assert judge.copied(answers[40:44], sources[40:44]) == [False, True, True, True]


@pytest.mark.parametrize(
    ("call", "error", "words_"),
    [
        (lambda: fit_text_classifier([], []), EmptyInput, "texts is empty"),
        (lambda: fit_text_classifier(["a"], ["x", "y"]), ShapeMismatch, "2 labels for 1 texts"),
        (lambda: fit_text_classifier(["a"] * 9, ["x"] * 9), OneClass, "every text is labelled x"),
        (lambda: fit_text_classifier(["a"] * 6, ["x"] * 5 + ["y"]), TooShort, "at least 5 texts"),
        (lambda: find_topics(["a"], count=3), TooShort, "give at least 6"),
        (lambda: shingles([]), EmptyInput, "texts is empty"),
        (lambda: interests(np.zeros((2, 2, 2))), EmptyInput, "all zero"),
        (lambda: interests(np.zeros(3)), ShapeMismatch, "periods × members"),
        (lambda: fit_copy_judge(["a"], ["b"], ["stolen"]), ShapeMismatch, "not stolen"),
        (lambda: close_prints(np.zeros(2, dtype=np.uint64), bits=40), OutOfRange, "0 … 15"),
    ],
)
def test_bad_input_is_named(call, error, words_):
    with pytest.raises(error, match=words_):
        call()
