"""Words for searching in Chinese and English: `tokens` for those who count them, `tsvector_literal` and
`tsquery` for PostgreSQL, `highlight` for those who read what was found."""

from paideia.lib.tokens.cutting import tokens
from paideia.lib.tokens.highlights import fragments, highlight
from paideia.lib.tokens.vectors import POSITION_MAX, QUERY_CHARACTERS_MAX, tsquery, tsvector_literal

__all__ = [
    "POSITION_MAX",
    "QUERY_CHARACTERS_MAX",
    "fragments",
    "highlight",
    "tokens",
    "tsquery",
    "tsvector_literal",
]
