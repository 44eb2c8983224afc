"""Learning fraud when labels come late: which rows may teach, which may judge, and how well it went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, outcomes, positive, same_length, vector, whole
from paideia.science.errors import TooShort
from paideia.science.measures import auc, average_precision


@dataclass(frozen=True, slots=True)
class DelayedSplit:
    """Row numbers to train and to test on."""

    train: Ints
    test: Ints


def delayed_split(
    day: ArrayLike,
    customer: ArrayLike,
    fraud: ArrayLike,
    *,
    start: int,
    train_days: int = 7,
    delay_days: int = 7,
    test_days: int = 7,
) -> DelayedSplit:
    """Train on `train_days` from day `start`, wait `delay_days` for the labels, test on the days after.

    Customers whose fraud since `start` is known on a test day, because it is more than `delay_days` old,
    are left out of that day: their cards are blocked, and finding them again is no merit (Le Borgne et al.
    2022, ch. 3).

    Raises `TooShort`.
    """
    days, who = whole(day, "day"), whole(customer, "customer")
    label = outcomes(fraud, "fraud")
    same_length(day=days, customer=who, fraud=label)
    for value, name in ((train_days, "train_days"), (test_days, "test_days")):
        positive(value, name)
    first_test = start + train_days + delay_days
    train = np.flatnonzero((days >= start) & (days < start + train_days))
    code = np.unique(who, return_inverse=True)[1]
    caught = np.full(int(code.max()) + 1, np.inf)
    bad = (label == 1) & (days >= start)
    np.minimum.at(caught, code[bad], days[bad].astype(np.float64))
    test = np.flatnonzero(
        (days >= first_test) & (days < first_test + test_days) & (caught[code] >= days - delay_days)
    )
    if not len(train) or not len(test):
        raise TooShort(f"from day {start} there are {len(train)} rows to train on and {len(test)} to test on")
    return DelayedSplit(train, test)


@dataclass(frozen=True, slots=True)
class Detection:
    """How well scores find fraud, by payment and by card."""

    auc: float
    average_precision: float
    card_precision: float
    """Mean over days of the share of truly defrauded cards among the k that would be looked at."""
    by_day: Floats
    best_by_day: Floats
    """What perfect scores would reach: less than 1 on days with fewer than k defrauded cards."""


def detect(
    score: ArrayLike, day: ArrayLike, customer: ArrayLike, fraud: ArrayLike, *, cards: int = 100
) -> Detection:
    """AUC, average precision and card precision@k for each day (Le Borgne et al. 2022, ch. 4).

    On each day in order, cards are ranked by their highest score and the first `cards` are looked at;
    those found to be defrauded are blocked and do not come up on later days.
    """
    s, days, who = vector(score, "score"), whole(day, "day"), whole(customer, "customer")
    label = outcomes(fraud, "fraud")
    same_length(score=s, day=days, customer=who, fraud=label)
    positive(cards, "cards")
    return Detection(
        auc(label, s),
        average_precision(label, s),
        float((by_day := _by_day(s, days, who, label, cards)).mean()),
        by_day,
        _by_day(label.astype(np.float64), days, who, label, cards),
    )


def alerts(score: ArrayLike, customer: ArrayLike, *, cards: int = 100) -> Ints:
    """The customers to look at first: by their highest score, ties by the lower number."""
    s, who = vector(score, "score"), whole(customer, "customer")
    same_length(score=s, customer=who)
    names, highest, _ = _cards(s, who, np.zeros(len(s), dtype=np.int64))
    return names[np.argsort(-highest, kind="stable")[:cards]]


def _by_day(s: Floats, days: Ints, who: Ints, label: Ints, cards: int) -> Floats:
    blocked = np.empty(0, dtype=np.int64)
    shares = []
    for today in np.unique(days):
        rows = np.flatnonzero((days == today) & ~np.isin(who, blocked))
        if not len(rows):
            shares.append(0.0)  # every card of the day was found before
            continue
        names, highest, bad = _cards(s[rows], who[rows], label[rows])
        seen = np.argsort(-highest, kind="stable")[:cards]
        shares.append(bad[seen].sum() / cards)
        blocked = np.append(blocked, names[seen][bad[seen] == 1])
    return np.array(shares)


def _cards(s: Floats, who: Ints, label: Ints) -> tuple[Ints, Floats, Ints]:
    """Each card, its highest score and whether any of its payments was fraud."""
    names, code = np.unique(who, return_inverse=True)
    highest, bad = np.full(len(names), -np.inf), np.zeros(len(names), dtype=np.int64)
    np.maximum.at(highest, code, s)
    np.maximum.at(bad, code, label)
    return names, highest, bad
