"""Whether an answer is right: pure functions over plain values, so that the same rule marks every quiz.

An answer is a list of strings as a form sends it: numbers of choices, or one text, or one number.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

_SPACES = re.compile(r"\s+")
_OUTER_MARKS = " .,;:!?。，；：！？、\"'“”‘’"
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
GIVEN_CHARACTERS_MAX = 500


def is_right(
    kind: str, choices: Sequence[Mapping[str, Any]], answers: Sequence[Any], given: Sequence[str]
) -> bool:
    """Whether `given` answers a question of this kind. All right choices and no other; a text whatever its
    case, width, spaces and outer punctuation; a number within the tolerance, ends included."""
    if kind in ("one", "many"):
        right = {str(place) for place, choice in enumerate(choices) if choice["correct"]}
        chosen = set(given)
        return bool(right) and (chosen == right if kind == "many" else len(chosen) == 1 and chosen <= right)
    if len(given) != 1:
        return False
    if kind == "text":
        return bool(wanted := normal(given[0])) and wanted in {normal(str(answer)) for answer in answers}
    number = number_from(given[0])
    return number is not None and any(_is_near(number, answer) for answer in answers)


def normal(text: str) -> str:
    """A text as answers are compared: NFKC, case folded, single spaces, nothing but words at both ends."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _SPACES.sub(" ", folded).strip(_OUTER_MARKS)


def number_from(text: str) -> float | None:
    """A number as people write it: 3.5, 3,5, １２, 1,200.5, 2e3, 1/3, 50 %. None when it is none."""
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").replace(" ", "").strip()
    share = plain.endswith("%")
    plain = plain.removesuffix("%")
    over, _slash, under = plain.partition("/")
    top, bottom = _decimal(over), _decimal(under) if under else 1.0
    if top is None or not bottom:
        return None
    value = top / bottom / (100 if share else 1)
    return value if math.isfinite(value) else None


def _decimal(text: str) -> float | None:
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    text = text.replace(",", ".", 1)
    return float(text) if len(text) <= 40 and _NUMBER.fullmatch(text) else None


def _is_near(number: float, answer: Any) -> bool:
    value, tolerance = float(answer["value"]), abs(float(answer.get("tolerance") or 0))
    # The slack is for what decimal fractions lose as binary ones, not for the reader.
    return abs(number - value) <= tolerance + 1e-9 * max(1.0, abs(value))
