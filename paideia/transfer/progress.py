"""How far a long import has come, for whoever waits for it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from .wording import kind


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of so many rows of a step are done; the remaining seconds are a guess for the whole import."""

    step: str
    done: int
    total: int
    elapsed_seconds: float
    remaining_seconds: float

    def __str__(self) -> str:
        return _("%(step)s: %(done)d of %(total)d, about %(seconds)d s left") % {
            "step": kind(self.step),
            "done": self.done,
            "total": self.total,
            "seconds": round(self.remaining_seconds),
        }
