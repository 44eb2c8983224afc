"""What can be done with statements and differences."""

from paideia.books.actions.differences import resolve_difference
from paideia.books.actions.fees import save_fee_terms
from paideia.books.actions.reconciling import reconcile
from paideia.books.actions.statements import keep_statement, read_day, upload_statement

__all__ = [
    "keep_statement",
    "read_day",
    "reconcile",
    "resolve_difference",
    "save_fee_terms",
    "upload_statement",
]
