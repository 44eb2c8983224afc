"""The words of a simulated year: verbs, kinds of object, and the columns of each array."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Records = NDArray[np.void]


class Verb(IntEnum):
    """What happened. The number is the event's `verb`."""

    JOINED = 0
    """Object: the community. Value: 1 if invited, else 0."""
    VISITED = 1
    """A work's page was open. Value: seconds of reading; `scroll`: share of the page seen, 0 to 1."""
    READ = 2
    """An open work that is not a course was read to its end. Value: seconds of reading."""
    COMPLETED = 3
    """Object: a lesson; `parent`: its course. Value: the lesson's number in the course, from 1."""
    ATTEMPTED = 4
    """The quiz of a lesson; `parent`: its course. Value: 1 right, 0 wrong."""
    ASKED = 5
    """Object: a question."""
    ANSWERED = 6
    """Object: an answer; `parent`: its question."""
    COMMENTED = 7
    """Object: a comment; `parent`: the work it is about."""
    REACTED = 8
    """Object: a work, answer or comment. Value: 1."""
    ACCEPTED = 9
    """The asker accepted an answer. Object: the answer; `parent`: its question."""
    ORDERED = 10
    """First payment of the monthly plan. Value: minor units."""
    RENEWED = 11
    """Later payment of the monthly plan. Value: minor units."""
    BOUGHT = 12
    """One-off payment for a priced work. Value: minor units."""
    LAPSED = 13
    """The paid month ended and was not renewed. Object: the plan."""
    LEFT = 14
    """Membership ended."""
    RETURNED = 15
    """Came back after leaving."""


class Kind(IntEnum):
    """What an event's `object` counts. Works, questions, answers and comments index the year's arrays."""

    COMMUNITY = 0
    WORK = 1
    LESSON = 2
    QUESTION = 3
    ANSWER = 4
    COMMENT = 5
    PLAN = 6


class WorkKind(IntEnum):
    """What sort of work it is."""

    ARTICLE = 0
    COURSE = 1
    PODCAST = 2
    VIDEO = 3


class Opening(IntEnum):
    """What opens a work."""

    FREE = 0
    PLAN = 1
    PURCHASE = 2


EVENT = np.dtype(
    [
        ("second", "i8"),  # seconds since the first day's midnight
        ("actor", "i4"),  # index of people
        ("verb", "u1"),
        ("kind", "u1"),
        ("object", "i4"),  # index within its kind
        ("parent", "i4"),  # see Verb, -1 where there is none
        ("value", "f8"),  # see Verb
        ("scroll", "f4"),  # visits only, else 0
        ("session", "i4"),  # visits that came together share a number, -1 outside a session
    ]
)

POST = np.dtype(
    [
        ("second", "i8"),
        ("author", "i4"),  # index of people
        ("topic", "i4"),
        ("parent", "i4"),  # an answer's question, a comment's work, -1 for a question
        ("quality", "f8"),  # hidden: logit-scale goodness of an answer, 0 elsewhere
        ("accepted", "?"),  # an accepted answer; a question that has one
        ("collusive", "?"),  # hidden: written by a ring for its members to applaud
    ]
)


def person_dtype(topics: int) -> np.dtype[Any]:
    """The columns of `people`; those after `invited` are hidden from any estimator."""
    return np.dtype(
        [
            ("joined_second", "i8"),
            ("invited", "?"),
            ("variant", "i1"),  # 0 control, 1 treated: shown a better offer
            ("mentor", "?"),  # writes the works
            ("left_second", "i8"),  # -1: never, as the next two
            ("returned_second", "i8"),
            ("left_again_second", "i8"),
            ("taste", "f8", (topics,)),  # shares of interest, sum 1
            ("activity", "f8"),  # sessions a day while a member
            ("conversion", "f8"),  # chance of a first order in each session
            ("renewal", "f8"),  # chance of each renewal
            ("churn", "f8"),  # hazard of leaving a day, not paying, not invited
            ("helpfulness", "f8"),  # weight as an answerer, mean 1
            ("ability", "f8"),  # logit scale, for quizzes
            ("ring", "i4"),  # number of the reciprocity ring, -1: honest
        ]
    )


def work_dtype(topics: int) -> np.dtype[Any]:
    """The columns of `works`; `topic` and `quality` are hidden from any estimator."""
    return np.dtype(
        [
            ("author", "i4"),
            ("kind", "u1"),  # WorkKind
            ("opening", "u1"),  # Opening
            ("price", "i8"),  # minor units, 0 unless bought one by one
            ("published_day", "i4"),
            ("lessons", "i4"),  # 0 unless a course
            ("first_lesson", "i4"),  # its lessons are first_lesson … first_lesson + lessons - 1
            ("reading_seconds", "f8"),  # mean time to read it (a lesson of it) to the end
            ("topic", "f8", (topics,)),  # shares, sum 1
            ("quality", "f8"),  # log attractiveness, mean 0
        ]
    )
