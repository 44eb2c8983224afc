"""Markdown and HTML from people, made into HTML that is safe to show.

`render` for Markdown, `sanitise` for HTML, `html_to_markdown` for importers, `html_to_text` for everything
that needs the bare words. Whatever does not pass here never reaches a page.
"""

from paideia.lib.markdown.embeds import EMBED_HOSTS
from paideia.lib.markdown.from_html import html_to_markdown
from paideia.lib.markdown.limits import SOURCE_BYTES_MAX, TooComplex
from paideia.lib.markdown.plain import html_to_text
from paideia.lib.markdown.rendering import Heading, Rendered, render
from paideia.lib.markdown.sanitising import sanitise

__all__ = [
    "EMBED_HOSTS",
    "SOURCE_BYTES_MAX",
    "Heading",
    "Rendered",
    "TooComplex",
    "html_to_markdown",
    "html_to_text",
    "render",
    "sanitise",
]
