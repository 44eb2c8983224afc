"""Why a document can or cannot be read: what is said of the document itself, then of its gate."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from paideia.access.explaining import Explanation, explain
from paideia.access.viewer import Viewer, look
from paideia.content.models import Document
from paideia.content.visibility import is_editable, is_open, is_public


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence for or against."""

    speaks_for: bool
    text: str


@dataclass(frozen=True, slots=True)
class DocumentExplanation:
    """Why a document is open or closed to a viewer. `gate` is None for what stands behind none."""

    is_open: bool
    said: tuple[Said, ...]
    gate: Explanation | None

    @property
    def said_for(self) -> list[str]:
        return [one.text for one in self.said if one.speaks_for]

    @property
    def said_against(self) -> list[str]:
        return [one.text for one in self.said if not one.speaks_for]


def explain_document(
    viewer: Viewer, document: Document, *, at: datetime | None = None
) -> DocumentExplanation:
    """Every reason that counts, its own first. `document.gate` is loaded along where there is one."""
    if at is not None:
        viewer = look(viewer.community, viewer.user, at=at)
    gate = explain(viewer, document.gate, at=at) if document.gate is not None else None
    said = [*_of_the_document(viewer, document)]
    if gate is not None:
        said += [Said(reason.speaks_for, reason.text) for reason in gate.reasons]
    elif not viewer.may_enter:
        said.append(Said(False, _("This community is private: only members may enter.")))
    else:
        said.append(Said(True, _("It stands behind no gate: whoever may enter can read it.")))
    return DocumentExplanation(is_open(viewer, document), tuple(said), gate)


def _of_the_document(viewer: Viewer, document: Document) -> list[Said]:
    said = []
    if document.removed_at is not None:
        said.append(Said(False, _("It was taken away.")))
    elif not is_public(viewer, document):
        said.append(Said(False, _("It is not published yet.")))
    if viewer.user_id is not None and document.author_id == viewer.user_id:
        said.append(Said(True, _("Has written it.")))
    elif is_editable(viewer, document):
        said.append(Said(True, _("May edit what others wrote.")))
    if document.pk in viewer.unlocked_documents:
        said.append(Said(True, _("Has opened it with a free read.")))
    return said
