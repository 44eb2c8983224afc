"""Will the next answer be right, and is the skill mastered: a logistic model on counts, and Bayesian
tracing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, between, library, positive
from paideia.science.errors import OneClass, OutOfRange
from paideia.science.learning.answers import Answers, running
from paideia.science.threads import few_threads


@dataclass(frozen=True, slots=True)
class AnswerModel:
    """A fitted model of the next answer on running counts."""

    kind: Literal["logistic", "boosted"]
    skills: int
    centre: Floats
    spread: Floats
    model: Any

    def probability(self, log: Answers) -> Floats:
        """Probability that each answer is right, from what came before it only."""
        rows = _inputs(self.kind, log, self.skills, self.centre, self.spread)
        with few_threads(len(log), enough=1_000_000):
            return np.asarray(self.model.predict_proba(rows)[:, 1], dtype=np.float64)


def fit_answer_model(
    log: Answers, *, kind: Literal["logistic", "boosted"] = "logistic", penalty: float = 1.0, seed: int = 0
) -> AnswerModel:
    """Performance factors with history (Pavlik, Cen & Koedinger 2009; Gervet, Koedinger, Schneider &
    Mitchell 2020).

        logit P = b_skill + w_skill·ln(1 + wins) + f_skill·ln(1 + fails) + shared terms

    with ridge `penalty`; shared are the logarithms of wins and fails in the skill and over all skills, and
    the shares right among the last 1, 3 and 10 answers in the skill and over all. Skills never seen at
    fitting get the shared terms only. boosted: the same columns in gradient-boosted trees (up to 254 skills
    as categories), which find for themselves where a run of right answers means more.

    Raises `OneClass`.
    """
    if log.right.min() == log.right.max():
        raise OneClass("every answer has the same outcome")
    positive(penalty, "penalty")
    skills = int(log.skill.max()) + 1
    shared = _shared(log)
    centre, spread = shared.mean(axis=0), np.maximum(shared.std(axis=0), 1e-9)
    rows = _inputs(kind, log, skills, centre, spread)
    if kind == "logistic":
        model = library("sklearn.linear_model").LogisticRegression(C=1 / penalty, max_iter=300)
    else:
        trees = library("sklearn.ensemble").HistGradientBoostingClassifier
        model = trees(
            max_iter=200, learning_rate=0.06, min_samples_leaf=60, early_stopping=False, random_state=seed,
            categorical_features=[shared.shape[1]] if skills < 255 else None,
        )  # fmt: skip
    with few_threads(len(log), enough=1_000_000):
        model.fit(rows, log.right)
    return AnswerModel(kind, skills, centre, spread, model)


@dataclass(frozen=True, slots=True)
class Tracing:
    """Bayesian knowledge tracing for each skill: known before, learnt at each answer, guessed, slipped."""

    known: Floats
    learnt: Floats
    guess: Floats
    slip: Floats

    def follow(self, log: Answers) -> tuple[Floats, Floats]:
        """Before each answer: the probability that it is right, and that the skill is known.

        Raises `OutOfRange`.
        """
        if log.skill.max() >= len(self.known):
            raise OutOfRange(f"there are {len(self.known)} skills, skill {log.skill.max()} was answered")
        right, mastery = np.empty(len(log)), np.empty(len(log))
        for rows, skill, observed in _sequences(log):
            forward = _filter(self, skill, observed)
            mastery[rows] = forward
            right[rows] = forward * (1 - self.slip[skill]) + (1 - forward) * self.guess[skill]
        return right, mastery

    def mastery(self, log: Answers) -> dict[tuple[int, int], float]:
        """Probability that each (student, skill) is known after their last answer."""
        known = {}
        for rows, skill, observed in _sequences(log):
            before = _filter(self, skill, observed)[-1]
            known[int(log.student[rows[0]]), skill] = float(_after(self, skill, before, observed[-1]))
        return known


def fit_tracing(log: Answers, *, rounds: int = 60, tolerance: float = 1e-5) -> Tracing:
    """Hidden two-state model without forgetting (Corbett & Anderson 1995) by expectation-maximisation,
    skill by skill.

    States: unknown, known. P(right | unknown) = guess, P(wrong | known) = slip, both held below ½ so that
    "known" keeps its meaning; unknown becomes known with probability `learnt` after each answer.
    """
    positive(rounds, "rounds")
    skills = int(log.skill.max()) + 1
    fitted = np.tile([0.3, 0.15, 0.25, 0.1], (skills, 1))
    groups: dict[int, list[Ints]] = {}
    for _, skill, observed in _sequences(log):
        groups.setdefault(skill, []).append(observed)
    for skill, sequences in groups.items():
        padded, mask = _pad(sequences)
        for _ in range(rounds):
            updated = _em_step(fitted[skill], padded, mask)
            moved = np.abs(updated - fitted[skill]).max()
            fitted[skill] = updated
            if moved < tolerance:
                break
    return Tracing(*(fitted[:, k].copy() for k in range(4)))


def mastered(probability: ArrayLike, *, level: float = 0.95) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which probabilities of knowing reach the level at which tutors move on (Corbett & Anderson 1995:
    .95).
    """
    between(level, "level", 0, 1, open_ends=True)
    return np.asarray(np.asarray(probability, dtype=np.float64) >= level)


