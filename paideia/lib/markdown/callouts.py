"""Boxes beside the argument: `> [!NOTE]` as on GitHub, `:::tip Title` as in most documentation tools."""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.container import container_plugin

# The title is part of what was written, so it is in the language of the text, not of the reader's page.
TITLES = {
    "note": ("Note", "注"),
    "tip": ("Tip", "提示"),
    "info": ("Information", "信息"),
    "important": ("Important", "重要"),
    "warning": ("Warning", "警告"),
    "caution": ("Caution", "小心"),
    "danger": ("Danger", "危险"),
    "success": ("Success", "成功"),
    "question": ("Question", "问题"),
    "details": ("Details", "详情"),
    "spoiler": ("Spoiler", "剧透"),
}
_FOLDED = ("details", "spoiler")


def callouts_plugin(md: MarkdownIt) -> None:
    """Callouts and folded parts; a container of another name stays text."""
    md.options["alerts"] = True
    md.core.ruler.after("block", "callout_titles", _title_alerts)
    container_plugin(md, "callout", validate=_is_known, render=_render_container)


def _kind_and_title(info: str) -> tuple[str, str]:
    kind, _, title = info.strip().partition(" ")
    return kind.lower(), title.strip()


def _is_known(info: str, markup: str) -> bool:
    return _kind_and_title(info)[0] in TITLES


def _title_alerts(state: StateCore) -> None:
    for place, token in enumerate(state.tokens):
        if token.type == "alert_open":
            kind = token.meta["kind"].lower()
            token.attrs["class"] = f"callout callout-{kind}"
            state.tokens[place + 1].attrs["class"] = "callout-title"
            state.tokens[place + 2].content = _default_title(kind, state.env)


def _default_title(kind: str, env: EnvType) -> str:
    return TITLES[kind][env.get("chinese", False)]


def _render_container(
    renderer: object, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    if token.nesting == -1:
        return "</details>\n" if token.meta.get("folded") else "</div>\n"
    kind, title = _kind_and_title(token.info)
    shown = escapeHtml(title or _default_title(kind, env))
    if kind in _FOLDED:
        _closing(tokens, index).meta["folded"] = True
        classes = "" if kind == "details" else ' class="spoiler"'
        return f"<details{classes}>\n<summary>{shown}</summary>\n"
    return f'<div class="callout callout-{kind}">\n<p class="callout-title">{shown}</p>\n'


def _closing(tokens: Sequence[Token], index: int) -> Token:
    level = tokens[index].level
    return next(
        each for each in tokens[index + 1 :] if each.level == level and each.type == "container_callout_close"
    )
