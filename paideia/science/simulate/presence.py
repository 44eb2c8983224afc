"""When each member is there: sessions, the monthly plan, leaving and returning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paideia.science.checks import Bools, Floats, Ints
from paideia.science.simulate.cast import DAY
from paideia.science.simulate.parameters import Parameters
from paideia.science.simulate.vocabulary import Records

SESSION_MAX_SECONDS = 4 * 3600
"""Nobody leaves in the middle of a session, which never lasts longer than this."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Visits to the site, ordered by member and then by time."""

    member: Ints
    second: Ints


@dataclass(frozen=True, slots=True)
class Subscription:
    """The one spell of the monthly plan of each member; `payments` is 0 for those who never ordered."""

    ordered_second: Ints
    payments: Ints
    lapsed_second: Ints


def attend(people: Records, p: Parameters, rng: np.random.Generator) -> tuple[Sessions, Subscription]:
    """Sessions and plan of every member; writes leaving and returning into `people`."""
    sessions = _sessions(people, p, rng)
    subscription = _subscribe(sessions, people, p, rng)
    _leave(people, subscription, p, rng)
    stays = present(people, sessions.member, sessions.second)
    stays &= present(people, sessions.member, sessions.second + SESSION_MAX_SECONDS)
    sessions = Sessions(sessions.member[stays], sessions.second[stays])
    return sessions, _cut(subscription, people, p)


def present(people: Records, member: Ints, second: NDArray[np.int64]) -> Bools:
    """Whether each member belongs to the community at each second."""
    who = people[member]
    before = (who["left_second"] < 0) | (second < who["left_second"])
    back = (who["returned_second"] >= 0) & (second >= who["returned_second"])
    still = (who["left_again_second"] < 0) | (second < who["left_again_second"])
    here: Bools = (second >= who["joined_second"]) & (before | (back & still))
    return here


def daily_factor(p: Parameters) -> Floats:
    """The factor of activity of each day: week times calendar."""
    week = np.resize(np.asarray(p.week), p.days)
    return week * (np.asarray(p.calendar) if p.calendar else 1.0)


def seconds_of_day(size: int, p: Parameters, rng: np.random.Generator) -> Ints:
    """Seconds since midnight drawn from the hour profile."""
    share = np.asarray(p.hours) / np.sum(p.hours)
    return rng.choice(24, size, p=share) * 3600 + rng.integers(0, 3600, size)


def _sessions(people: Records, p: Parameters, rng: np.random.Generator) -> Sessions:
    """A Poisson number each day from joining on, and one session at the moment of joining."""
    joined_day = people["joined_second"] // DAY
    days = np.arange(p.days)
    mean = people["activity"][:, None] * daily_factor(p)[None, :]
    counts = rng.poisson(np.where(days[None, :] >= joined_day[:, None], mean, 0.0))
    member, day = (np.repeat(axis, counts[counts > 0]) for axis in np.nonzero(counts))
    second = day * DAY + seconds_of_day(len(day), p, rng)
    late = second > people["joined_second"][member] + 1800
    member = np.concatenate((np.arange(p.members), member[late]))
    second = np.concatenate((people["joined_second"] + 30, second[late]))
    order = np.lexsort((second, member))
    return Sessions(member[order], second[order])


def _subscribe(sessions: Sessions, people: Records, p: Parameters, rng: np.random.Generator) -> Subscription:
    """First order: the first success of one Bernoulli trial a session. Renewals: geometric from then on."""
    odds = people["conversion"] / (1 - people["conversion"]) * np.exp(p.variant_log_odds * people["variant"])
    chance = (odds / (1 + odds))[sessions.member]
    success = np.flatnonzero(rng.random(len(chance)) < chance)
    buyers, first = np.unique(sessions.member[success], return_index=True)
    ordered = np.full(p.members, -1, dtype=np.int64)
    ordered[buyers] = sessions.second[success[first]] + rng.integers(60, 900, len(buyers))
    payments = np.where(ordered >= 0, rng.geometric(np.maximum(1 - people["renewal"], 1e-9)), 0)
    lapsed = np.where(ordered >= 0, ordered + payments * p.plan_days * DAY, -1)
    return Subscription(ordered, payments, lapsed)


def _leave(people: Records, plan: Subscription, p: Parameters, rng: np.random.Generator) -> None:
    """Leave when the summed hazard passes an exponential threshold; some return and may leave once more."""
    days = np.arange(p.days)[None, :] * DAY
    paying = (plan.ordered_second[:, None] <= days) & (days < plan.lapsed_second[:, None])
    log_ratio = p.paying_log_hazard * paying + p.invited_log_hazard * people["invited"][:, None]
    member_yet = days > people["joined_second"][:, None]
    summed = np.cumsum(np.where(member_yet, people["churn"][:, None] * np.exp(log_ratio), 0.0), axis=1)
    leaves = _first_passing(summed, rng.exponential(size=p.members))
    people["left_second"] = np.where(leaves >= 0, leaves * DAY + rng.integers(1, DAY, p.members), -1)

    returns = leaves + 1 + np.floor(rng.exponential(p.away_days, p.members)).astype(np.int64)
    back = (leaves >= 0) & (rng.random(p.members) < p.return_share) & (returns < p.days)
    people["returned_second"] = np.where(back, returns * DAY + rng.integers(1, DAY, p.members), -1)
    since = summed - summed[np.arange(p.members), np.clip(returns, 0, p.days - 1)][:, None]
    again = np.where(back, _first_passing(since, rng.exponential(size=p.members)), -1)
    people["left_again_second"] = np.where(again >= 0, again * DAY + rng.integers(1, DAY, p.members), -1)


def _first_passing(summed: Floats, threshold: Floats) -> Ints:
    passed = summed > threshold[:, None]
    return np.where(passed.any(axis=1), passed.argmax(axis=1), -1)


def _cut(plan: Subscription, people: Records, p: Parameters) -> Subscription:
    """Payments end with membership; an order by somebody who had already left never happened."""
    left = np.where(people["left_second"] >= 0, people["left_second"], p.days * DAY)
    ordered = np.where((plan.ordered_second >= 0) & (plan.ordered_second < left), plan.ordered_second, -1)
    possible = -((ordered - left) // (p.plan_days * DAY))  # payments due strictly before leaving
    payments = np.where(ordered >= 0, np.minimum(plan.payments, possible), 0)
    lapsed = np.where(ordered >= 0, ordered + payments * p.plan_days * DAY, -1)
    return Subscription(ordered, payments, lapsed)
