"""One response element of an Open edX problem as a question of ours.

`<multiplechoiceresponse>`, `<choiceresponse>`, `<truefalseresponse>`, `<optionresponse>`, `<stringresponse>`,
`<numericalresponse>` and `<annotationresponse>` convert; whatever is graded by code, by formula or by
pointing at a picture does not, and `Unconvertible` says why.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ..course import Choice, Number, Question
from .numbers import interval, number, tolerance

INPUTS = {
    "additional_answer",
    "annotationinput",
    "checkboxgroup",
    "choice",
    "choicegroup",
    "compoundhint",
    "correcthint",
    "demandhint",
    "formulaequationinput",
    "hintgroup",
    "optioninput",
    "partial_answers",
    "radiogroup",
    "regexphint",
    "responseparam",
    "script",
    "solution",
    "stringequalhint",
    "targetedfeedbackset",
    "textline",
}
LOST_FEEDBACK = ("stringequalhint", "regexphint", "compoundhint", "hintgroup", "targetedfeedbackset")
UNGRADABLE = {
    "choicetextresponse": "graded_by_formula",
    "coderesponse": "graded_by_code",
    "customresponse": "graded_by_code",
    "drag_and_drop_input": "dragging",
    "externalresponse": "graded_by_code",
    "formularesponse": "graded_by_formula",
    "imageresponse": "image_map",
    "javascriptresponse": "graded_by_code",
    "jsmeresponse": "graded_by_code",
    "schematicresponse": "graded_by_code",
    "symbolicresponse": "graded_by_formula",
}


class Unconvertible(Exception):
    """Why a response cannot become a question: a code of `wording.REASONS` and its values."""

    def __init__(self, reason: str, **values: str) -> None:
        super().__init__(reason)
        self.reason, self.values = reason, values


class Reflection(Exception):
    """The response only asks to think: every answer is right."""


@dataclass(frozen=True)
class Draft:
    """A question still without its prompt, and what changed on the way (codes of `wording.REASONS`)."""

    kind: str
    choices: tuple[Choice, ...] = ()
    texts: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()
    remarks: tuple[str, ...] = ()

    def question(self, prompt_html: str, explanation_html: str, hints_html: tuple[str, ...]) -> Question:
        return Question(
            self.kind, prompt_html, self.choices, self.texts, self.numbers, explanation_html, hints_html
        )


Html = Callable[[Element], str]  # the inner HTML of an element, cleaned


def is_response(element: Element) -> bool:
    return element.tag in CONVERTERS or element.tag in UNGRADABLE or element.tag.endswith("response")


def drafts(response: Element, html: Html) -> list[Draft]:
    """The questions of a response: usually one. Raises Unconvertible, Reflection."""
    if response.tag not in CONVERTERS:
        raise Unconvertible(UNGRADABLE.get(response.tag, "unknown_response"), tag=response.tag[:60])
    made = CONVERTERS[response.tag](response, html)
    remarks = tuple(_remarks(response))
    return [Draft(d.kind, d.choices, d.texts, d.numbers, d.remarks + remarks) for d in made]


def _remarks(response: Element) -> list[str]:
    lost = any(response.find(f".//{tag}") is not None for tag in LOST_FEEDBACK)
    remarks = ["feedback_dropped"] if lost else []
    return remarks + (["partial_credit_dropped"] if response.get("partial_credit") else [])


def _choices(response: Element, html: Html) -> list[Draft]:
    found = [
        Choice(_words(choice, html), _is_true(choice.get("correct")), _feedback(choice, html))
        for choice in response.iter("choice")
    ]
    if len(found) < 2:
        raise Unconvertible("no_choices")
    one = response.tag == "multiplechoiceresponse"
    right = sum(choice.correct for choice in found)
    if one and right == 0:
        raise Unconvertible("no_right_choice")
    if one and right > 1:  # the old system takes any of them; ours would want all
        raise Unconvertible("several_alternatives")
    return [Draft("one" if one else "many", choices=tuple(found))]


def _words(choice: Element, html: Html) -> str:
    without = Element(choice.tag)
    without.text = choice.text
    without.extend(child for child in choice if child.tag != "choicehint")
    return html(without)


def _feedback(choice: Element, html: Html) -> str:
    return " ".join(filter(None, (html(hint) for hint in choice.iter("choicehint"))))


def _is_true(text: str | None) -> bool:
    return (text or "").strip().lower() == "true"


def _options(response: Element, html: Html) -> list[Draft]:
    inputs = list(response.iter("optioninput"))
    if not inputs:
        raise Unconvertible("no_choices")
    return [Draft("one", choices=_dropdown(each, html)) for each in inputs]


def _dropdown(element: Element, html: Html) -> tuple[Choice, ...]:
    if element.find("option") is not None:
        found = [Choice(_option_words(o, html), _is_true(o.get("correct"))) for o in element.iter("option")]
    else:
        right = (element.get("correct") or "").strip()
        found = [
            Choice(html(_holding(each)), each.strip() == right)
            for each in _option_list(element.get("options") or "")
        ]
    if len(found) < 2:
        raise Unconvertible("no_choices")
    if sum(choice.correct for choice in found) != 1:
        raise Unconvertible("no_right_choice")
    return tuple(found)


def _option_words(option: Element, html: Html) -> str:
    without = Element("option")
    without.text = option.text
    without.extend(child for child in option if child.tag != "optionhint")
    return html(without)


def _option_list(text: str) -> list[str]:
    """`('a','b')` as Python writes it, or words with commas between."""
    try:
        value = ast.literal_eval(text.strip())
        if isinstance(value, (tuple, list)):
            return [str(each) for each in value]
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        pass
    return [part.strip().strip("'\"") for part in text.strip().strip("()").split(",") if part.strip()]


def _holding(text: str) -> Element:
    element = Element("option")
    element.text = text
    return element


def _short_text(response: Element, html: Html) -> list[Draft]:
    answers = [response.get("answer") or ""]
    answers += [more.get("answer") or more.text or "" for more in response.findall("additional_answer")]
    accepted = tuple(dict.fromkeys(" ".join(answer.split()) for answer in answers if answer.strip()))
    kind = (response.get("type") or "").split()
    if "regexp" in kind:
        if any(_accepts_anything(pattern) for pattern in accepted):
            raise Reflection
        raise Unconvertible("pattern", pattern=accepted[0][:80] if accepted else "")
    if not accepted:
        raise Unconvertible("no_answer")
    return [Draft("text", texts=accepted, remarks=() if "ci" in kind else ("case_ignored",))]


_WILD = re.compile(r"[.*+?^$()]*")


def _accepts_anything(pattern: str) -> bool:
    """Only wild cards: such a pattern collects answers, it does not judge them. It is never run."""
    return bool(pattern) and _WILD.fullmatch(pattern) is not None and "." in pattern


def _number(response: Element, html: Html) -> list[Draft]:
    texts = [response.get("answer") or ""]
    texts += [more.get("answer") or "" for more in response.findall("additional_answer")]
    margin = next(
        (p.get("default") or "0" for p in response.iter("responseparam") if p.get("type") == "tolerance"), "0"
    )
    try:
        return [Draft("number", numbers=tuple(_accepted(text, margin) for text in texts))]
    except ValueError as error:
        raise Unconvertible("no_number", answer=texts[0][:60]) from error


def _accepted(text: str, margin: str) -> Number:
    if ends := interval(text):
        return Number((ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2)
    value = number(text)
    return Number(value, tolerance(margin, of=value))


def _annotation(response: Element, html: Html) -> list[Draft]:
    found = tuple(Choice(html(o), o.get("choice") == "correct") for o in response.iter("option"))
    if sum(choice.correct for choice in found) != 1:
        raise Unconvertible("no_right_choice")
    return [Draft("one", choices=found, remarks=("open_comment_dropped",))]


CONVERTERS: dict[str, Callable[[Element, Html], list[Draft]]] = {
    "annotationresponse": _annotation,
    "choiceresponse": _choices,
    "multiplechoiceresponse": _choices,
    "numericalresponse": _number,
    "optionresponse": _options,
    "stringresponse": _short_text,
    "truefalseresponse": _choices,
}
