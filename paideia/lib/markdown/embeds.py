"""Videos in the page: which addresses become a player, and which players a page may contain."""

import re
from collections.abc import Callable
from urllib.parse import SplitResult, parse_qs, urlsplit

from markdown_it.common.utils import escapeHtml
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

# The only frames there are; a Content-Security-Policy names the same hosts in frame-src.
_PLAYERS = {
    "www.youtube-nocookie.com": re.compile(r"/embed/[\w-]{6,20}"),
    "player.vimeo.com": re.compile(r"/video/[0-9]{4,12}"),
    "player.bilibili.com": re.compile(r"/player\.html"),
}
EMBED_HOSTS = tuple(_PLAYERS)
_QUERY = re.compile(r"[\w&=.-]*")
_CLOCK = re.compile(r"(?:(\d{1,2})h)?(?:(\d{1,3})m)?(?:(\d{1,5})s?)?")


def is_player(url: str) -> bool:
    """Is this exactly the address of a player of a known host: https, no port, no user, a known path?"""
    parts = _split(url)
    if parts is None or not url.startswith("https://") or parts.netloc not in _PLAYERS or "#" in url:
        return False
    return (
        _PLAYERS[parts.netloc].fullmatch(parts.path) is not None and _QUERY.fullmatch(parts.query) is not None
    )


def player_for(url: str) -> str | None:
    """The player's address for the page of a video, or None if it is not one that we know."""
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https"):
        return None
    find = _FINDERS.get(parts.netloc.lower().removeprefix("www.").removeprefix("m."))
    player = find(parts.path, parse_qs(parts.query)) if find else None
    return player if player and is_player(player) else None


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _youtube(path: str, query: dict[str, list[str]]) -> str | None:
    match = re.fullmatch(r"/(?:shorts|live|embed)/([\w-]{6,20})/?", path)
    video = match[1] if match else query.get("v", [""])[0] if path == "/watch" else ""
    return _youtube_player(video, query)


def _youtu_be(path: str, query: dict[str, list[str]]) -> str | None:
    return _youtube_player(path.strip("/"), query)


def _youtube_player(video: str, query: dict[str, list[str]]) -> str | None:
    if not video:
        return None
    start = _start_seconds(query)
    return f"https://www.youtube-nocookie.com/embed/{video}" + (f"?start={start}" if start else "")


def _start_seconds(query: dict[str, list[str]]) -> int:
    match = _CLOCK.fullmatch((query.get("t") or query.get("start") or [""])[0])
    if not match:
        return 0
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _vimeo(path: str, query: dict[str, list[str]]) -> str | None:
    match = re.fullmatch(r"/([0-9]{4,12})/?", path)
    return f"https://player.vimeo.com/video/{match[1]}?dnt=1" if match else None


def _bilibili(path: str, query: dict[str, list[str]]) -> str | None:
    match = re.fullmatch(r"/video/(?:(BV[0-9A-Za-z]{10})|av([0-9]{1,12}))/?", path)
    if not match:
        return None
    page = query.get("p", ["1"])[0]
    name = f"bvid={match[1]}" if match[1] else f"aid={match[2]}"
    part = f"&p={page}" if re.fullmatch(r"[1-9][0-9]{0,3}", page) and page != "1" else ""
    return f"https://player.bilibili.com/player.html?{name}{part}&autoplay=0"


_FINDERS: dict[str, Callable[[str, dict[str, list[str]]], str | None]] = {
    "youtube.com": _youtube,
    "youtu.be": _youtu_be,
    "vimeo.com": _vimeo,
    "bilibili.com": _bilibili,
}


def embeds(state: StateCore) -> None:
    """Core rule: a paragraph that is one bare address becomes a player or a card for a link."""
    tokens = state.tokens
    for place in range(1, len(tokens) - 1):
        url = _bare_address(tokens[place])
        if url is None or tokens[place - 1].type != "paragraph_open" or tokens[place - 1].hidden:
            continue
        opening, closing = tokens[place - 1], tokens[place + 1]
        player = player_for(url)
        if player:
            opening.tag = closing.tag = "figure"
            opening.attrSet("class", "embed embed-video")
            frame = Token("html_inline", "", 0)
            frame.content = f'<iframe src="{escapeHtml(player)}"></iframe>'
            tokens[place].children = [frame]
        else:
            opening.attrSet("class", "link-card")


def _bare_address(token: Token) -> str | None:
    """The address if the line is nothing but it, as it stands or in angle brackets."""
    children = token.children or []
    if token.type != "inline" or len(children) != 3 or children[0].type != "link_open":
        return None
    url = str(children[0].attrs.get("href", ""))
    return url if children[0].info == "auto" and url.startswith(("http://", "https://")) else None
