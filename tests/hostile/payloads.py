"""Texts that want to run, one after the other, for every place where somebody's words are shown."""

from collections.abc import Iterator
from itertools import chain, cycle

from paideia.lib.tests.xss import ADDRESSES, HANDLERS, HOLDERS, MARK, MUTATIONS, SCRIPTS

# Ways out of an attribute, a title, a script, a comment, a template, an address.
BREAKS = [
    '"><img src=x onerror={js}>',
    "'><img src=x onerror={js}>",
    '" autofocus onfocus={js} x="',
    "' onmouseover={js} x='",
    "</script><script>{js}</script>",
    "</title><script>{js}</script>",
    "</textarea><script>{js}</script>",
    "</style><script>{js}</script>",
    "</option></select><img src=x onerror={js}>",
    "</a><svg onload={js}>",
    "--><script>{js}</script>",
    "]]><script>{js}</script>",
    "'-{js}-'",
    '";{js}//',
    "\\';{js}//",
    "\\u003cimg src=x onerror={js}\\u003e",
    "${{js}}",
    "{{{js}}}",
    "{{ ''.__class__ }}{% if 1 %}{js}{% endif %}",
    "%(name)s%s%n{js}",
    "javascript:{js}",
    "data:text/html,<script>{js}</script>",
    "\u2028{js}\u2029",
    "\x02up:1\x03{js}",
    "\x02mine:1\x03<b>",
]
PLAIN = [each.replace("{js}", MARK) for each in (*BREAKS, *HANDLERS, *SCRIPTS)]
MIXED = [each.replace("{js}", MARK) for each in (*MUTATIONS, *BREAKS)]
LINKED = [
    holder.replace("{url}", address.replace("{js}", MARK))
    for address in ADDRESSES
    for holder in HOLDERS[:2] + HOLDERS[9:]
]


class Next(str):
    """A word that is another payload each time it is written into a text; `used` are those that were."""

    used: list[str]
    _stock: Iterator[str]

    def __new__(cls) -> "Next":
        made = super().__new__(cls, PLAIN[0])
        made.used, made._stock = [], cycle(PLAIN)
        return made

    def __format__(self, wanted: str) -> str:
        text = next(self._stock)
        self.used.append(text)
        return text


def bodies() -> list[str]:
    """Markdown, several payloads to a text."""
    every = list(chain(PLAIN, MIXED, LINKED))
    return ["\n\n".join(every[place : place + 8]) for place in range(0, len(every), 8)]


__all__ = ["BREAKS", "LINKED", "MARK", "MIXED", "PLAIN", "Next", "bodies"]
