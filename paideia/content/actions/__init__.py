"""The only writers of documents and what belongs to them."""

from paideia.content.actions.articles import UNCHANGED, save_article, save_column
from paideia.content.actions.documents import (
    EditConflict,
    gate_within,
    remove_document,
    restore_revision,
    save_document,
    tags_from,
    written_document,
)
from paideia.content.actions.drafts import discard_draft, keep_draft, toggle_bookmark
from paideia.content.actions.media import attach, store_media, use_as_cover
from paideia.content.actions.publication import announce_due, may_still_publish, publish, withdraw

__all__ = [
    "UNCHANGED",
    "EditConflict",
    "announce_due",
    "attach",
    "discard_draft",
    "gate_within",
    "keep_draft",
    "may_still_publish",
    "publish",
    "remove_document",
    "restore_revision",
    "save_article",
    "save_column",
    "save_document",
    "store_media",
    "tags_from",
    "toggle_bookmark",
    "use_as_cover",
    "withdraw",
    "written_document",
]
