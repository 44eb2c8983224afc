"""Handles: what people are called by, and which of them look alike. Slugs: titles in addresses."""

import re
import unicodedata

from django.utils.translation import gettext as _

from paideia.lib.refusal import Invalid
from paideia.lib.text import clean_line

HANDLE_CHARACTERS_MIN = 3
HANDLE_CHARACTERS_MAX = 30
SKELETON_CHARACTERS_MAX = 80
SLUG_CHARACTERS_MAX = 80

_ALLOWED = re.compile(r"[^\W_](?:[\w-]*[^\W_])?")
_NOT_IN_SLUG = re.compile(r"[^\w]+|_+")
# Scripts written without spaces between words, whose writers use Latin letters too (UTS 39, 5.2, "highly
# restrictive"). Any other script stands alone: a name half Latin, half Cyrillic is made to deceive.
_WITH_LATIN = {"CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"}

_RESERVED = """
admin administrator moderator mod owner staff support help root system official security billing payments
abuse postmaster webmaster paideia everyone here all me new edit settings account login logout signup api
static media null undefined anonymous deleted 管理员 官方 客服 系统
"""


class HandleRefused(Invalid):
    """This handle cannot be had; the message says what to change."""


def normalise_handle(handle: str) -> str:
    """The form in which a handle is stored: NFKC, without a leading @."""
    return unicodedata.normalize("NFKC", clean_line(handle)).strip().removeprefix("@")


def check_handle(handle: str) -> str:
    """The normalised handle. Raises HandleRefused.

    3 to 30 letters of any script, digits, `_` and `-`, from a letter or digit to a letter or digit, at
    least one letter. Whether it is taken is for the database: unique by lower case and by `skeleton`.
    """
    handle = normalise_handle(handle)
    if not HANDLE_CHARACTERS_MIN <= len(handle) <= HANDLE_CHARACTERS_MAX:
        limits = {"least": HANDLE_CHARACTERS_MIN, "most": HANDLE_CHARACTERS_MAX}
        raise HandleRefused(_("A handle has %(least)s to %(most)s characters.") % limits)
    if not _ALLOWED.fullmatch(handle) or any(
        each.isnumeric() and not each.isascii() and not _is_han(each) for each in handle
    ):
        raise HandleRefused(_("A handle is made of letters and digits, with _ or - between them."))
    if not any(each.isalpha() for each in handle):
        raise HandleRefused(_("A handle needs a letter."))
    if _mixes_scripts(handle):
        raise HandleRefused(
            _("A handle is written in one script; only Chinese, Japanese and Korean mix with Latin.")
        )
    if {skeleton(handle), skeleton(handle.casefold())} & _RESERVED_SKELETONS:
        raise HandleRefused(_("This handle is kept for the platform. Choose another."))
    return handle


def skeleton(handle: str) -> str:
    """What a handle looks like: two handles with the same skeleton can be mistaken for each other.

    UTS 39 in small: NFKC, then look-alikes of Latin letters in Cyrillic, Greek, Armenian, Cherokee and
    phonetic script, of kana and ideographs, 0 and o, 1 and l, rn and m, vv and w, `_` and `-`; case does
    not count, but a capital I looks like l and not like i, so this goes together with a constraint on the
    lower-case handle. Not covered: accents (é differs from e), ideographs that differ by a stroke (土 士),
    simplified and traditional forms, and scripts other than those named.
    """
    seen = unicodedata.normalize("NFKC", handle).translate(_CAPITALS).casefold()
    seen = unicodedata.normalize("NFKC", seen).translate(_LOOK_ALIKES).translate(_MERGED)
    seen = seen.replace("rn", "m").replace("vv", "w")
    return unicodedata.normalize("NFKC", seen)[:SKELETON_CHARACTERS_MAX]


