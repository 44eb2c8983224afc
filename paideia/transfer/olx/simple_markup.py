"""The short notation of Open edX's problem editor, for exports that keep a problem only as that.

>>Question||description<<      ( ) wrong  (x) right      [ ] [x] several      = 5 +- 1%  or= 6
[[a, (b), c]]                  {{feedback}} behind a choice      ||hint||      [explanation] … [explanation]
"""

import re
from xml.etree.ElementTree import Element, SubElement

_CHOICE = re.compile(r"^\s*\(([xX@! ]{0,3})\)\s*(\S.*)$")
_CHECK = re.compile(r"^\s*\[([xX@! ]{0,3})\]\s*(\S.*)$")
_ANSWER = re.compile(r"^\s*(s?=|or=)\s*(.+?)\s*$")
_FEEDBACK = re.compile(r"\{\{(.*?)\}\}")
_NUMBER = re.compile(r"[-+]?[\d.]|[\[(][-+\d.]")


def as_problem(text: str, original: Element) -> Element:
    """The problem element that the notation stands for; the original where it stands for nothing."""
    if not text.strip() or text.strip() == "null":
        return original
    problem = Element("problem", original.attrib)
    for part in re.split(r"(?m)^\s*---+\s*$", text.replace("\r\n", "\n")):
        _add_part(problem, _take_explanation(problem, _join_dropdowns(part)))
    return problem


def _join_dropdowns(text: str) -> str:
    return re.sub(
        r"\[\[(.*?)\]\]",
        lambda m: "[[" + ",".join(filter(None, map(str.strip, re.split(r"[\n,]", m[1])))) + "]]",
        text,
        flags=re.DOTALL,
    )


def _take_explanation(problem: Element, text: str) -> str:
    match = re.search(r"(?s)\[explanation\](.*?)\[/?explanation\]", text, re.IGNORECASE)
    if not match:
        return text
    SubElement(SubElement(problem, "solution"), "p").text = " ".join(match[1].split())
    return text[: match.start()] + text[match.end() :]


def _add_part(problem: Element, text: str) -> None:
    response: Element | None = None
    for line in text.split("\n"):
        if not line.strip():
            continue
        if hint := re.fullmatch(r"\s*\|\|(.+)\|\|\s*", line):
            SubElement(SubElement(problem, "demandhint"), "hint").text = hint[1].strip()
        elif label := re.fullmatch(r"\s*>>(.*?)(?:\|\|(.*?))?<<\s*", line):
            SubElement(problem, "p").text = label[1].strip()
            if label[2]:
                SubElement(problem, "p").text = label[2].strip()
        elif dropdown := re.fullmatch(r"\s*\[\[(.*)\]\]\s*", line):
            _add_dropdown(problem, dropdown[1].split(","))
        elif choice := _CHOICE.match(line):
            response = _same(problem, response, "multiplechoiceresponse")
            _add_choice(response, *choice.groups())
        elif check := _CHECK.match(line):
            response = _same(problem, response, "choiceresponse")
            _add_choice(response, *check.groups())
        elif answer := _ANSWER.match(line):
            response = _add_answer(problem, response, *answer.groups())
        else:
            SubElement(problem, "p").text = line.strip()


def _same(problem: Element, response: Element | None, tag: str) -> Element:
    return response if response is not None and response.tag == tag else SubElement(problem, tag)


def _add_choice(response: Element, mark: str, words: str) -> None:
    choice = SubElement(response, "choice", correct=str("x" in mark.lower()).lower())
    choice.text = _FEEDBACK.sub("", words).strip()
    for feedback in _FEEDBACK.findall(words):
        hint = re.sub(
            r"^\s*(selected|s|unselected|u)\s*:", "", feedback.split("}, {")[0], flags=re.IGNORECASE
        )
        SubElement(choice, "choicehint").text = hint.strip()


def _add_dropdown(problem: Element, options: list[str]) -> None:
    field = SubElement(SubElement(problem, "optionresponse"), "optioninput")
    for option in options:
        words = _FEEDBACK.sub("", option).strip()
        right = words.startswith("(") and words.endswith(")")
        SubElement(field, "option", correct=str(right)).text = words[1:-1].strip() if right else words


def _add_answer(problem: Element, response: Element | None, sign: str, words: str) -> Element:
    answer = _FEEDBACK.sub("", words).strip()
    if sign == "or=" and response is not None:
        SubElement(response, "additional_answer", answer=answer)
        return response
    value, _sign, margin = (part.strip() for part in answer.partition("+-"))
    if _NUMBER.match(value) and sign == "=":
        response = SubElement(problem, "numericalresponse", answer=value)
        if margin:
            SubElement(response, "responseparam", type="tolerance", default=margin)
        return response
    pattern = answer.startswith("|")
    return SubElement(
        problem, "stringresponse", answer=answer.lstrip("|").strip(), type="ci regexp" if pattern else "ci"
    )
