"""The hidden parameters of a simulated community, with defaults that look like a lively small one."""

from __future__ import annotations

from dataclasses import dataclass

from paideia.science.checks import between, positive
from paideia.science.errors import OutOfRange

WEEK = (1.08, 1.05, 1.02, 1.00, 0.92, 0.86, 1.07)
HOURS = (
    0.6, 0.3, 0.15, 0.1, 0.1, 0.2, 0.6, 1.1, 1.3, 1.1, 1.0, 1.0,
    1.4, 1.1, 0.9, 0.9, 0.9, 1.0, 1.2, 1.6, 2.1, 2.3, 1.9, 1.2,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that decides how the community behaves; rates are per day, prices in minor units.

    Raises `OutOfRange`.
    """

    members: int = 300
    works: int = 120
    days: int = 365
    topics: int = 8

    founders_share: float = 0.12
    """Share of the members who are there on day 0."""
    growth_per_day: float = 0.003
    """Joining intensity after day 0 is proportional to exp(growth_per_day · day)."""
    invited_share: float = 0.35
    mentors: int = 8
    """Founders who write the works."""

    taste_concentration: float = 0.25
    """Dirichlet α of a member's taste; smaller is more single-minded."""
    topic_concentration: float = 0.12
    """Dirichlet α of a work's topics."""
    taste_strength: float = 4.0
    """Log-odds of choosing a work of perfect fit over one of none (cosine of taste and topic)."""
    quality_spread: float = 0.7
    """Standard deviation of a work's log attractiveness."""
    plan_share: float = 0.35
    """Share of works opened by the monthly plan."""
    purchase_share: float = 0.12
    """Share of works sold one by one."""
    published_at_start: float = 0.25
    """Share of works there on day 0; the rest appear evenly."""
    lessons_min: int = 6
    lessons_max: int = 24

    sessions_per_day: float = 0.35
    """Mean of the members' activity, which is gamma distributed (as λ of BG/NBD)."""
    sessions_shape: float = 1.2
    pages_per_session: float = 3.0
    """Mean; one more than a Poisson number."""
    fresh_share: float = 0.4
    """Share of pages chosen among what was published in the last `fresh_days`."""
    fresh_days: int = 14
    week: tuple[float, ...] = WEEK
    """Factor of activity for each day of the week, the first for day 0."""
    hours: tuple[float, ...] = HOURS
    calendar: tuple[float, ...] = ()
    """Optional further factor for each day (holidays, campaigns); empty means 1."""

    conversion: float = 0.025
    """Mean chance of a first order in each session of a member who does not pay (beta distributed)."""
    conversion_precision: float = 20.0
    """α + β of that beta distribution."""
    variant_log_odds: float = 0.5
    """Added to the logit of conversion for members with variant 1."""
    renewal: float = 0.84
    """Mean chance of each renewal (beta distributed: the shifted beta-geometric model)."""
    renewal_precision: float = 8.0
    plan_price: int = 3900
    plan_days: int = 30
    purchase_log_odds: float = -4.0
    """Logit of buying a priced work at a visit, at no fit and price 0."""
    purchase_fit: float = 2.5
    purchase_per_price: float = -8e-5
    """Change of that logit per minor unit of price."""

    churn: float = 0.004
    """Mean hazard of leaving a day (gamma distributed)."""
    churn_shape: float = 2.0
    paying_log_hazard: float = -1.0
    """Log hazard ratio of leaving while paying."""
    invited_log_hazard: float = -0.5
    """Log hazard ratio of leaving for invited members."""
    return_share: float = 0.2
    away_days: float = 40.0
    """Mean time away of those who return (and then do not subscribe anew)."""

    asks_per_session: float = 0.03
    answers_per_question: float = 2.0
    answer_hours: float = 8.0
    """Mean delay of an answer."""
    helpfulness_shape: float = 0.6
    """Gamma shape of helpfulness; smaller means that fewer people answer most questions."""
    accept_share: float = 0.55
    """Share of answered questions whose asker accepts an answer."""
    comments_per_visit: float = 0.025
    reactions_per_visit: float = 0.10
    """At perfect fit."""
    reactions_per_answer: float = 1.6

    lesson_finish: float = 0.75
    """Chance to complete a lesson at a visit to an open course, at perfect fit."""
    ability_spread: float = 1.0
    difficulty_spread: float = 1.0

    ring_share: float = 0.04
    """Share of members in reciprocity rings."""
    ring_size: int = 4
    ring_reactions_per_day: float = 0.12
    """Applause from each ring member to each other one, a day."""

    def __post_init__(self) -> None:
        for name in ("members", "works", "days", "topics", "mentors", "fresh_days", "plan_days", "ring_size"):
            positive(getattr(self, name), name)
        for name in (
            "taste_concentration", "topic_concentration", "sessions_per_day", "sessions_shape", "churn",
            "conversion_precision", "renewal_precision", "churn_shape", "away_days", "answer_hours",
            "helpfulness_shape",
        ):  # fmt: skip
            positive(getattr(self, name), name)
        for name in (
            "founders_share", "invited_share", "plan_share", "purchase_share", "published_at_start",
            "fresh_share", "return_share", "asks_per_session", "accept_share", "comments_per_visit",
            "reactions_per_visit", "lesson_finish", "ring_share",
        ):  # fmt: skip
            between(getattr(self, name), name, 0, 1)
        for name in ("conversion", "renewal"):
            between(getattr(self, name), name, 0, 1, open_ends=True)
        between(self.pages_per_session, "pages_per_session", 1, 1000)
        between(self.plan_share + self.purchase_share, "plan_share + purchase_share", 0, 1)
        between(self.lessons_min, "lessons_min", 1, self.lessons_max)
        for name, length in (("week", 7), ("hours", 24), ("calendar", self.days)):
            factors = getattr(self, name)
            if len(factors) not in ({0, length} if name == "calendar" else {length}) or any(
                f < 0 for f in factors
            ):
                raise OutOfRange(f"{name} must be {length} factors of at least 0, it has {len(factors)}")
        if self.mentors > self.members:
            raise OutOfRange(f"mentors must be at most members, {self.mentors} > {self.members}")
