"""A course as a reader hands it over: plain values, files by their path in the export's tree.

Inside HTML and Markdown, `paideia-asset:<path>` stands for a file of the export and `paideia-lesson:<id>`
for a lesson; paths and ids are percent-encoded. Whoever stores the course puts addresses in their place
(`links`).
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """Words to read, in `html` or `markdown`."""

    external_id: str
    source: str
    format: str = "html"


@dataclass(frozen=True, slots=True)
class Video:
    """A video elsewhere (`url`) or in the export (`paideia-asset:…`), with what is said in it by language."""

    external_id: str
    title: str
    url: str
    transcripts: tuple[tuple[str, str], ...] = ()
    downloads: tuple[tuple[str, str], ...] = ()  # (name, url)


@dataclass(frozen=True, slots=True)
class Choice:
    html: str
    correct: bool
    feedback_html: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class Question:
    """Kinds: `one` or `many` right choices, a short `text`, a `number`."""

    kind: str
    prompt_html: str
    choices: tuple[Choice, ...] = ()
    texts: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()
    explanation_html: str = ""
    hints_html: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quiz:
    """The questions of one problem, or of a bank of problems."""

    external_id: str
    title: str
    questions: tuple[Question, ...]


Block = Text | Video | Quiz


@dataclass(frozen=True, slots=True)
class Lesson:
    """A page of a course. A draft was hidden from learners in the old system and must stay so."""

    external_id: str
    title: str
    blocks: tuple[Block, ...]
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    external_id: str
    title: str
    lessons: tuple[Lesson, ...]


@dataclass(frozen=True, slots=True)
class Course:
    external_id: str
    title: str
    sections: tuple[Section, ...]
    summary: str = ""
    description: Text | None = None
    cover: str = ""  # path in the tree
    language: str = ""
    draft: bool = False

    def lessons(self) -> Iterator[Lesson]:
        for section in self.sections:
            yield from section.lessons
