"""What providers' statements say, how it compares with our books, and what each month brought."""

from paideia.books.models.revenue import RevenueMonth
from paideia.books.models.statements import Difference, FeeTerms, ProviderStatement, StatementLine

__all__ = ["Difference", "FeeTerms", "ProviderStatement", "RevenueMonth", "StatementLine"]
