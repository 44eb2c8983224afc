"""Which answers are right."""

from typing import Any

import pytest

from paideia.courses.grading import is_right, number_from

CHOICES = [{"correct": False}, {"correct": True}, {"correct": True}]
ONE = [{"correct": False}, {"correct": True}]
HALF = [{"value": 0.5, "tolerance": 0.1}]
EXACT = [{"value": 12000, "tolerance": 0}]


@pytest.mark.parametrize(
    ("kind", "choices", "answers", "given", "right"),
    [
        ("one", ONE, [], ["1"], True),
        ("one", ONE, [], ["0"], False),
        ("one", ONE, [], [], False),
        ("one", ONE, [], ["0", "1"], False),
        ("one", ONE, [], ["9"], False),
        ("one", CHOICES, [], ["2"], True),
        ("many", CHOICES, [], ["1", "2"], True),
        ("many", CHOICES, [], ["2", "1", "1"], True),
        ("many", CHOICES, [], ["1"], False),
        ("many", CHOICES, [], ["0", "1", "2"], False),
        ("many", [{"correct": False}], [], [], False),
        ("text", [], ["Paris"], ["paris"], True),
        ("text", [], ["Paris"], ["  PARIS. "], True),
        ("text", [], ["Paris"], ["Ｐａｒｉｓ"], True),
        ("text", [], ["Paris"], ["Par is"], False),
        ("text", [], ["New York"], ["new   york"], True),
        ("text", [], ["北京", "Beijing"], ["「北京」。"], False),
        ("text", [], ["北京", "Beijing"], ["北京。"], True),
        ("text", [], ["straße"], ["STRASSE"], True),
        ("text", [], ["Paris"], [""], False),
        ("text", [], ["..."], ["..."], False),
        ("text", [], ["Paris"], ["Paris", "Paris"], False),
        ("number", [], HALF, ["0.5"], True),
        ("number", [], HALF, ["0.6"], True),
        ("number", [], HALF, ["0.4"], True),
        ("number", [], HALF, ["0.61"], False),
        ("number", [], HALF, ["1/2"], True),
        ("number", [], HALF, ["0,5"], True),
        ("number", [], HALF, ["５０%"], True),
        ("number", [], HALF, ["about 0.5"], False),
        ("number", [], EXACT, ["12,000"], True),
        ("number", [], EXACT, ["1.2e4"], True),
        ("number", [], EXACT, ["nan"], False),
        ("number", [], EXACT, ["inf"], False),
        ("number", [], EXACT, ["1/0"], False),
    ],
)
def test_an_answer_is_marked_as_a_teacher_would(
    kind: str, choices: list[Any], answers: list[Any], given: list[str], right: bool
) -> None:
    assert is_right(kind, choices, answers, given) is right


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("3", 3.0),
        ("-3.5", -3.5),
        ("−3,5", -3.5),
        (".5", 0.5),
        ("1 000", 1000.0),
        ("9" * 41, None),
        ("", None),
    ],
)
def test_numbers_are_read_as_people_write_them(written: str, number: float | None) -> None:
    assert number_from(written) == number
