"""Plain text: cleaning what people type, and the scripts it is written in."""

from paideia.lib.text.cleaning import clean, clean_line
from paideia.lib.text.scripts import count_words, is_cjk, is_wide_punctuation, reading_seconds

__all__ = ["clean", "clean_line", "count_words", "is_cjk", "is_wide_punctuation", "reading_seconds"]