def slugify(title: str, *, characters_max: int = SLUG_CHARACTERS_MAX) -> str:
    """A title in an address: lower-case words of any script joined by hyphens; empty if there are none."""
    words = unicodedata.normalize("NFKC", clean_line(title)).casefold()
    slug = _NOT_IN_SLUG.sub("-", unicodedata.normalize("NFC", words)).strip("-")
    if len(slug) <= characters_max:
        return slug
    whole_words = slug[: characters_max + 1].rpartition("-")[0]
    return (whole_words if len(whole_words) > characters_max // 2 else slug[:characters_max]).strip("-")


def _is_han(character: str) -> bool:
    return _script(character) in ("CJK", "IDEOGRAPHIC")


def _script(character: str) -> str:
    return unicodedata.name(character, "UNKNOWN").split()[0]


def _mixes_scripts(handle: str) -> bool:
    scripts = {_script(each) for each in handle if each.isalpha()}
    return len(scripts - _WITH_LATIN - {"LATIN"}) > (0 if scripts & (_WITH_LATIN | {"LATIN"}) else 1)


# Look-alikes by what they look like. Capitals that change their looks when folded come first.
_CAPITALS = str.maketrans(
    {
        **dict.fromkeys("IІӀΙᏆ|", "l"),
        **dict.fromkeys("АΑᎪ", "a"),
        **dict.fromkeys("ВΒᏴ", "b"),
        **dict.fromkeys("СϹᏟ", "c"),
        **dict.fromkeys("ЕΕᎬ", "e"),
        **dict.fromkeys("НΗᎻ", "h"),
        **dict.fromkeys("ЈᎫ", "j"),
        **dict.fromkeys("КΚᏦ", "k"),
        **dict.fromkeys("МΜᎷ", "m"),
        **dict.fromkeys("Ν", "n"),
        **dict.fromkeys("ОΟՕ", "o"),
        **dict.fromkeys("РΡᏢ", "p"),
        **dict.fromkeys("ЅՏᏚ", "s"),
        **dict.fromkeys("ТΤᎢ", "t"),
        **dict.fromkeys("Ս", "u"),
        **dict.fromkeys("ХΧ", "x"),
        **dict.fromkeys("ҮΥ", "y"),
        **dict.fromkeys("ΖᏃ", "z"),
    }
)
_LOOK_ALIKES = str.maketrans(
    {
        **dict.fromkeys("аɑα", "a"),
        **dict.fromkeys("ьƅЬв", "b"),
        **dict.fromkeys("сϲᴄ", "c"),
        **dict.fromkeys("ԁɗ", "d"),
        **dict.fromkeys("еҽєε", "e"),
        **dict.fromkeys("ƒք", "f"),
        **dict.fromkeys("ɡց", "g"),
        **dict.fromkeys("һհн", "h"),
        **dict.fromkeys("іıɩιɪ", "i"),
        **dict.fromkeys("јϳ", "j"),
        **dict.fromkeys("кκᴋ", "k"),
        **dict.fromkeys("ӏǀ", "l"),
        **dict.fromkeys("мᴍ", "m"),
        **dict.fromkeys("пոռη", "n"),
        **dict.fromkeys("оοօσᴏഠ๐", "o"),
        **dict.fromkeys("рρϱ", "p"),
        **dict.fromkeys("ԛգ", "q"),
        **dict.fromkeys("гᴦ", "r"),
        **dict.fromkeys("ѕꜱ", "s"),
        **dict.fromkeys("тτᴛ", "t"),
        **dict.fromkeys("υսᴜʋ", "u"),
        **dict.fromkeys("νѵᴠ", "v"),
        **dict.fromkeys("ԝѡωɯᴡ", "w"),
        **dict.fromkeys("хχ", "x"),
        **dict.fromkeys("уүγʏ", "y"),
        **dict.fromkeys("ᴢ", "z"),
        **dict.fromkeys("зʒӡ", "3"),
        **dict.fromkeys("ーㅡ", "一"),
        **dict.fromkeys("ニ", "二"),
        **dict.fromkeys("エ", "工"),
        **dict.fromkeys("ロㅁ", "口"),
        **dict.fromkeys("カ", "力"),
        **dict.fromkeys("タ", "夕"),
        **dict.fromkeys("ト", "卜"),
        **dict.fromkeys("ハ", "八"),
        **dict.fromkeys("ノ", "丿"),
        **dict.fromkeys("チ", "千"),
        **dict.fromkeys("ヘ", "へ"),
        **dict.fromkeys("リ", "り"),
    }
)
_MERGED = str.maketrans({"0": "o", "1": "l", "_": "-"})
_RESERVED_SKELETONS = frozenset(map(skeleton, _RESERVED.split()))