def _shared(log: Answers) -> Floats:
    r = running(log)
    counts = np.log1p(np.stack([r.wins, r.fails, r.all_wins, r.all_fails], axis=1))
    overall = (r.all_wins + 1) / (r.all_wins + r.all_fails + 2)
    own = (r.wins + 2 * overall) / (r.wins + r.fails + 2)
    first = (r.wins + r.fails == 0).astype(float)
    return np.column_stack([counts, r.recent, r.all_recent, overall, own, first])


def _inputs(kind: str, log: Answers, skills: int, centre: Floats, spread: Floats) -> Any:
    if kind == "logistic":
        return _rows(log, skills, centre, spread)
    known = np.where(log.skill < skills, log.skill, np.nan)
    return np.column_stack([_shared(log), known])


def _rows(log: Answers, skills: int, centre: Floats, spread: Floats) -> Any:
    """Shared columns, and for each skill an indicator and its own slopes of wins and fails, as scipy CSR."""
    sparse = library("scipy.sparse")
    shared = (_shared(log) - centre) / spread
    seen = np.flatnonzero(log.skill < skills)
    blocks = []
    for values in (np.ones(len(log)), shared[:, 0], shared[:, 1]):
        entries = (values[seen], (seen, log.skill[seen]))
        blocks.append(sparse.csr_matrix(entries, shape=(len(log), skills)))
    return sparse.hstack([sparse.csr_matrix(shared), *blocks], format="csr")


def _sequences(log: Answers) -> list[tuple[Ints, int, Ints]]:
    """Rows, skill and outcomes of each student's answers in each skill, in order."""
    key = log.student * (int(log.skill.max()) + 1) + log.skill
    order = np.argsort(key, kind="stable")
    edges = np.flatnonzero(np.diff(key[order])) + 1
    return [(rows, int(log.skill[rows[0]]), log.right[rows]) for rows in np.split(order, edges)]


def _filter(model: Tracing, skill: int, observed: Ints) -> Floats:
    """P(known) before each answer."""
    before = np.empty(len(observed))
    p = float(model.known[skill])
    for k, right in enumerate(observed):
        before[k] = p
        p = _after(model, skill, p, int(right))
    return before


def _after(model: Tracing, skill: int, p: float, right: int) -> float:
    slip, guess = float(model.slip[skill]), float(model.guess[skill])
    known, unknown = (p * (1 - slip), (1 - p) * guess) if right else (p * slip, (1 - p) * (1 - guess))
    posterior = known / max(known + unknown, 1e-300)
    return posterior + (1 - posterior) * float(model.learnt[skill])


def _pad(sequences: list[Ints]) -> tuple[Ints, Floats]:
    longest = max(len(s) for s in sequences)
    padded, mask = np.zeros((len(sequences), longest), dtype=np.int64), np.zeros((len(sequences), longest))
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence)], mask[row, : len(sequence)] = sequence, 1.0
    return padded, mask


def _em_step(theta: Floats, observed: Ints, mask: Floats) -> Floats:
    """One forward-backward pass over all sequences of a skill, and the parameters that fit its
    expectations.
    """
    known, learnt, guess, slip = theta
    emission = np.where(observed[:, :, None] == 1, [guess, 1 - slip], [1 - guess, slip])
    emission = np.where(mask[:, :, None] > 0, emission, 1.0)
    step = np.array([[1 - learnt, learnt], [0.0, 1.0]])
    size, length = observed.shape
    forward, scale = np.empty((size, length, 2)), np.empty((size, length))
    state = np.tile([1 - known, known], (size, 1))
    for t in range(length):
        state = state * emission[:, t]
        scale[:, t] = state.sum(axis=1)
        state = state / scale[:, t, None]
        forward[:, t] = state
        state = state @ step
    backward = np.ones((size, length, 2))
    for t in range(length - 2, -1, -1):
        backward[:, t] = ((emission[:, t + 1] * backward[:, t + 1]) @ step.T) / scale[:, t + 1, None]
    posterior = forward * backward
    posterior /= posterior.sum(axis=2, keepdims=True)
    both = mask[:, 1:]
    onward = emission[:, 1:] * backward[:, 1:] / scale[:, 1:, None]
    moves = forward[:, :-1, 0] * learnt * onward[:, :, 1] * both
    unknown_before = posterior[:, :-1, 0] * both
    in_unknown, in_known = posterior[:, :, 0] * mask, posterior[:, :, 1] * mask
    raw = [
        (posterior[:, 0, 1].sum() + 0.5) / (size + 1),
        (moves.sum() + 0.5) / (unknown_before.sum() + 4),
        ((in_unknown * observed).sum() + 1) / (in_unknown.sum() + 4),
        ((in_known * (1 - observed)).sum() + 0.5) / (in_known.sum() + 5),
    ]
    limits = ((0.01, 0.99), (0.001, 0.99), (0.01, 0.49), (0.01, 0.49))
    return np.array([min(max(v, low), high) for v, (low, high) in zip(raw, limits, strict=True)])


def too_few(log: Answers, *, least: int = 20) -> Ints:
    """Skills with fewer answers than `least`: their own parameters mean little."""
    positive(least, "least")
    counts = np.bincount(log.skill)
    return np.flatnonzero((counts > 0) & (counts < least))
