"""An Open edX problem as questions: the words before an input are its prompt, the solution explains it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import Protocol
from xml.etree.ElementTree import Element, tostring

from ..course import Question
from ..html import Resolve, cleaned
from .responses import INPUTS, Draft, Reflection, Unconvertible, drafts, is_response
from .simple_markup import as_problem


class Remarks(Protocol):
    """Where the reader writes down what changed and what it could not keep."""

    def converted(self, what: str, how: str, **values: str) -> None: ...
    def left_out(self, what: str, reason: str, **values: str) -> None: ...


@dataclass(frozen=True)
class Problem:
    """The questions, and words that ask something without grading it."""

    questions: tuple[Question, ...]
    text_html: str


def read_problem(element: Element, resolve: Resolve, remarks: Remarks) -> Problem:
    """Convert what can be; each response that cannot is reported and leaves nothing behind."""
    if not any(is_response(each) for each in element.iter()):
        element = as_problem(element.get("markdown") or "", element)
    return _Walk(element, resolve, remarks).problem()


class _Walk:
    """Goes through a problem in reading order, collecting words until a response takes them as its prompt."""

    def __init__(self, element: Element, resolve: Resolve, remarks: Remarks) -> None:
        self.element, self.resolve, self.remarks = element, resolve, remarks
        self.variables = _variables(element)
        self.words: list[str] = []
        self.questions: list[Question] = []
        self.reflections: list[str] = []
        self.failed = False

    def problem(self) -> Problem:
        self._walk(self.element)
        if not self.questions:
            return Problem((), "".join(self.reflections))
        last = self.questions[-1]
        rest = self._prompt() if not self.failed else ""
        explanation = last.explanation_html or "".join(map(self._html, self._loose_solutions()))
        hints = tuple(
            filter(None, (self._html(hint) for hint in self.element.iterfind(".//demandhint/hint")))
        )
        if hints:
            self.remarks.converted("problem", "hints_moved")
        self.questions[-1] = replace(last, prompt_html=last.prompt_html + rest, explanation_html=explanation)
        self.questions[0] = replace(self.questions[0], hints_html=hints)
        return Problem(tuple(self.questions), "".join(self.reflections))

    def _walk(self, parent: Element) -> None:
        self._say(parent.text)
        for child in parent:
            if is_response(child):
                self._answer(child, context="")
            elif child.tag == "table" and any(map(is_response, child.iter())):
                self._walk_table(child)
            elif child.tag in INPUTS or not isinstance(child.tag, str):
                pass
            elif any(map(is_response, child.iter())):
                self._walk(child)
            else:
                self._keep(child)
            self._say(child.tail)

    def _walk_table(self, table: Element) -> None:
        """A grid of inputs: the row's words and the column's heading say what is asked."""
        headings = [_plain(cell) for cell in table.findall(".//tr/th")]
        for row in table.iter("tr"):
            cells = [cell for cell in row if cell.tag in ("td", "th")]
            label = " ".join(_plain(cell) for cell in cells if not any(map(is_response, cell.iter())))
            for column, cell in enumerate(cells):
                heading = headings[column] if column < len(headings) else ""
                context = ": ".join(filter(None, (label, heading)))
                for response in filter(is_response, cell.iter()):
                    self._answer(response, context=f"<p>{escape(context)}</p>" if context else "")

    def _answer(self, response: Element, *, context: str) -> None:
        before = self._prompt() + context
        inside = "".join(self._inside(response))
        try:
            found = self._drafts(response, before)
        except Reflection:
            self.reflections.append(before + inside)
            self.remarks.converted("problem", "reflection")
            return
        except Unconvertible as refusal:
            self.failed = True  # what is written behind it speaks of something that is not there
            self.remarks.left_out("problem", refusal.reason, **refusal.values)
            return
        explanation = "".join(self._html(_headless(solution)) for solution in response.iter("solution"))
        explanation += "".join(f"<p>{self._html(hint)}</p>" for hint in response.iter("correcthint"))
        for draft in found:
            for remark in draft.remarks:
                self.remarks.converted("problem", remark)
            self.questions.append(draft.question(before + inside, explanation, ()))
            before = ""

    def _drafts(self, response: Element, before: str) -> list[Draft]:
        asked = before + tostring(response, encoding="unicode")
        if used := next((name for name in self.variables if re.search(rf"\${{?{name}\b", asked)), None):
            raise Unconvertible("script_variables", name=used)
        return drafts(response, self._html)

    def _inside(self, response: Element) -> Iterator[str]:
        """The words of a response that are not its inputs: label, description, paragraphs, in order."""
        if response.tag == "annotationresponse":
            yield from (
                f"<p>{self._html(e)}</p>" for tag in ("text", "tag_prompt") for e in response.iter(tag)
            )
            return
        yield escape((response.text or "").strip())
        for child in response:
            if child.tag in ("label", "description"):
                yield f"<p>{self._html(child)}</p>"
            elif child.tag not in INPUTS and isinstance(child.tag, str):
                yield self._outer(child)
            yield escape((child.tail or "").strip())

    def _loose_solutions(self) -> list[Element]:
        """The solutions that stand behind the responses, not inside of one."""
        inside = {id(s) for r in self.element.iter() if is_response(r) for s in r.iter("solution")}
        return [_headless(s) for s in self.element.iter("solution") if id(s) not in inside]

    def _say(self, text: str | None) -> None:
        if text and text.strip():
            self.words.append(escape(text.strip()))

    def _keep(self, element: Element) -> None:
        self.words.append(self._outer(element))

    def _prompt(self) -> str:
        words, self.words = "".join(self.words), []
        return words

    def _html(self, element: Element) -> str:
        inner = escape(element.text or "", quote=False)
        inner += "".join(tostring(child, encoding="unicode", method="html") for child in element)
        return cleaned(inner, self.resolve).html

    def _outer(self, element: Element) -> str:
        tail, element.tail = element.tail, None
        written = tostring(element, encoding="unicode", method="html")
        element.tail = tail
        return cleaned(written, self.resolve).html


def _variables(problem: Element) -> tuple[str, ...]:
    """Names that a problem's Python sets: `$name` in the text means their value, new for each learner."""
    code = "\n".join(script.text or "" for script in problem.iter("script"))
    return tuple(dict.fromkeys(re.findall(r"^[ \t]*([A-Za-z_]\w*)[ \t]*=[^=]", code, re.MULTILINE)))


def _plain(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


_HEADING = re.compile(r"\s*(explanation|answer|solution|解释|答案|解析)\s*[:：]?\s*", re.IGNORECASE)


def _headless(solution: Element) -> Element:
    """The solution without the heading that the old page drew into it."""
    holder = solution
    while len(holder) and holder[0].tag == "div" and not (holder.text or "").strip():
        holder = holder[0]
    if len(holder) and holder[0].tag == "p" and _HEADING.fullmatch(_plain(holder[0])):
        holder.remove(holder[0])
    return solution
