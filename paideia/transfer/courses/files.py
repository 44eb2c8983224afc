"""The files that a text shows, stored as ours: each once for the work that shows it."""

from __future__ import annotations

from paideia.communities.addresses import path_in
from paideia.content.actions import attach, store_media
from paideia.content.models import Document, Media
from paideia.lib.refusal import Refused

from ..report import Report
from .plan import Plan


class Files:
    """Stores files at the first mention. What is refused (a type that is not taken, say) is reported once and
    its links go."""

    def __init__(self, plan: Plan, report: Report, *, where: str) -> None:
        self.plan, self.report, self.where = plan, report, where
        self._found: dict[str, Media | None] = {}

    def stored(self, path: str) -> Media | None:
        if path not in self._found:
            self._found[path] = self._store(path)
        return self._found[path]

    def address(self, path: str) -> str | None:
        media = self.stored(path)
        return path_in(self.plan.community, "media", media.pk, media.name) if media else None

    def belong_to(self, document: Document) -> None:
        """Whoever may read the document may load them, and nobody else."""
        for media in self._found.values():
            if media is not None and media.document_id is None:
                attach(media, document)

    def _store(self, path: str) -> Media | None:
        file = self.plan.file(path)
        if file is None:
            self.report.left_out.add("file", self.where, "file_missing", name=path[:120])
            return None
        try:
            with file.open("rb") as content:
                media = store_media(
                    community=self.plan.community, uploader=self.plan.author, file=content, name=file.name
                )
        except Refused as error:
            self.report.left_out.add("file", self.where, "file_refused", error=error.message)
            return None
        self.report.imported["file"] += 1
        return media
