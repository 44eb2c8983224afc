"""What must come first, and the shortest way to a goal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Bools, Floats, Ints, between, library, positive, vector, whole
from paideia.science.errors import Disconnected, OutOfRange, ShapeMismatch


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """`first` seems to be needed for `then`."""

    first: int
    then: int
    strength: float
    """The smaller of the lower bounds of P(first | then) and P(not then | not first)."""
    learners: int
    """With evidence on both."""


def prerequisites(
    mastery: ArrayLike, *, strength_min: float = 0.6, learners_min: int = 20, level: float = 0.9
) -> list[Prerequisite]:
    """What must come first, from who masters what: learners × skills of 1, 0 and NaN for not seen.

    If A is needed for B, those who master B master A and those who lack A lack B, but not the other way
    round (probabilistic association rules: Chen, Wuillemin & Labat 2015). Kept are pairs where Wilson's
    lower bound of both shares reaches `strength_min` and A is mastered by clearly more learners than B;
    then, strongest first, what closes no circle; then without what follows from others (transitive
    reduction). Co-occurrence is not proof: show it to the course's author.

    Raises `OutOfRange` or `ShapeMismatch`.
    """
    table = np.asarray(mastery, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise ShapeMismatch("mastery must be learners × skills")
    between(strength_min, "strength_min", 0, 1)
    has, lacks = (table == 1).astype(float), (table == 0).astype(float)
    if not ((has + lacks + np.isnan(table)) == 1).all():
        raise OutOfRange("mastery must hold only 0, 1 and NaN")
    both, only_first, only_then, neither = has.T @ has, has.T @ lacks, lacks.T @ has, lacks.T @ lacks
    seen = both + only_first + only_then + neither
    first_given_then = _wilson(both, both + only_then, level)
    not_then_given_not_first = _wilson(neither, neither + only_then, level)
    strength = np.minimum(first_given_then, not_then_given_not_first)
    easier = _wilson(only_first, only_first + only_then, level) > 0.5
    candidates = [
        (float(strength[i, j]), int(i), int(j))
        for i, j in np.argwhere((strength >= strength_min) & easier & (seen >= learners_min))
        if i != j
    ]
    kept: list[tuple[int, int]] = []
    strengths = {}
    for value, i, j in sorted(candidates, key=lambda c: (-c[0], c[1], c[2])):
        if not _leads(kept, j, i):
            kept.append((i, j))
            strengths[i, j] = value
    reduced = [tie for tie in kept if not _leads([t for t in kept if t != tie], *tie)]
    return [Prerequisite(i, j, strengths[i, j], int(seen[i, j])) for i, j in reduced]


@dataclass(frozen=True, slots=True)
class LearningPath:
    """Lessons in an order in which each finds what it needs."""

    lessons: list[int]
    minutes: float
    skills: list[int]
    """What is known at the end."""
    value: float
    """Of the goals reached."""


def learning_path(
    minutes: ArrayLike,
    teaches: ArrayLike,
    requires: ArrayLike,
    *,
    known: ArrayLike = (),
    goals: ArrayLike,
    values: ArrayLike | None = None,
    budget: float = np.inf,
) -> LearningPath:
    """The shortest set of lessons to all goals; under a time budget, the one that reaches the most value,
    then the shortest.

    `teaches` and `requires` are lessons × skills (0/1), `known` and `goals` skill numbers, `values` of the
    goals (1 each). Several lessons may teach a skill, and the cheapest way through all is sought: an
    integer programme (scipy's HiGHS)

        x_l, s_k ∈ {0, 1}:  s_k ≤ known_k + Σ_{l teaches k} x_l,  x_l ≤ s_k for each k that l requires,
        order_k ≥ order_j + 1 where a chosen lesson makes k from j (no skill may rest on itself)

    Raises where a goal cannot be reached at any price.

    Raises `Disconnected`, `OutOfRange` or `ShapeMismatch`.
    """
    time = vector(minutes, "minutes")
    t, r = (np.asarray(a, dtype=bool) for a in (teaches, requires))
    if t.shape != r.shape or t.ndim != 2 or len(t) != len(time):
        raise ShapeMismatch(f"teaches {t.shape} and requires {r.shape} must be {len(time)} lessons × skills")
    if (time <= 0).any():
        raise OutOfRange("minutes must be above zero")
    have = np.zeros(t.shape[1], dtype=bool)
    have[whole(known, "known", least=0, minimum=0)] = True
    targets = whole(goals, "goals", minimum=0)
    worth = np.ones(len(targets)) if values is None else vector(values, "values")
    if len(worth) != len(targets):
        raise ShapeMismatch(f"{len(worth)} values for {len(targets)} goals")
    missing = [int(g) for g in targets if not _reachable(t, r, have)[g]]
    if missing:
        raise Disconnected(f"no lesson leads to skill {missing[0]}: something on the way is taught nowhere")
    positive(budget, "budget") if np.isfinite(budget) else None
    chosen = _programme(time, t, r, have, targets, worth, budget)
    return _ordered(chosen, time, t, r, have, targets, worth)


def _programme(
    time: Floats, t: Bools, r: Bools, have: Bools, targets: Ints, worth: Floats, budget: float
) -> Bools:
    optimize, sparse = library("scipy.optimize"), library("scipy.sparse")
    lessons, skills = t.shape
    size = lessons + 2 * skills  # x, s, order
    rows: list[tuple[Floats, float]] = []

    def at_most(entries: dict[int, float], bound: float) -> None:
        row = np.zeros(size)
        for column, value in entries.items():
            row[column] += value
        rows.append((row, bound))

    for k in range(skills):
        at_most({lessons + k: 1.0, **{int(x): -1.0 for x in np.flatnonzero(t[:, k])}}, float(have[k]))
    for lesson in range(lessons):
        for need in np.flatnonzero(r[lesson]).tolist():
            at_most({lesson: 1.0, lessons + need: -1.0}, 0.0)
            for made in np.flatnonzero(t[lesson] & ~have).tolist():
                if not have[need] and need != made:  # order_need + 1 ≤ order_made if the lesson is taken
                    before, after = lessons + skills + need, lessons + skills + made
                    at_most({before: 1.0, after: -1.0, lesson: skills + 1.0}, float(skills))
    if np.isfinite(budget):
        at_most({lesson: float(time[lesson]) for lesson in range(lessons)}, budget)
    cost = np.zeros(size)
    lower, upper = np.zeros(size), np.ones(size)
    upper[lessons + skills :] = skills
    goals = lessons + targets
    if np.isfinite(budget):
        cost[:lessons] = time / time.sum() * min(worth[worth > 0].min(initial=1.0), 1.0) * 1e-3
        np.subtract.at(cost, goals, worth)
    else:
        cost[:lessons] = time
        lower[goals] = 1.0
    matrix = sparse.csr_matrix(np.array([row for row, _ in rows]))
    limits = optimize.LinearConstraint(matrix, -np.inf, np.array([bound for _, bound in rows]))
    whole_numbers = np.concatenate([np.ones(lessons + skills), np.zeros(skills)])
    found = optimize.milp(
        cost, constraints=limits, bounds=optimize.Bounds(lower, upper), integrality=whole_numbers
    )
    if found.x is None:
        raise Disconnected("no order of lessons leads to the goals: requirements go round in a circle")
    chosen: Bools = np.asarray(found.x[:lessons] > 0.5)
    return chosen


def _ordered(
    chosen: Bools, time: Floats, t: Bools, r: Bools, have: Bools, targets: Ints, worth: Floats
) -> LearningPath:
    """Take whatever is open, the shortest first; leave out what turns out to teach nothing needed."""
    left, state, order = set(np.flatnonzero(chosen).tolist()), have.copy(), []
    while left:
        open_now = [lesson for lesson in left if (state | ~r[lesson]).all()]
        if not open_now:
            break
        lesson = min(open_now, key=lambda each: (time[each], each))
        order.append(lesson)
        left.remove(lesson)
        state = state | t[lesson]
    reached = worth[state[targets]].sum()
    return LearningPath(order, float(time[order].sum()), np.flatnonzero(state).tolist(), float(reached))


def _reachable(t: Bools, r: Bools, have: Bools) -> Bools:
    state = have.copy()
    while True:
        open_now = (state | ~r).all(axis=1)
        wider: Bools = state | t[open_now].any(axis=0)
        if (wider == state).all():
            return state
        state = wider


def _leads(ties: list[tuple[int, int]], start: int, goal: int) -> bool:
    """Whether the ties lead from start to goal."""
    seen, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        if node == goal:
            return True
        for a, b in ties:
            if a == node and b not in seen:
                seen.add(b)
                waiting.append(b)
    return False


def _wilson(hits: Floats, total: Floats, level: float) -> Floats:
    """Lower bound of a share (Wilson 1927), 0 where there is nothing."""
    z = float(library("scipy.stats").norm.ppf((1 + level) / 2))
    n = np.maximum(total, 1e-12)
    share = hits / n
    centre = share + z**2 / (2 * n)
    reach = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    lower: Floats = np.where(total > 0, np.maximum((centre - reach) / (1 + z**2 / n), 0.0), 0.0)
    return lower
