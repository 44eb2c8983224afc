"""The only writers of documents and what belongs to them."""

from paideia.content.actions.documents import EditConflict, remove_document, restore_revision, save_document
from paideia.content.actions.publication import announce, publish, withdraw

__all__ = [
    "EditConflict",
    "announce",
    "publish",
    "remove_document",
    "restore_revision",
    "save_document",
    "withdraw",
]
