"""The whole: parameters in, people, works, posts and a time-ordered stream of events out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paideia.science.checks import Floats, Ints
from paideia.science.simulate.cast import DAY, fit_of, gather, publish
from paideia.science.simulate.parameters import Parameters
from paideia.science.simulate.presence import Subscription, attend
from paideia.science.simulate.reading import read
from paideia.science.simulate.talking import talk
from paideia.science.simulate.vocabulary import EVENT, Kind, Records, Verb


@dataclass(frozen=True, slots=True)
class Year:
    """A simulated community: what happened (`events`) and what it came from (the hidden columns)."""

    parameters: Parameters
    people: Records
    """See `person_dtype`; in order of joining."""
    works: Records
    """See `work_dtype`; in order of publication."""
    questions: Records
    """See `POST`, as `answers` and `comments`; each in order of time, and events name them by index."""
    answers: Records
    comments: Records
    difficulty: Floats
    """Hidden: logit-scale difficulty of each lesson's quiz, by lesson index."""
    events: Records
    """See `EVENT`; ordered by `second`, and causes stand before their effects."""

    def happened(self, *verbs: Verb) -> Records:
        """The events of these verbs, in order of time."""
        return self.events[np.isin(self.events["verb"], verbs)]


def simulate(parameters: Parameters | None = None, *, rng: np.random.Generator) -> Year:
    """A community's year from its hidden parameters; the same parameters and generator state, the same year.

    Everything is drawn with numpy in a few passes: 300 members × 365 days takes a fraction of a second, and
    memory grows with members × days (attendance) and members × works (choice).
    """
    p = parameters or Parameters()
    people = gather(p, rng)
    works = publish(p, np.flatnonzero(people["mentor"]), rng)
    fit = fit_of(people, works)
    sessions, plan = attend(people, p, rng)
    readings, difficulty = read(people, works, fit, sessions, plan, p, rng)
    visits = readings[readings["verb"] == Verb.VISITED]
    said = talk(people, works, fit, sessions, visits, p, rng)
    events = np.concatenate((_comings_and_goings(people), _payments(plan, p), readings, said.events))
    return Year(
        p,
        people,
        works,
        said.questions,
        said.answers,
        said.comments,
        difficulty,
        _in_time(events, p.days * DAY),
    )


def _comings_and_goings(people: Records) -> Records:
    members = np.arange(len(people))
    joined = _events(people["joined_second"], members, Verb.JOINED, Kind.COMMUNITY, people["invited"])
    gone = [
        _events(people[column], members, verb, Kind.COMMUNITY, 0.0)[people[column] >= 0]
        for column, verb in (
            ("left_second", Verb.LEFT),
            ("returned_second", Verb.RETURNED),
            ("left_again_second", Verb.LEFT),
        )
    ]
    return np.concatenate((joined, *gone))


def _payments(plan: Subscription, p: Parameters) -> Records:
    """The first order and the renewals of each member, and the lapse unless leaving came first."""
    member = np.repeat(np.arange(len(plan.payments)), plan.payments)
    number = np.arange(len(member)) - np.repeat(np.cumsum(plan.payments) - plan.payments, plan.payments)
    second = plan.ordered_second[member] + number * p.plan_days * DAY
    paid = _events(second, member, Verb.RENEWED, Kind.PLAN, float(p.plan_price))
    paid["verb"][number == 0] = Verb.ORDERED
    payers = np.flatnonzero(plan.payments)
    lapsed = _events(plan.lapsed_second[payers], payers, Verb.LAPSED, Kind.PLAN, 0.0)
    return np.concatenate((paid, lapsed))


def _events(second: Ints, actor: Ints, verb: Verb, kind: Kind, value: Floats | float) -> Records:
    events = np.zeros(len(second), dtype=EVENT)
    events["second"], events["actor"], events["verb"], events["kind"] = second, actor, verb, kind
    events["value"], events["parent"], events["session"] = value, -1, -1
    return events


def _in_time(events: Records, end: int) -> Records:
    """By second, then by verb: at the same second a visit stands before what it led to."""
    events = events[events["second"] < end]
    return events[np.lexsort((events["actor"], events["verb"], events["second"]))]
