"""The one door through which HTML from people passes."""

import re
from functools import lru_cache

import nh3
from pygments.token import STANDARD_TYPES

from paideia.lib.markdown.embeds import is_player
from paideia.lib.markdown.limits import check_html, names
from paideia.lib.text import clean

ID_PREFIX = "user-"
LINK_REL = "nofollow ugc noopener"

_TAGS = names(
    "a abbr aside audio b blockquote br caption cite code col colgroup dd del details dfn div dl dt em"
    " figcaption figure h1 h2 h3 h4 h5 h6 hr i iframe img input ins kbd li mark ol p pre q rp rt ruby s"
    " samp section small source span strike strong sub summary sup table tbody td tfoot th thead time tr"
    " track tt u ul var video wbr"
)
_DROPPED_WITH_CONTENT = names("script style template title textarea select noscript object applet xmp")
_ATTRIBUTES = {
    "*": {"class", "dir", "id", "lang", "title", "aria-label"},
    "a": {"href"},
    "audio": {"controls", "preload", "src"},
    "blockquote": {"cite"},
    "col": {"span"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "iframe": {"height", "src", "title", "width"},
    "img": {"alt", "height", "src", "width"},
    "input": {"checked"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "q": {"cite"},
    "source": {"src", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "track": {"default", "kind", "label", "src", "srclang"},
    "video": {"controls", "height", "loop", "muted", "playsinline", "poster", "preload", "src", "width"},
}
# One attribute each: several would come in an order that differs from process to process.
_FORCED = {"a": {"rel": LINK_REL}, "img": {"loading": "lazy"}, "input": {"disabled": ""}}
# A frame of another origin runs its player and nothing else: no forms, no downloads, no top navigation.
_FRAME_RULES = (
    'sandbox="allow-scripts allow-same-origin allow-presentation allow-popups"'
    ' referrerpolicy="strict-origin-when-cross-origin" loading="lazy" allowfullscreen=""'
)

_CLASSES = names(
    "align-center align-left align-right callout callout-caution callout-danger callout-important"
    " callout-info callout-note callout-question callout-success callout-tip callout-title"
    " callout-warning contains-task-list display embed embed-video footnote-backref footnote-item"
    " footnote-ref footnotes footnotes-list footnotes-sep highlight inline line line-marked link-card"
    " math members-only mention spoiler task-list-item task-list-item-checkbox"
)
_LANGUAGE = re.compile(r"language-[a-z0-9+#._-]{1,30}")
_CODE_CLASSES = frozenset(name for name in STANDARD_TYPES.values() if name)

_WEB = re.compile(r"https?://", re.IGNORECASE)
_SCHEME = re.compile(r"[^/?#]*:")
_NUMBER = re.compile(r"[0-9]{1,4}%?")
_SPAN = re.compile(r"[0-9]{1,3}")
_SPECIAL = re.compile(r"<iframe( [^>]*)?>.*?</iframe>|<input( [^>]*)?>|<[^>]*>", re.DOTALL)
# Passes until nothing changes. Nearly everything is settled after one; what is not after five is text.
_PASSES_MAX = 5


def sanitise(html: str) -> str:
    """`html` with only what is safe on our pages: no script, style, form or foreign frame; ids prefixed.

    Links carry `rel="nofollow ugc noopener"`, frames are players of known hosts in a sandbox, images load
    lazily over http(s) or from a path. The result is balanced, and sanitising it again changes nothing,
    even after Unicode normalisation. Raises TooComplex for HTML that could not be parsed in linear time.
    """
    html = check_html(clean(html))
    for _ in range(_PASSES_MAX):
        before, html = html, _sanitise_once(html)
        if html == before:
            return html
    return _words_only(html)


def _sanitise_once(html: str) -> str:
    html = _CLEANER.clean(clean(html))
    return _SPECIAL.sub(_settle, html) if "<iframe" in html or "<input" in html else html


def _settle(match: re.Match[str]) -> str:
    """A frame has our rules, and no fallback, which is raw text to the parser; one without an address goes,
    and so does a field that is not a check box. Every other tag matches too and stays as it is, so that
    nothing inside an attribute is ever taken for a tag.
    """
    if match[0].startswith("<iframe"):
        attributes = match[1] or ""
        return f"<iframe{attributes} {_FRAME_RULES}></iframe>" if ' src="' in attributes else ""
    if match[0].startswith("<input"):
        return match[0] if ' type="checkbox"' in (match[2] or "") else ""
    return match[0]


def _words_only(html: str) -> str:
    previous = None
    while html != previous:
        previous = html
        html = clean(nh3.clean(html, tags=set(), clean_content_tags=set(_DROPPED_WITH_CONTENT)))
    return html


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return _filter_classes(tag, value)
    if name == "href":
        return _filter_link(value)
    if name in ("src", "poster", "cite"):
        return _filter_source(tag, value)
    if name in ("width", "height"):
        return value if _NUMBER.fullmatch(value) else None
    if name in ("colspan", "rowspan", "span"):
        # A browser makes as many cells as it is told.
        return value if _SPAN.fullmatch(value) else None
    if name == "dir":
        return value if value in ("ltr", "rtl", "auto") else None
    return value


@lru_cache(maxsize=2048)
def _filter_classes(tag: str, value: str) -> str | None:
    kept = [
        each
        for each in value.split()
        if each in _CLASSES
        or (tag == "span" and each in _CODE_CLASSES)
        or (tag == "code" and _LANGUAGE.fullmatch(each))
    ]
    return " ".join(kept) or None


def _filter_link(value: str) -> str:
    """Links within the page follow the prefixed ids."""
    if value.startswith("#") and len(value) > 1 and not value.startswith("#" + ID_PREFIX):
        return f"#{ID_PREFIX}{value[1:]}"
    return value


def _filter_source(tag: str, value: str) -> str | None:
    if tag == "iframe":
        return value if is_player(value) else None
    value = value.strip()
    return None if _SCHEME.match(value) and not _WEB.match(value) else value


_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=set(_DROPPED_WITH_CONTENT),
    attributes=_ATTRIBUTES,
    attribute_filter=_filter_attribute,
    tag_attribute_values={"input": {"type": {"checkbox"}}},
    set_tag_attribute_values=_FORCED,
    link_rel=None,
    url_schemes={"http", "https", "mailto"},
    id_prefix=ID_PREFIX,
)
