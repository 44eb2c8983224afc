"""Reads of documents. Each takes the viewer and shows no more than that viewer may see."""

from dataclasses import dataclass

from paideia.access.viewer import Viewer
from paideia.content.models import Document
from paideia.content.visibility import is_editable, is_listed, is_open

__all__ = ["Opened", "is_editable", "is_listed", "is_open", "opened"]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a viewer gets to read of a document. Closed: `html` is the free part before the paywall divider
    where the gate shows previews (`is_preview`), else empty."""

    html: str
    text: str
    is_open: bool
    is_preview: bool = False


NOTHING = Opened("", "", is_open=False)


def opened(viewer: Viewer, document: Document) -> Opened:
    """The one answer to how much of a document's words a page, feed, mail or file may contain."""
    if is_open(viewer, document):
        return Opened(document.html, document.text, is_open=True)
    if is_listed(viewer, document) and document.gate_id in viewer.preview_gates:
        return Opened(document.preview_html, document.preview_text, is_open=False, is_preview=True)
    return NOTHING
