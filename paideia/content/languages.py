"""Which language a text is in, told by its letters and its commonest words."""

import re

from paideia.lib.text import is_cjk

_SAMPLE = 4000
_KANA = re.compile("[\u3041-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7af]")
_WORD = re.compile(r"[^\W\d_]+")
# Words of each language that hardly stand in the others.
_COMMON = {
    "en": "the and of to is that for with are this be you not have was it on as from they",
    "fr": "le les des et est une dans que pour pas sur au avec qui ce plus vous sont du je",
    "de": "der die und das ist nicht ein eine mit zu den auf von im sich wie auch ich wird",
    "es": "el los y una para por con las del se como más pero lo su al este son hay muy",
}


def language_of(text: str) -> str:
    """ "zh", "ja", "ko", "en", "fr", "de" or "es"; empty for a text too short or in another language."""
    sample = text[:_SAMPLE]
    letters = sum(map(str.isalpha, sample))
    if not letters:
        return ""
    cjk = sum(map(is_cjk, sample))
    if len(_HANGUL.findall(sample)) > 0.2 * letters:
        return "ko"
    if cjk > 0.2 * letters:
        return "ja" if len(_KANA.findall(sample)) > 0.1 * cjk else "zh"
    words = [word.lower() for word in _WORD.findall(sample)]
    found = {language: sum(word in common for word in words) for language, common in _COMMON_SETS.items()}
    best = max(found, key=lambda language: found[language])
    return best if found[best] >= max(2, 0.05 * len(words)) else ""


_COMMON_SETS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
