"""Who and what: people with hidden tastes and tempers, works with hidden topics."""

from __future__ import annotations

import numpy as np

from paideia.science.checks import Floats, Ints
from paideia.science.simulate.parameters import Parameters
from paideia.science.simulate.vocabulary import Opening, Records, WorkKind, person_dtype, work_dtype

DAY = 86_400


def gather(p: Parameters, rng: np.random.Generator) -> Records:
    """The members in order of joining; mentors are the most helpful founders; nobody has left yet."""
    people = np.zeros(p.members, dtype=person_dtype(p.topics))
    people["joined_second"] = _joining_seconds(p, rng)
    people["invited"] = rng.random(p.members) < p.invited_share
    people["variant"] = rng.random(p.members) < 0.5
    people["taste"] = rng.dirichlet(np.full(p.topics, p.taste_concentration), size=p.members)
    people["activity"] = rng.gamma(p.sessions_shape, p.sessions_per_day / p.sessions_shape, p.members)
    people["conversion"] = _beta(p.conversion, p.conversion_precision, p.members, rng)
    people["renewal"] = _beta(p.renewal, p.renewal_precision, p.members, rng)
    people["churn"] = rng.gamma(p.churn_shape, p.churn / p.churn_shape, p.members)
    people["helpfulness"] = rng.gamma(p.helpfulness_shape, 1 / p.helpfulness_shape, p.members)
    people["ability"] = rng.normal(0, p.ability_spread, p.members)
    people["ring"] = -1
    for column in ("left_second", "returned_second", "left_again_second"):
        people[column] = -1
    _name_mentors(people, p)
    _form_rings(people, p, rng)
    return people


def publish(p: Parameters, mentors: Ints, rng: np.random.Generator) -> Records:
    """The works in order of publication, each by one of the mentors."""
    works = np.zeros(p.works, dtype=work_dtype(p.topics))
    works["author"] = rng.choice(mentors, p.works)
    works["published_day"] = _publication_days(p, rng)
    works["kind"] = rng.choice(4, p.works, p=(0.6, 0.15, 0.15, 0.1))
    works["opening"] = rng.choice(
        3, p.works, p=(1 - p.plan_share - p.purchase_share, p.plan_share, p.purchase_share)
    )
    works["opening"][0] = Opening.FREE  # somebody who has just come finds something to open
    sold = works["opening"] == Opening.PURCHASE
    works["price"] = np.where(sold, 100 * rng.choice((19, 49, 99, 199, 299), p.works), 0)
    course = works["kind"] == WorkKind.COURSE
    works["lessons"] = np.where(course, rng.integers(p.lessons_min, p.lessons_max + 1, p.works), 0)
    works["first_lesson"] = np.concatenate(([0], np.cumsum(works["lessons"])[:-1]))
    works["reading_seconds"] = rng.lognormal(np.log(240), 0.5, p.works)
    works["topic"] = rng.dirichlet(np.full(p.topics, p.topic_concentration), size=p.works)
    works["quality"] = rng.normal(0, p.quality_spread, p.works)
    return works


def fit_of(people: Records, works: Records) -> Floats:
    """How well each work fits each member's taste: the cosine of taste and topic, members × works, 0 to 1."""
    taste = people["taste"] / np.linalg.norm(people["taste"], axis=1, keepdims=True)
    topic = works["topic"] / np.linalg.norm(works["topic"], axis=1, keepdims=True)
    cosine: Floats = taste @ topic.T
    return cosine


def _joining_seconds(p: Parameters, rng: np.random.Generator) -> Ints:
    """Founders on day 0; the rest by inverse transform from an intensity that grows as exp(growth·day)."""
    founders = max(p.mentors, round(p.founders_share * p.members))
    u = rng.random(p.members - founders)
    g = p.growth_per_day
    later = p.days * u if abs(g) < 1e-12 else np.log1p(u * np.expm1(g * p.days)) / g
    days = np.concatenate((np.zeros(founders), np.minimum(later, p.days * (1 - 1e-9))))
    seconds = np.floor(days) * DAY + rng.integers(7 * 3600, 23 * 3600, p.members)
    return np.sort(seconds).astype(np.int64)


def _publication_days(p: Parameters, rng: np.random.Generator) -> Ints:
    at_start = max(1, round(p.published_at_start * p.works))
    later = rng.integers(0, p.days, p.works - at_start)
    return np.sort(np.concatenate((np.zeros(at_start, dtype=np.int64), later)))


def _beta(mean: float, precision: float, size: int, rng: np.random.Generator) -> Floats:
    return rng.beta(mean * precision, (1 - mean) * precision, size)


def _name_mentors(people: Records, p: Parameters) -> None:
    """Mentors are founders, active, stay and do not pay themselves."""
    founders = np.flatnonzero(people["joined_second"] < DAY)
    mentors = founders[np.argsort(-people["helpfulness"][founders], kind="stable")[: p.mentors]]
    people["mentor"][mentors] = True
    people["activity"][mentors] = np.maximum(people["activity"][mentors], 2 * p.sessions_per_day)
    people["churn"][mentors] = 0
    people["conversion"][mentors] = 0


def _form_rings(people: Records, p: Parameters, rng: np.random.Generator) -> None:
    rings = int(p.ring_share * p.members) // p.ring_size
    candidates = np.flatnonzero(~people["mentor"])
    members = rng.permutation(candidates)[: rings * p.ring_size]
    people["ring"][members] = np.arange(len(members)) // p.ring_size
