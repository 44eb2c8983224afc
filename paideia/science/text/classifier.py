"""Spam, toxicity, sentiment, interest: which label does a text deserve."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from paideia.science.checks import Floats, Ints, between, library
from paideia.science.errors import EmptyInput, OneClass, OutOfRange, ShapeMismatch, TooShort
from paideia.science.text.tokens import normalise, words
from paideia.science.threads import few_threads

Kind = Literal["linear", "forest"]


@dataclass(frozen=True, slots=True)
class TextClassifier:
    """A fitted classifier of texts."""

    kind: Kind
    labels: tuple[str, ...]
    threshold: float
    """With two labels: the second is given from this probability on."""
    vectors: tuple[Any, ...]
    model: Any

    def probability(self, texts: Sequence[str]) -> Floats:
        """Texts × labels."""
        if not len(texts):
            return np.zeros((0, len(self.labels)))
        with few_threads(len(texts)):
            return np.asarray(self.model.predict_proba(_matrix(self.vectors, texts)), dtype=np.float64)

    def label(self, texts: Sequence[str]) -> list[str]:
        """The label of each text."""
        p = self.probability(texts)
        binary = len(self.labels) == 2
        place = (p[:, 1] >= self.threshold).astype(int) if binary else p.argmax(axis=1)
        return [self.labels[k] for k in place]

    def telling(self, text: str, *, top: int = 5) -> list[tuple[str, float]]:
        """The words and characters that speak most for the second of two labels, with their log-odds;
        linear only.

        Raises `OutOfRange`.
        """
        if self.kind != "linear" or len(self.labels) != 2:
            raise OutOfRange("only a linear classifier of two labels can say what told it")
        row = self.model.weighted(_matrix(self.vectors, [text]))
        names = np.concatenate([v.get_feature_names_out() for v in self.vectors])
        order = np.argsort(-np.abs(row.data), kind="stable")[:top]
        return [(str(names[row.indices[k]]), float(row.data[k])) for k in order]


def fit_text_classifier(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    kind: Kind = "linear",
    false_alarms_max: float | None = None,
    seed: int = 0,
) -> TextClassifier:
    """TF-IDF of words (1 and 2), of characters (1 to 5) and of the text's shape, then a classifier.

    linear: logistic regression on features scaled by their naive-Bayes log-count ratio (Wang & Manning
    2012, "NB-SVM" with logistic loss), its penalty chosen by cross-validation. forest: 300 random trees
    (Breiman 2001) on the 4,000 features that tell most by χ². With two labels, in sorted order, and
    `false_alarms_max`, the threshold is the one of greatest accuracy among those that give at most this
    share of the first label's texts the second one, judged on texts held out in cross-validation.

    Raises `EmptyInput`, `OneClass`, `OutOfRange`, `ShapeMismatch` or `TooShort`.
    """
    names, y = _labelled(texts, labels)
    vectors = _vectorisers()
    with few_threads(len(texts)):
        x = _fit_matrix(vectors, texts)
        choices: Sequence[Any] = PENALTIES if kind == "linear" else (None,)
        held_out = [_cross_validated(lambda c=c: _make(kind, c, seed), x, y, seed) for c in choices]
        losses = [_cross_entropy(p, y) for p in held_out]
        best = int(np.argmin(losses))
        model = _make(kind, choices[best], seed).fit(x, y)
    threshold = 0.5
    if false_alarms_max is not None:
        if len(names) != 2:
            raise OutOfRange("false_alarms_max needs two labels")
        between(false_alarms_max, "false_alarms_max", 0, 1)
        threshold = _threshold(held_out[best][:, 1], y, false_alarms_max)
    return TextClassifier(kind, names, threshold, vectors, model)


PENALTIES = (1.0, 4.0, 16.0)


def shape_of(text: str) -> list[str]:
    """What a text looks like, as words: how long, how many digits, capitals and signs, numbers, links,
    money.
    """
    size = max(len(text), 1)
    marks = [f"length:{int(np.log2(size))}"]
    for name, test in (("digits", str.isdigit), ("capitals", str.isupper)):
        share = sum(map(test, text)) / size
        marks.append(f"{name}:{0 if share == 0 else 1 + int(share * 20)}")
    for name, pattern in SHAPES:
        count = len(pattern.findall(text))
        if count:
            marks += [f"has:{name}", f"{name}:{min(count, 4)}"]
    return marks


SHAPES = (
    ("link", re.compile(r"https?://|www\.|\.com\b|\.cn\b|\.co\.", re.IGNORECASE)),
    ("long number", re.compile(r"\d{5,}")),
    ("money", re.compile(r"[£$€¥￥]|\d+ ?(?:元|块|rmb|p/)", re.IGNORECASE)),
    ("shout", re.compile(r"[!！]")),
    ("ask", re.compile(r"[?？]")),
    ("capitals word", re.compile(r"\b[A-Z]{3,}\b")),
    ("code", re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])\w{4,}\b")),
    ("contact", re.compile(r"微信|v信|加我|qq|wechat|telegram|@\w+", re.IGNORECASE)),
)


def _vectorisers() -> tuple[Any, ...]:
    vectoriser = library("sklearn.feature_extraction.text").TfidfVectorizer
    shared = {"sublinear_tf": True, "min_df": 2, "dtype": np.float64}
    return (
        vectoriser(analyzer=_one_and_two, max_features=120_000, **shared),
        vectoriser(
            analyzer="char_wb", preprocessor=normalise, ngram_range=(1, 5), max_features=200_000, **shared
        ),
        vectoriser(analyzer=shape_of, **shared),
    )


def _one_and_two(text: str) -> list[str]:
    single = words(text)
    return single + [f"{a} {b}" for a, b in pairwise(single)]


def _fit_matrix(vectors: tuple[Any, ...], texts: Sequence[str]) -> Any:
    parts = []
    for vectoriser in vectors:
        try:
            parts.append(vectoriser.fit_transform(texts))
        except ValueError as error:
            raise TooShort(
                "texts share no word, character sequence or shape: there is nothing to learn"
            ) from error
    return library("scipy.sparse").hstack(parts, format="csr")


def _matrix(vectors: tuple[Any, ...], texts: Sequence[str]) -> Any:
    return library("scipy.sparse").hstack([v.transform(texts) for v in vectors], format="csr")


def _labelled(texts: Sequence[str], labels: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    if not len(texts):
        raise EmptyInput("texts is empty")
    if len(texts) != len(labels):
        raise ShapeMismatch(f"{len(labels)} labels for {len(texts)} texts")
    names, y = np.unique(np.asarray([str(v) for v in labels]), return_inverse=True)
    if len(names) < 2:
        raise OneClass(f"every text is labelled {names[0]}: two labels are needed")
    if np.bincount(y).min() < 5:
        raise TooShort("each label needs at least 5 texts")
    return tuple(str(n) for n in names), y.astype(np.int64)


def _make(kind: Kind, choice: Any, seed: int) -> Any:
    return _Scaled(float(choice)) if kind == "linear" else _Forest(seed)


def _cross_validated(make: Any, x: Any, y: Ints, seed: int) -> Floats:
    folds = library("sklearn.model_selection").StratifiedKFold(5, shuffle=True, random_state=seed)
    p = np.zeros((len(y), int(y.max()) + 1))
    for train, test in folds.split(y, y):
        p[test] = make().fit(x[train], y[train]).predict_proba(x[test])
    return p


def _cross_entropy(p: Floats, y: Ints) -> float:
    return float(-np.log(np.clip(p[np.arange(len(y)), y], 1e-9, None)).mean())


def _threshold(p: Floats, y: Ints, false_alarms_max: float) -> float:
    """Midway between neighbouring held-out probabilities, so that it does not sit on one of them."""
    order = np.argsort(-p, kind="stable")
    false = np.concatenate(([0], np.cumsum(y[order] == 0)))
    hits = np.concatenate(([0], np.cumsum(y[order] == 1)))
    allowed = np.floor(false_alarms_max * (y == 0).sum())
    right = np.where(false <= allowed, hits - false, -1)
    best = int(right.argmax())
    ranked = np.concatenate(([1.0], p[order], [0.0]))
    return float((ranked[best] + ranked[best + 1]) / 2)


class _Scaled:
    """One logistic regression for each label against the rest, on features scaled by log-count ratios."""

    def __init__(self, penalty: float) -> None:
        self.penalty = penalty

    def fit(self, x: Any, y: Ints) -> _Scaled:
        """Learn ratios r = ln((1 + Σ positive)/(1 + Σ negative)), normalised, and weights."""
        self.sides = []
        count = int(y.max()) + 1
        linear = library("sklearn.linear_model").LogisticRegression
        for label in range(1 if count == 2 else 0, count):
            positive = y == label
            p = 1 + np.asarray(x[positive].sum(axis=0)).ravel()
            q = 1 + np.asarray(x[~positive].sum(axis=0)).ravel()
            ratio = np.log((p / p.sum()) / (q / q.sum()))
            model = linear(C=self.penalty, solver="liblinear", max_iter=300)
            self.sides.append((ratio, model.fit(self._scale(x, ratio), positive)))
        return self

    def predict_proba(self, x: Any) -> Floats:
        """Probabilities, texts × labels; of more than two labels normalised."""
        each = [model.predict_proba(self._scale(x, ratio))[:, 1] for ratio, model in self.sides]
        if len(each) == 1:
            return np.stack([1 - each[0], each[0]], axis=1)
        p = np.stack(each, axis=1)
        shares: Floats = p / np.maximum(p.sum(axis=1, keepdims=True), 1e-12)
        return shares

    def weighted(self, x: Any) -> Any:
        """The contribution of each feature of one text to the log-odds."""
        ratio, model = self.sides[0]
        return library("scipy.sparse").csr_matrix(self._scale(x, ratio).multiply(model.coef_[0]))

    def _scale(self, x: Any, ratio: Floats) -> Any:
        return x @ library("scipy.sparse").diags_array(np.abs(ratio))


class _Forest:
    """Random trees on the features that tell most."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, x: Any, y: Ints) -> _Forest:
        """Choose features, grow trees."""
        score = library("sklearn.feature_selection").chi2(x, y)[0]
        self.chosen = np.sort(np.argsort(-np.nan_to_num(score), kind="stable")[:4000])
        trees = library("sklearn.ensemble").RandomForestClassifier
        self.trees = trees(300, min_samples_leaf=1, random_state=self.seed, n_jobs=1).fit(
            x[:, self.chosen], y
        )
        return self

    def predict_proba(self, x: Any) -> Floats:
        """Share of trees, texts × labels."""
        return np.asarray(self.trees.predict_proba(x[:, self.chosen]))
