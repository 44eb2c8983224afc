"""What a function of this library raises when its input cannot carry an answer.

All are `ValueError`s and say which argument was wrong, how, and what to do about it.
"""

from __future__ import annotations


class ScienceError(ValueError):
    """The input cannot carry an answer; the message says which argument and what to do."""


class EmptyInput(ScienceError):
    """There is nothing to compute from."""


class NotFinite(ScienceError):
    """An array holds NaN or infinity where numbers are needed."""


class ShapeMismatch(ScienceError):
    """Two arrays that describe the same things differ in length, or an array has the wrong dimensions."""


class OutOfRange(ScienceError):
    """A number lies outside the range in which the question has a meaning."""


class OneClass(ScienceError):
    """Only one outcome was seen, so nothing can be told apart."""


class ConstantInput(ScienceError):
    """A column does not vary, so nothing can be attributed to it."""


class TooShort(ScienceError):
    """There are fewer observations than the method needs."""


class Disconnected(ScienceError):
    """The graph falls into parts between which the question has no answer."""


class NotConverged(ScienceError):
    """The optimiser did not reach an optimum; the numbers it stopped at are not an answer."""


class NeedsLibrary(ImportError):
    """An optional library is not installed; the message names the extra that brings it."""
