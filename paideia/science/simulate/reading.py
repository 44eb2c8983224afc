"""What members open, read, buy and finish in their sessions."""

from __future__ import annotations

import numpy as np

from paideia.science.checks import Bools, Floats, Ints
from paideia.science.simulate.cast import DAY
from paideia.science.simulate.parameters import Parameters
from paideia.science.simulate.presence import Sessions, Subscription
from paideia.science.simulate.vocabulary import EVENT, Kind, Opening, Records, Verb, WorkKind


def read(
    people: Records,
    works: Records,
    fit: Floats,
    sessions: Sessions,
    plan: Subscription,
    p: Parameters,
    rng: np.random.Generator,
) -> tuple[Records, Floats]:
    """Visits, purchases, finished articles, lessons and quizzes; and the difficulty of each lesson's quiz.

    A page is chosen with odds exp(taste_strength · fit + quality) among what was published by then.
    """
    visits = _visits(works, fit, people, sessions, p, rng)
    member, work = visits["actor"], visits["object"]
    fits = fit[member, work]
    bought = _purchases(visits, works, people, fits, p, rng)
    opened = _is_open(visits, works, people, plan, bought)
    _linger(visits, works, fits, opened, rng)
    finished = (works["kind"][work] != WorkKind.COURSE) & opened & (visits["scroll"] > 0.85)
    reads = _follow(
        visits[finished], Verb.READ, Kind.WORK, visits["object"][finished], visits["value"][finished]
    )
    lessons = _lessons(visits, works, fits, opened, p, rng)
    difficulty = rng.normal(0, p.difficulty_spread, max(1, int(works["lessons"].sum())))
    quizzes = _quizzes(lessons, people, difficulty, rng)
    return np.concatenate(
        (visits, visits_to_orders(visits, works, bought), reads, lessons, quizzes)
    ), difficulty


def visits_to_orders(visits: Records, works: Records, bought: Bools) -> Records:
    """The one-off orders placed at the marked visits."""
    at = visits[bought]
    orders = _follow(
        at, Verb.BOUGHT, Kind.WORK, at["object"], works["price"][at["object"]].astype(np.float64)
    )
    orders["second"] = at["second"] + 20
    return orders


def _visits(
    works: Records, fit: Floats, people: Records, sessions: Sessions, p: Parameters, rng: np.random.Generator
) -> Records:
    pages = 1 + rng.poisson(p.pages_per_session - 1, len(sessions.member))
    session = np.repeat(np.arange(len(pages)), pages)
    nth = np.arange(len(session)) - np.repeat(np.cumsum(pages) - pages, pages)
    visits = np.zeros(len(session), dtype=EVENT)
    visits["session"] = session
    visits["actor"] = sessions.member[session]
    visits["second"] = sessions.second[session] + nth * 180 + rng.integers(0, 120, len(session))
    visits["verb"], visits["kind"], visits["parent"] = Verb.VISITED, Kind.WORK, -1
    day = sessions.second[session] // DAY
    visits["object"] = _choose(visits["actor"].astype(np.int64), day, works, fit, p, rng)
    return visits


def _choose(
    member: Ints, day: Ints, works: Records, fit: Floats, p: Parameters, rng: np.random.Generator
) -> Ints:
    """Inverse transform on each member's running sum of weights over works in order of publication."""
    weight = np.exp(p.taste_strength * fit + works["quality"])
    summed = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    until = np.searchsorted(works["published_day"], day, side="right")
    fresh_from = np.searchsorted(works["published_day"], day - p.fresh_days, side="right")
    fresh = (rng.random(len(day)) < p.fresh_share) & (fresh_from < until)
    start = np.where(fresh & (fresh_from > 0), summed[member, fresh_from - 1], 0.0)
    goal = start + rng.random(len(day)) * (summed[member, until - 1] - start)
    flat = (summed + np.arange(len(summed))[:, None]).ravel()
    work = np.searchsorted(flat, goal + member, side="right") - member * len(works)
    chosen: Ints = np.clip(work, np.where(fresh, fresh_from, 0), until - 1)
    return chosen


def _purchases(
    visits: Records, works: Records, people: Records, fits: Floats, p: Parameters, rng: np.random.Generator
) -> Bools:
    """The first success, for each member and priced work, of one trial a visit."""
    work = works[visits["object"]]
    logit = p.purchase_log_odds + p.purchase_fit * fits + p.purchase_per_price * work["price"]
    success = (work["opening"] == Opening.PURCHASE) & (rng.random(len(visits)) < 1 / (1 + np.exp(-logit)))
    success &= ~people["mentor"][visits["actor"]]
    at = np.flatnonzero(success)
    order = at[np.argsort(visits["second"][at], kind="stable")]
    _, first = np.unique(_pair(visits[order], works), return_index=True)
    bought = np.zeros(len(visits), dtype=bool)
    bought[order[first]] = True
    return bought


