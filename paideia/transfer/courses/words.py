"""What a reader handed over as HTML or Markdown, as the Markdown that is stored here."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from paideia.lib.markdown import html_to_markdown

from .. import links
from ..course import Text, Video
from ..html import cleaned
from .files import Files


class Words:
    """Puts our addresses into a text and makes it Markdown. `lesson` finds an address by outside id."""

    def __init__(self, files: Files, lesson: Callable[[str], str | None]) -> None:
        self.resolve = links.resolver(files.address, lesson)

    def markdown(self, text: Text) -> str:
        if text.format == "markdown":
            return links.settled(text.source, self.resolve)
        return self.from_html(text.source)

    def from_html(self, html: str) -> str:
        return html_to_markdown(cleaned(html, self.resolve).html).strip("\n") if html else ""

    def player(self, video: Video) -> str:
        """A video in the middle of a text: an address alone on its line is shown as a player."""
        address = self.resolve(video.url)
        if address is None:
            return ""
        if video.url.startswith(links.ASSET):
            return f'<video controls preload="metadata" src="{address}"></video>'
        return f"<{address}>"

    def beside(self, video: Video) -> str:
        """What belongs to a video: things to download."""
        found = ((name, self.resolve(url)) for name, url in video.downloads)
        return "\n".join(f"- [{_escaped(name)}]({address})" for name, address in found if address)

    @staticmethod
    def transcript(video: Video, *, named: bool) -> str:
        """What is said in it, under a heading; in its first language if there are several."""
        if not video.transcripts:
            return ""
        _language, said = video.transcripts[0]
        heading = (
            _("Transcript of “%(title)s”") % {"title": video.title}
            if named and video.title
            else _("Transcript")
        )
        return f"## {heading}\n\n{_escaped(said)}"


def _escaped(words: str) -> str:
    return "".join(f"\\{c}" if c in "\\`*_[]<>#$~|" else c for c in words)
