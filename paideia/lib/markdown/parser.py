"""The one Markdown dialect of the house, put together from CommonMark and what people expect on top."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import emphasis, strikethrough
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from paideia.lib.markdown import code, inlines
from paideia.lib.markdown.callouts import callouts_plugin
from paideia.lib.markdown.divider import divider_plugin
from paideia.lib.markdown.embeds import embeds
from paideia.lib.markdown.limits import NESTING_MAX, check_nesting
from paideia.lib.markdown.outline import caption_images, number_headings

# Short rows are filled up to the width of their table: a line of one letter can cost a thousand cells.
vars(import_module("markdown_it.rules_block.table"))["MAX_AUTOCOMPLETED_CELLS"] = 8_192


@cache
def parser() -> MarkdownIt:
    """Holds no state between texts, so that threads share it."""
    # One level more than allowed: the parser leaves out what is deeper, and so we see that it would.
    md = MarkdownIt("commonmark", {"maxNesting": NESTING_MAX + 2, "xhtmlOut": False, "tasklists": True})
    md.enable(["table", "strikethrough"])
    footnote_plugin(md)
    deflist_plugin(md)
    # Only its blocks: its rule for lines takes the last character of the text for the one before the first.
    dollarmath_plugin(md, allow_labels=False, allow_blank_lines=False)
    md.inline.ruler.at("math_inline", inlines.formula)
    callouts_plugin(md)
    divider_plugin(md)
    _add_inlines(md)
    md.core.ruler.after("block", "nesting", _check_nesting)
    for rule in (caption_images, number_headings, embeds):
        md.core.ruler.push(rule.__name__, rule)
    _add_renderers(md)
    return md


def _check_nesting(state: StateCore) -> None:
    check_nesting(max((token.level for token in state.tokens), default=0))


def _add_inlines(md: MarkdownIt) -> None:
    md.inline.ruler.before("newline", "bare_link", inlines.bare_link)
    md.inline.ruler.before("newline", "mention", inlines.mention)
    md.inline.ruler.at("emphasis", inlines.beside_chinese(emphasis.tokenize))
    md.inline.ruler.at("strikethrough", inlines.beside_chinese(strikethrough.tokenize))


def _add_renderers(md: MarkdownIt) -> None:
    rules = md.renderer.rules  # type: ignore[attr-defined]
    rules["softbreak"] = inlines.render_softbreak
    rules["mention"] = inlines.render_mention
    rules["fence"] = code.render_fence
    rules["formula"] = inlines.render_formula
    rules["math_block"] = lambda tokens, index, *_: code.render_formula(tokens[index].content)
    rules["divider"] = _nothing
    rules["th_open"] = rules["td_open"] = _render_cell
    rules["footnote_anchor_name"] = _footnote_name
    rules["footnote_block_open"] = lambda *_: '<section class="footnotes">\n<ol class="footnotes-list">\n'


def _nothing(tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return '<div class="members-only"></div>\n' if tokens[index].level == 0 else ""


def _render_cell(tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Alignment by class: style attributes have no place under our Content-Security-Policy."""
    token = tokens[index]
    side = str(token.attrs.get("style", "")).removeprefix("text-align:")
    return f'<{token.tag} class="align-{side}">' if side else f"<{token.tag}>"


def _footnote_name(tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return f"{env.get('id_scope', '')}{tokens[index].meta['id'] + 1}"
