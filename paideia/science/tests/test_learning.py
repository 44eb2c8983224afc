"""Learning: planted difficulties and knowledge are found, counts agree with loops, paths are the shortest."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paideia.science import measures
from paideia.science.errors import (
    ConstantInput,
    Disconnected,
    EmptyInput,
    OneClass,
    OutOfRange,
    ShapeMismatch,
    TooShort,
)
from paideia.science.learning import (
    Tracing,
    answers,
    fit_answer_model,
    fit_items,
    fit_tracing,
    learning_path,
    mastered,
    prerequisites,
    running,
    too_few,
)
from paideia.science.simulate import Parameters, Verb, simulate

log_rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=40
)


@given(log_rows)
def test_running_counts_agree_with_a_loop(rows):
    log = answers(*(np.array(c) for c in zip(*rows, strict=True)))
    r = running(log)
    for i in range(len(log)):
        past = [k for k in range(i) if log.student[k] == log.student[i]]
        own = [k for k in past if log.skill[k] == log.skill[i]]
        assert (r.wins[i], r.fails[i]) == (sum(log.right[own]), len(own) - sum(log.right[own]))
        assert r.all_wins[i] == sum(log.right[past])
        for column, last in enumerate((1, 3, 10)):
            few = own[-last:]
            assert r.recent[i, column] == pytest.approx((sum(log.right[few]) + 0.5) / (len(few) + 1))


def test_answers_are_put_in_order_of_time():
    log = answers([1, 0, 1], [5, 6, 7], [1, 0, 1], [9.0, 1.0, 3.0])
    assert log.skill.tolist() == [6, 7, 5]
    assert log.of([1]).skill.tolist() == [7, 5]


def _class(
    seed: int, learners: int, items: int, slopes: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ability, difficulty = rng.normal(size=learners), rng.normal(0, 1, items)
    slope = rng.lognormal(0.2, 0.3, items) if slopes else np.full(items, 1.3)
    p = 1 / (1 + np.exp(-slope * (ability[:, None] - difficulty)))
    y = (rng.random(p.shape) < p).astype(float)
    y[rng.random(p.shape) < 0.1] = np.nan
    return y, ability, difficulty, slope


@pytest.mark.parametrize("parameters", [1, 2])
def test_planted_items_and_abilities_are_found(parameters):
    y, ability, difficulty, slope = _class(1, 1500, 25, parameters == 2)
    fit = fit_items(y, parameters=parameters)
    assert np.corrcoef(fit.difficulty, difficulty)[0, 1] > 0.98
    assert np.abs((fit.difficulty - difficulty) / fit.difficulty_error).mean() < 1.2
    assert np.abs(fit.discrimination / slope - 1).mean() < 0.12
    found, deviation = fit.ability(y)
    assert np.corrcoef(found, ability)[0, 1] > 0.85
    assert np.mean(np.abs(found - ability) < 1.96 * deviation) == pytest.approx(0.95, abs=0.02)


def test_difficulty_intervals_cover():
    inside = []
    for seed in range(12):
        y, _, difficulty, _ = _class(100 + seed, 500, 12, True)
        fit = fit_items(y)
        inside += [
            low < d < high for d, (low, high) in zip(difficulty, map(fit.interval, range(12)), strict=True)
        ]
    assert 0.9 <= np.mean(inside) <= 0.99


def test_item_information_is_greatest_where_half_answer_right():
    y, *_ = _class(3, 400, 8, False)
    fit = fit_items(y, parameters=1)
    grid = np.linspace(-4, 4, 801)
    best = grid[fit.information(grid).argmax(axis=0)]
    assert best == pytest.approx(fit.difficulty, abs=0.011)
    assert fit.probability(fit.difficulty[0])[0, 0] == pytest.approx(0.5)


def test_the_simulated_quizzes_are_measured():
    year = simulate(
        Parameters(members=2500, works=40, lessons_min=6, lessons_max=8), rng=np.random.default_rng(4)
    )
    tries = year.happened(Verb.ATTEMPTED)
    counts = np.bincount(tries["object"])
    popular = np.argsort(-counts)[:15]
    table = np.full((2500, 15), np.nan)
    for column, lesson in enumerate(popular):
        own = tries[tries["object"] == lesson]
        table[own["actor"], column] = own["value"]
    table = table[~np.isnan(table).all(axis=1)]
    fit = fit_items(table, parameters=1)
    assert np.corrcoef(fit.difficulty, year.difficulty[popular])[0, 1] > 0.9


def _learners(seed: int, students: int) -> tuple[list[int], list[int], list[int]]:
    """Two skills: one learnt fast and slipped rarely, one learnt slowly and guessed often."""
    rng = np.random.default_rng(seed)
    rows: tuple[list[int], list[int], list[int]] = ([], [], [])
    for student in range(students):
        for skill, (known, learnt, guess, slip) in enumerate(((0.2, 0.3, 0.1, 0.05), (0.4, 0.08, 0.3, 0.15))):
            state = rng.random() < known
            for _ in range(10):
                right = rng.random() < (1 - slip if state else guess)
                for column, value in zip(rows, (student, skill, int(right)), strict=True):
                    column.append(value)
                state = state or rng.random() < learnt
    return rows


def test_knowledge_tracing_finds_planted_parameters():
    model = fit_tracing(answers(*_learners(5, 1500)))
    assert model.learnt == pytest.approx([0.3, 0.08], abs=0.03)
    assert model.known == pytest.approx([0.2, 0.4], abs=0.06)
    assert model.guess == pytest.approx([0.1, 0.3], abs=0.04)
    assert model.slip == pytest.approx([0.05, 0.15], abs=0.03)


def test_tracing_follows_bayes_rule():
    model = Tracing(np.array([0.4]), np.array([0.2]), np.array([0.25]), np.array([0.1]))
    right, known = model.follow(answers([0, 0], [0, 0], [1, 0]))
    assert right[0] == pytest.approx(0.4 * 0.9 + 0.6 * 0.25)
    posterior = 0.4 * 0.9 / right[0]
    assert known[1] == pytest.approx(posterior + (1 - posterior) * 0.2)
    after = known[1] * 0.1 / (known[1] * 0.1 + (1 - known[1]) * 0.75)
    assert model.mastery(answers([0, 0], [0, 0], [1, 0])) == {
        (0, 0): pytest.approx(after + (1 - after) * 0.2)
    }
    assert mastered([0.94, 0.95]).tolist() == [False, True]


@pytest.mark.parametrize("kind", ["logistic", "boosted"])
def test_the_count_model_foresees_answers_of_students_it_never_saw(kind):
    log = answers(*_learners(6, 400))
    train, test = log.of(np.arange(300)), log.of(np.arange(300, 400))
    p = fit_answer_model(train, kind=kind).probability(test)
    best, _ = Tracing(
        np.array([0.2, 0.4]), np.array([0.3, 0.08]), np.array([0.1, 0.3]), np.array([0.05, 0.15])
    ).follow(test)
    assert measures.auc(test.right, p) > measures.auc(test.right, best) - 0.03
    assert measures.calibration_error(test.right, p) < 0.06


def test_a_skill_never_seen_is_judged_by_what_is_known_of_the_student():
    model = fit_answer_model(answers(*_learners(7, 100)))
    strong = model.probability(answers([0] * 6, [0, 0, 0, 0, 0, 9], [1] * 6))[-1]
    weak = model.probability(answers([0] * 6, [0, 0, 0, 0, 0, 9], [0] * 6))[-1]
    assert strong > weak


def test_skills_with_too_few_answers_are_named():
    assert too_few(answers([0] * 25, [0] * 21 + [2] * 4, [1] * 25)).tolist() == [2]


def test_planted_prerequisites_are_found_without_shortcuts():
    rng = np.random.default_rng(8)
    first = rng.random(600) < 0.8
    second = first & (rng.random(600) < 0.7)
    third = second & (rng.random(600) < 0.6)
    other = rng.random(600) < 0.5
    table = np.stack([first, second, third, other], axis=1).astype(float)
    flip = rng.random(table.shape) < 0.02
    table = np.where(flip, 1 - table, table)
    table[rng.random(table.shape) < 0.1] = np.nan
    found = prerequisites(table)
    assert {(p.first, p.then) for p in found} == {(0, 1), (1, 2)}
    assert all(p.strength >= 0.6 and p.learners > 400 for p in found)


def test_the_path_is_the_cheapest_of_several_ways():
    # skills: 0 basics, 1 loops, 2 functions, 3 project. Two lessons teach loops.
    teaches = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    requires = [[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0]]
    minutes = [10, 20, 45, 30, 60]
    path = learning_path(minutes, teaches, requires, goals=[3])
    assert path.lessons == [0, 1, 3, 4] and path.minutes == 120
    assert learning_path(minutes, teaches, requires, goals=[1]).lessons == [0, 1]
    assert learning_path(minutes, teaches, requires, known=[1, 2], goals=[3]).lessons == [4]
    assert learning_path(minutes, teaches, requires, known=[3], goals=[3]).lessons == []


def test_a_budget_buys_the_most_value():
    teaches, requires = np.eye(4), [[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]
    path = learning_path([30, 30, 20, 20], teaches, requires, goals=[1, 3], values=[3.0, 2.0], budget=60)
    assert path.lessons == [0, 1] and path.value == 3.0
    path = learning_path([30, 30, 20, 20], teaches, requires, goals=[1, 3], values=[3.0, 2.0], budget=45)
    assert path.lessons == [2, 3] and path.value == 2.0
    assert learning_path([30, 30, 20, 20], teaches, requires, goals=[1], budget=10).lessons == []


def test_paths_agree_with_trying_every_set_of_lessons():
    rng = np.random.default_rng(9)
    for _ in range(25):
        lessons, skills = 6, 5
        teaches = rng.random((lessons, skills)) < 0.35
        requires = (rng.random((lessons, skills)) < 0.25) & ~teaches
        minutes = rng.integers(5, 60, lessons).astype(float)
        goal = int(rng.integers(skills))

        def reaches(chosen, teaches=teaches, requires=requires, skills=skills):
            state = np.zeros(skills, dtype=bool)
            for _ in range(len(chosen)):
                for lesson in chosen:
                    if (state | ~requires[lesson]).all():
                        state |= teaches[lesson]
            return state

        sets = [c for n in range(lessons + 1) for c in combinations(range(lessons), n)]
        costs = [minutes[list(c)].sum() for c in sets if reaches(c)[goal]]
        if not costs:
            with pytest.raises(Disconnected):
                learning_path(minutes, teaches, requires, goals=[goal])
            continue
        path = learning_path(minutes, teaches, requires, goals=[goal])
        assert path.minutes == pytest.approx(min(costs)) and goal in path.skills


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: answers([], [], []), EmptyInput, "student is empty"),
        (lambda: answers([0], [0], [2]), OutOfRange, "only 0 and 1"),
        (lambda: fit_items(np.ones((30, 2))), ConstantInput, "items \\[0, 1\\]"),
        (lambda: fit_items(np.eye(3)), TooShort, "3 learners"),
        (lambda: fit_items(np.full((30, 2), 0.5)), OutOfRange, "only 0, 1 and NaN"),
        (lambda: fit_answer_model(answers([0, 0], [0, 0], [1, 1])), OneClass, "same outcome"),
        (lambda: prerequisites(np.zeros(3)), ShapeMismatch, "learners × skills"),
        (lambda: learning_path([10], [[1, 0]], [[0, 0]], goals=[1]), Disconnected, "skill 1"),
        (
            lambda: learning_path([10, 10], [[1, 0], [0, 1]], [[0, 1], [1, 0]], goals=[0]),
            Disconnected,
            "skill 0",
        ),
        (lambda: learning_path([10], [[1]], [[0, 0]], goals=[0]), ShapeMismatch, "lessons × skills"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
