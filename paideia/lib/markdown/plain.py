"""The words of a page without its marks."""

import re
from html import unescape

_ALT = re.compile(r'<img\b[^>]*?\salt="([^"]*)"[^>]*>')
_BACK = re.compile(r'<a [^>]*class="footnote-backref"[^>]*>[^<]*</a>')
_CELL_END = re.compile(r"</t[dh]>\s*")
_BLOCK_EDGE = re.compile(
    r"</?(?:address|aside|blockquote|dd|details|div|dl|dt|figcaption|figure|h[1-6]|hr|li|ol|p|pre|section|summary"
    r"|table|tbody|thead|tfoot|tr|ul|caption)\b[^>]*>|<br[^>]*>"
)
_TAG = re.compile(r"<[^>]*>")
_BLANKS = re.compile(r"[ \t\xa0]+")
_LINES = re.compile(r" ?\n[ \n]*")


def html_to_text(html: str) -> str:
    """The words of sanitised HTML, one line per block, with the descriptions of its images."""
    html = _ALT.sub(r" \1 ", _BACK.sub("", html))
    html = _TAG.sub("", _BLOCK_EDGE.sub("\n", _CELL_END.sub(" ", html)))
    return _LINES.sub("\n", _BLANKS.sub(" ", unescape(html))).strip()
