"""What stands in the place of a closed text: what is inside, why it is closed, and the cheapest way in."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paideia.access.models import Gate
from paideia.access.viewer import Viewer
from paideia.content.models import Document
from paideia.content.presentation import minutes_of


@dataclass(frozen=True, slots=True)
class ShopWindow:
    inside: list[str]
    explanation: Any = None
    ways: Any = None


def shop_window(viewer: Viewer, document: Document) -> ShopWindow:
    """The window of a closed document. `document.gate` comes loaded."""
    return shop_window_for(viewer, document.gate, document)


def shop_window_for(viewer: Viewer, gate: Gate | None, document: Document) -> ShopWindow:
    """The window of what stands behind `gate` and is told of by `document`: a course's lessons."""
    return ShopWindow(inside=inside_of(document) if gate == document.gate else [])


def inside_of(document: Document) -> list[str]:
    """What a closed text holds, without a word of it."""
    lines = []
    if minutes := minutes_of(document):
        lines.append(
            ngettext("%(n)s minute of reading", "%(n)s minutes of reading", minutes) % {"n": minutes}
        )
    if pictures := document.html.count("<img "):
        lines.append(ngettext("%(n)s picture", "%(n)s pictures", pictures) % {"n": pictures})
    if "<pre" in document.html:
        lines.append(_("Examples in code"))
    if "<video" in document.html or "<iframe" in document.html:
        lines.append(_("Video"))
    return lines
