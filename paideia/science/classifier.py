"""Will it happen: a boosted and a readable classifier on mixed columns, calibrated, with reasons for each
row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Bools, Floats, Ints, library, outcomes
from paideia.science.errors import ConstantInput, EmptyInput, OutOfRange, ShapeMismatch, TooShort
from paideia.science.measures import auc
from paideia.science.threads import few_threads

Columns = Mapping[str, Any]
"""Names to arrays of equal length: a dict, or a pandas frame. Strings are categories; NaN, None and "" are
unknown.
"""


@dataclass(frozen=True, slots=True)
class Encoder:
    """How columns become numbers: categories by the order of their names, numbers as they are, NaN for
    unknown.
    """

    names: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]
    """The categories of each categorical column."""

    def matrix(self, columns: Columns) -> Floats:
        """Rows × columns. A category never seen at fitting is unknown. Raises `ShapeMismatch`."""
        missing = [name for name in self.names if name not in columns]
        if missing:
            raise ShapeMismatch(f"columns lack {', '.join(missing)}")
        return np.stack([self._column(name, columns[name]) for name in self.names], axis=1)

    def _column(self, name: str, values: Any) -> Floats:
        if name not in self.levels:
            return np.asarray(values, dtype=np.float64)
        text = np.asarray(values).astype(str)
        levels = np.array(self.levels[name])
        place = np.searchsorted(levels, text).clip(0, len(levels) - 1)
        return np.where(levels[place] == text, place.astype(np.float64), np.nan)


def encoder(columns: Columns) -> Encoder:
    """Learn the categories. Raises if there is no column, or one that never varies.

    Raises `ConstantInput` or `EmptyInput`.
    """
    names = tuple(str(name) for name in columns)
    if not names:
        raise EmptyInput("columns is empty")
    levels = {}
    for name in names:
        values = np.asarray(columns[name])
        if values.dtype.kind not in "fiub":
            known = values.astype(str)
            levels[name] = tuple(sorted({str(v) for v in set(known)} - {"", "nan", "None"}))
            varied = len(levels[name]) > 1
        else:
            varied = len(np.unique(values.astype(np.float64))) > 1  # all unknown values are one
        if not varied:
            raise ConstantInput(f"column {name} does not vary: leave it out")
    return Encoder(names, levels)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row's probability is not the average: moving this column to its typical value takes it away."""

    column: str
    value: Any
    log_odds: float
    """Above 0 the column makes the outcome likelier."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """A fitted classifier."""

    kind: Literal["boosted", "logistic"]
    encoder: Encoder
    base_rate: float
    typical: Floats
    """Median of each numeric column, most frequent category of each other one."""
    model: Any

    def probability(self, columns: Columns) -> Floats:
        """Probability of the outcome for each row."""
        return self._probability(self.encoder.matrix(columns))

    def reasons(self, columns: Columns, *, top: int = 3) -> list[list[Reason]]:
        """The `top` columns that move each row most, strongest first.

        For each column the change of log-odds when it alone is set to its typical value (occlusion). Exact
        for the logistic model; for trees it leaves out what two columns do only together.
        """
        rows = self.encoder.matrix(columns)
        log_odds = self._log_odds(rows)
        moves = np.empty_like(rows)
        for k in range(rows.shape[1]):
            moved = rows.copy()
            moved[:, k] = self.typical[k]
            moves[:, k] = log_odds - self._log_odds(moved)
        strongest = np.argsort(-np.abs(moves), axis=1, kind="stable")[:, :top]
        return [[self._reason(rows, moves, i, int(k)) for k in order] for i, order in enumerate(strongest)]

    def effects(self) -> dict[str, float]:
        """Log-odds for one standard deviation (or for a category, beside the average); the logistic model
        only.

        Raises `OutOfRange`.
        """
        if self.kind != "logistic":
            raise OutOfRange("only the logistic model can be read this way; ask `reasons` of a boosted one")
        return dict(zip(self.model.labels, (float(c) for c in self.model.coefficients), strict=True))

    def _reason(self, rows: Floats, moves: Floats, i: int, k: int) -> Reason:
        name = self.encoder.names[k]
        value: Any = float(rows[i, k])
        if name in self.encoder.levels:
            value = None if np.isnan(value) else str(self.encoder.levels[name][int(value)])
        return Reason(name, value, float(moves[i, k]))

    def _probability(self, rows: Floats) -> Floats:
        with few_threads(len(rows)):
            return np.asarray(self.model.predict_proba(rows)[:, 1], dtype=np.float64)

    def _log_odds(self, rows: Floats) -> Floats:
        p = np.clip(self._probability(rows), 1e-9, 1 - 1e-9)
        return np.asarray(np.log(p / (1 - p)))


def fit_classifier(
    columns: Columns,
    outcome: ArrayLike,
    *,
    kind: Literal["boosted", "logistic"] = "boosted",
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Classifier:
    """Fit and calibrate.

    boosted: gradient-boosted trees (Friedman 2001; scikit-learn's histogram form) on cross-entropy; depth
    and shrinkage are chosen by cross-validation inside the data given. logistic: ridge-penalised logistic
    regression on standardised columns, indicators for categories and for unknown numbers; the penalty is
    chosen the same way. Both are refitted on five folds, calibrated on the fold left out (Platt 1999) and
    averaged. `groups` keeps rows of one person on one side.

    Raises `ShapeMismatch` or `TooShort`.
    """
    y = outcomes(outcome, "outcome")
    learned = encoder(columns)
    rows = learned.matrix(columns)
    if len(rows) != len(y):
        raise ShapeMismatch(f"columns have {len(rows)} rows for {len(y)} outcomes")
    if min(int(y.sum()), int((1 - y).sum())) < 10:
        raise TooShort("at least 10 rows of each outcome are needed")
    folds = _folds(y, groups, seed)
    fit = _fit_boosted if kind == "boosted" else _fit_logistic
    with few_threads(len(rows)):
        model = fit(rows, y, learned, folds, seed)
    return Classifier(kind, learned, float(y.mean()), _typical(rows, learned), model)


def suspicious_columns(columns: Columns, outcome: ArrayLike, *, limit: float = 0.95) -> dict[str, float]:
    """Columns that alone tell the outcome almost perfectly, with their AUC: most often they were written
    after it.

    A guard against leakage. Categories are scored by their share of positives in the other half of the rows.

    Raises `ShapeMismatch`.
    """
    y = outcomes(outcome, "outcome")
    learned = encoder(columns)
    rows = learned.matrix(columns)
    if len(rows) != len(y):
        raise ShapeMismatch(f"columns have {len(rows)} rows for {len(y)} outcomes")
    found = {}
    for k, name in enumerate(learned.names):
        values = rows[:, k]
        scores = (
            _category_scores(values, y)
            if name in learned.levels
            else np.where(np.isnan(values), -np.inf, values)
        )
        ranked = np.unique(scores, return_inverse=True)[1]
        one_sided = auc(y, ranked)
        unknown = auc(y, np.isnan(values)) if np.isnan(values).any() else 0.5
        strongest = max(one_sided, 1 - one_sided, unknown, 1 - unknown)
        if strongest >= limit:
            found[name] = strongest
    return found


def known_before(sources: Mapping[str, ArrayLike], predicted_at: ArrayLike) -> None:
    """Refuse columns made from something that happened after the moment of prediction.

    `sources[name]` is the time of the latest event that each row's value was made from (-inf for none).

    Raises `OutOfRange`.
    """
    moment = np.asarray(predicted_at, dtype=np.float64)
    for name, times in sources.items():
        late = int((np.asarray(times, dtype=np.float64) > moment).sum())
        if late:
            raise OutOfRange(
                f"column {name} knows the future in {late} rows: cut its events at the prediction"
            )


def _category_scores(values: Floats, y: Ints) -> Floats:
    """Share of positives of the category in the other half, halves alternating."""
    codes = np.where(np.isnan(values), values[~np.isnan(values)].max(initial=0) + 1, values).astype(np.int64)
    half = np.arange(len(y)) % 2
    scores = np.empty(len(y))
    for side in (0, 1):
        count = np.bincount(codes[half != side], minlength=codes.max() + 1)
        hits = np.bincount(codes[half != side], weights=y[half != side], minlength=codes.max() + 1)
        scores[half == side] = ((hits + y.mean()) / (count + 1))[codes[half == side]]
    return scores


def _typical(rows: Floats, learned: Encoder) -> Floats:
    typical = np.nanmedian(rows, axis=0)
    for k, name in enumerate(learned.names):
        if name in learned.levels:
            known = rows[~np.isnan(rows[:, k]), k].astype(np.int64)
            typical[k] = np.bincount(known).argmax()
    return np.asarray(typical)


def _folds(y: Ints, groups: ArrayLike | None, seed: int) -> list[tuple[Ints, Ints]]:
    selection = library("sklearn.model_selection")
    if groups is None:
        return list(selection.StratifiedKFold(5, shuffle=True, random_state=seed).split(y, y))
    return list(
        selection.StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(y, y, np.asarray(groups))
    )


BOOSTED_CHOICES: Sequence[dict[str, Any]] = (
    {"learning_rate": 0.03, "max_leaf_nodes": 4, "min_samples_leaf": 30, "max_iter": 400},
    {"learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 40, "max_iter": 250},
    {
        "learning_rate": 0.05,
        "max_leaf_nodes": 16,
        "min_samples_leaf": 40,
        "max_iter": 300,
        "l2_regularization": 5.0,
    },
    {
        "learning_rate": 0.04,
        "max_leaf_nodes": 31,
        "min_samples_leaf": 60,
        "max_iter": 300,
        "l2_regularization": 20.0,
    },
)
LOGISTIC_CHOICES: Sequence[float] = (0.01, 0.1, 1.0, 10.0)


def _fit_boosted(rows: Floats, y: Ints, learned: Encoder, folds: list[tuple[Ints, Ints]], seed: int) -> Any:
    trees: Any = library("sklearn.ensemble").HistGradientBoostingClassifier
    categorical = [k for k, name in enumerate(learned.names) if name in learned.levels]

    def make(choice: dict[str, Any]) -> Any:
        return trees(
            random_state=seed, categorical_features=categorical or None, early_stopping=False, **choice
        )

    best = _best(make, BOOSTED_CHOICES, rows, y, folds)
    return _calibrated(make(best), rows, y, folds)


def _fit_logistic(rows: Floats, y: Ints, learned: Encoder, folds: list[tuple[Ints, Ints]], seed: int) -> Any:
    linear = library("sklearn.linear_model")

    def make(penalty: float) -> _Readable:
        return _Readable(learned, linear.LogisticRegression(C=penalty, max_iter=2000))

    best = _best(make, LOGISTIC_CHOICES, rows, y, folds)
    return make(best).fit(rows, y)


def _best(make: Any, choices: Sequence[Any], rows: Floats, y: Ints, folds: list[tuple[Ints, Ints]]) -> Any:
    """The choice of least cross-entropy over the first three folds."""
    losses = []
    for choice in choices:
        loss = 0.0
        for train, test in folds[:3]:
            p = make(choice).fit(rows[train], y[train]).predict_proba(rows[test])[:, 1]
            loss -= np.log(np.clip(np.where(y[test] == 1, p, 1 - p), 1e-9, None)).sum()
        losses.append(loss)
    return choices[int(np.argmin(losses))]


def _calibrated(model: Any, rows: Floats, y: Ints, folds: list[tuple[Ints, Ints]]) -> Any:
    calibration: Any = library("sklearn.calibration")
    return calibration.CalibratedClassifierCV(model, method="sigmoid", cv=folds).fit(rows, y)


class _Readable:
    """Logistic regression on standardised numbers, category indicators and indicators of the unknown."""

    def __init__(self, learned: Encoder, model: Any) -> None:
        self.learned, self.model = learned, model
        self.labels: list[str] = []

    def fit(self, rows: Floats, y: Ints) -> _Readable:
        """Learn centres and spreads, then coefficients."""
        self.centre, self.spread = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
        self.spread[self.spread == 0] = 1.0
        self.unknown: Bools = np.asarray(np.isnan(rows).any(axis=0))
        self.labels = self._labels()
        expanded = self._expand(rows)
        self.average = expanded.mean(axis=0)
        self.model.fit(expanded - self.average, y)
        self.coefficients = self.model.coef_[0]
        return self

    def predict_proba(self, rows: Floats) -> Floats:
        """Two columns, as scikit-learn has it."""
        return np.asarray(self.model.predict_proba(self._expand(rows) - self.average))

    def _labels(self) -> list[str]:
        labels: list[str] = []
        for k, name in enumerate(self.learned.names):
            labels += (
                [f"{name} = {v}" for v in self.learned.levels[name]]
                if name in self.learned.levels
                else [name]
            )
            labels += [f"{name} unknown"] if self.unknown[k] else []
        return labels

    def _expand(self, rows: Floats) -> Floats:
        parts = []
        for k, name in enumerate(self.learned.names):
            column = rows[:, k]
            if name in self.learned.levels:
                parts += [(column == level).astype(float) for level in range(len(self.learned.levels[name]))]
            else:
                parts.append(np.where(np.isnan(column), 0.0, (column - self.centre[k]) / self.spread[k]))
            if self.unknown[k]:
                parts.append(np.isnan(column).astype(float))
        return np.stack(parts, axis=1)
