"""What an import is made of: steps of rows, each batch of which is loaded in one transaction."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .report import Report


@dataclass(frozen=True)
class Step:
    """Rows of one kind and what is done with a batch of them.

    `rows` gives the same rows in the same order whenever it is called, so that a killed import can skip what
    is done. `load` writes a batch; doing it again for rows that are here changes nothing. A step that only
    follows from others is not `counted` as something to import.
    """

    name: str
    total: int
    rows: Callable[[], Iterable[Any]]
    load: Callable[[list[Any], Report], None]
    batch: int = 500
    counted: bool = True


@dataclass
class Job:
    """A checked export, ready to be written. Whatever can be wrong with it has been found by now.

    `source` names the outside system and its part, `fingerprint` the state of the export.
    """

    source: str
    fingerprint: str
    steps: list[Step]
    report: Report = field(default_factory=Report)

    @property
    def total(self) -> int:
        return sum(step.total for step in self.steps)