def _is_open(visits: Records, works: Records, people: Records, plan: Subscription, bought: Bools) -> Bools:
    member, second = visits["actor"], visits["second"]
    opening = works["opening"][visits["object"]]
    paying = (plan.ordered_second[member] >= 0) & (plan.ordered_second[member] <= second)
    paying &= second < plan.lapsed_second[member]
    pair = _pair(visits, works)
    order = np.argsort(pair[bought])
    owned, since = pair[bought][order], second[bought][order]
    at = np.clip(np.searchsorted(owned, pair), 0, max(len(owned) - 1, 0))
    owner = (owned[at] == pair) & (since[at] <= second) if len(owned) else np.zeros(len(pair), dtype=bool)
    opened: Bools = (
        (opening == Opening.FREE)
        | ((opening == Opening.PLAN) & paying)
        | ((opening == Opening.PURCHASE) & owner)
        | people["mentor"][member]
    )
    return opened


def _linger(visits: Records, works: Records, fits: Floats, opened: Bools, rng: np.random.Generator) -> None:
    """Scroll: beta with a mean that rises with fit. Seconds: the work's reading time by share, with noise.

    Pages of a session follow one another: each opens when the last one was put away.
    """
    mean = np.where(opened, 0.30 + 0.55 * fits, 0.12)
    visits["scroll"] = rng.beta(3 * mean, 3 * (1 - mean))
    noise = rng.lognormal(0, 0.4, len(visits))
    visits["value"] = np.round(2 + works["reading_seconds"][visits["object"]] * visits["scroll"] * noise)
    summed = np.cumsum(visits["value"] + 5).astype(np.int64)
    before = np.concatenate(([0], summed[:-1]))
    first = np.searchsorted(visits["session"], visits["session"])
    visits["second"] = visits["second"][first] + before - before[first]


def _lessons(
    visits: Records, works: Records, fits: Floats, opened: Bools, p: Parameters, rng: np.random.Generator
) -> Records:
    """Lessons are finished in order: the nth success of a member in a course is lesson n."""
    course = works["lessons"][visits["object"]] > 0
    done = np.flatnonzero(course & opened & (rng.random(len(visits)) < p.lesson_finish * (0.3 + 0.7 * fits)))
    ended = visits["second"] + visits["value"].astype(np.int64)
    done = done[np.lexsort((ended[done], _pair(visits[done], works)))]
    number = _count_within(_pair(visits[done], works))
    real = number <= works["lessons"][visits["object"][done]]
    done, number = done[real], number[real]
    lesson = works["first_lesson"][visits["object"][done]] + number - 1
    lessons = _follow(visits[done], Verb.COMPLETED, Kind.LESSON, lesson, number.astype(np.float64))
    lessons["parent"] = visits["object"][done]
    return lessons


def _quizzes(lessons: Records, people: Records, difficulty: Floats, rng: np.random.Generator) -> Records:
    """One answer a finished lesson; right with logit ability - difficulty (the Rasch model)."""
    logit = people["ability"][lessons["actor"]] - difficulty[lessons["object"]]
    right = rng.random(len(lessons)) < 1 / (1 + np.exp(-logit))
    return _follow(lessons, Verb.ATTEMPTED, Kind.LESSON, lessons["object"], right.astype(np.float64))


def _follow(source: Records, verb: Verb, kind: Kind, index: Ints, value: Floats) -> Records:
    """Events of the same actors and sessions just after the source's."""
    events = source.copy()
    events["second"] = source["second"] + np.where(source["verb"] == Verb.VISITED, source["value"], 30)
    events["verb"], events["kind"], events["object"], events["value"] = verb, kind, index, value
    events["scroll"] = 0
    return events


def _pair(visits: Records, works: Records) -> Ints:
    pair: Ints = visits["actor"].astype(np.int64) * len(works) + visits["object"]
    return pair


def _count_within(sorted_keys: Ints) -> Ints:
    """1, 2, 3 … within each run of equal keys."""
    position = np.arange(len(sorted_keys))
    starts = np.r_[True, sorted_keys[1:] != sorted_keys[:-1]][: len(sorted_keys)]
    return position - np.maximum.accumulate(np.where(starts, position, 0)) + 1
