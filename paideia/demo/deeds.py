"""What simulated people do, one row a deed: the script that can be written in bulk or played by the actions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

Ref = tuple[str, int]  # ("article", 2), ("lesson", 0), ("course", 0), ("post", 17)


@dataclass(frozen=True, slots=True)
class Deed:
    """Somebody does something. People are numbered: first those simulated, then the cast."""

    at: datetime
    person: int


@dataclass(frozen=True, slots=True)
class Joined(Deed):
    """Comes in; the first time with a new account, unless of the cast."""


@dataclass(frozen=True, slots=True)
class Left(Deed):
    pass


@dataclass(frozen=True, slots=True)
class Promoted(Deed):
    """The owner makes this person a mentor."""


@dataclass(frozen=True, slots=True)
class Opened(Deed):
    target: Ref


@dataclass(frozen=True, slots=True)
class Looked(Deed):
    """Had the page open for so long and saw so much of it."""

    target: Ref
    seconds: int
    depth: float


@dataclass(frozen=True, slots=True)
class Completed(Deed):
    lesson: int


@dataclass(frozen=True, slots=True)
class Quizzed(Deed):
    """Answers the quiz of a lesson: what is given, question by question."""

    lesson: int
    given: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Asked(Deed):
    """Opens a thread, which becomes post `number`."""

    number: int
    space: str
    title: str
    source: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replied(Deed):
    """Writes post `number` below `root`, in answer to post `parent` where given."""

    number: int
    root: Ref
    source: str
    parent: int | None = None
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class Reacted(Deed):
    target: Ref
    kind: str


@dataclass(frozen=True, slots=True)
class Accepted(Deed):
    """The asker accepts this post."""

    post: int


@dataclass(frozen=True, slots=True)
class Paid(Deed):
    """Orders an offer and pays it at once; `charge` is the provider's name for the payment."""

    offer: str
    charge: str
