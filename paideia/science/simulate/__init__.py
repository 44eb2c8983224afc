"""A community with known hidden parameters, from a seed: a year to show, and planted answers to test with."""

from paideia.science.simulate.parameters import Parameters
from paideia.science.simulate.vocabulary import (
    EVENT,
    POST,
    Kind,
    Opening,
    Verb,
    WorkKind,
    person_dtype,
    work_dtype,
)
from paideia.science.simulate.year import Year, simulate

__all__ = [
    "EVENT",
    "POST",
    "Kind",
    "Opening",
    "Parameters",
    "Verb",
    "WorkKind",
    "Year",
    "person_dtype",
    "simulate",
    "work_dtype",
]
