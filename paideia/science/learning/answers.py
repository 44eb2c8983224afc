"""Who answered what, and was it right: an answer log with each student's running counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, same_length, vector, whole
from paideia.science.errors import EmptyInput, OutOfRange


@dataclass(frozen=True, slots=True)
class Answers:
    """One row for each answer, ordered by student and then by time."""

    student: Ints
    skill: Ints
    right: Ints
    """1 right, 0 wrong."""

    def __len__(self) -> int:
        return len(self.student)

    def of(self, students: ArrayLike) -> Answers:
        """The answers of these students only."""
        kept = np.isin(self.student, np.asarray(students))
        return Answers(self.student[kept], self.skill[kept], self.right[kept])


def answers(student: ArrayLike, skill: ArrayLike, right: ArrayLike, time: ArrayLike | None = None) -> Answers:
    """An answer log from rows in any order; without times the order given counts.

    Raises `EmptyInput` or `OutOfRange`.
    """
    who, what = whole(student, "student", minimum=0), whole(skill, "skill", minimum=0)
    good = whole(right, "right")
    same_length(student=who, skill=what, right=good)
    if not np.isin(good, (0, 1)).all():
        raise OutOfRange("right must hold only 0 and 1")
    if not len(who):
        raise EmptyInput("there are no answers")
    when = np.arange(len(who), dtype=np.float64) if time is None else vector(time, "time")
    same_length(student=who, time=when)
    order = np.lexsort((when, who))
    return Answers(who[order], what[order], good[order])


@dataclass(frozen=True, slots=True)
class Running:
    """What was known of a student just before each answer."""

    wins: Floats
    """Right answers so far in the same skill."""
    fails: Floats
    all_wins: Floats
    """Right answers so far in every skill."""
    all_fails: Floats
    recent: Floats
    """Answers × (1, 3, 10): share right among the last so many in the skill; ½ where there is none."""
    all_recent: Floats
    """The same over every skill."""


RECENT = (1, 3, 10)


def running(log: Answers) -> Running:
    """Counts before each answer, in two passes over sorted arrays and without a loop over answers."""
    wins, fails, recent = _counts(log.student * (int(log.skill.max()) + 1) + log.skill, log.right)
    all_wins, all_fails, all_recent = _counts(log.student, log.right)
    return Running(wins, fails, all_wins, all_fails, recent, all_recent)


def _counts(key: Ints, right: Ints) -> tuple[Floats, Floats, Floats]:
    """Right and wrong answers before each row among rows of equal key, and the shares of the last few."""
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.concatenate(([True], key[order][1:] != key[order][:-1])))
    group_start = np.repeat(starts, np.diff(np.append(starts, len(key))))
    position = np.arange(len(key)) - group_start
    summed = np.concatenate(([0], np.cumsum(right[order])))
    before = summed[:-1] - summed[group_start]
    shares = np.empty((len(key), len(RECENT)))
    for column, last in enumerate(RECENT):
        reach = np.minimum(position, last)
        won = summed[:-1] - summed[np.arange(len(key)) - reach]
        shares[:, column] = (won + 0.5) / (reach + 1)
    back = np.empty(len(key), dtype=np.int64)
    back[order] = np.arange(len(key))
    return before[back].astype(np.float64), (position - before)[back].astype(np.float64), shares[back]
