"""From characters to words, for Chinese and English together; and which language a text is in."""

from __future__ import annotations

import re
import unicodedata

from paideia.science.checks import library

WORD = re.compile(r"[a-z0-9]+(?:['’-][a-z0-9]+)*|[^\W_a-z0-9]+", re.IGNORECASE)
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
HAN_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")

ENGLISH_STOP = """
    a an and are as at be been but by can did do does for from had has have he her his how i if in into is
    it its me my no not of on or our out she so than that the their them then there these they this to up
    was we were what when which who will with would you your
"""
CHINESE_STOP = """
    的 了 在 是 我 有 和 就 不 人 都 一 一个 上 也 很 到 说 要 去 你 会 着 没有 看 好 自己 这 那 他 她 它 们 我们 你们
    他们 与 及 或 而 被 把 让 给 对 为 以 于 之 其 中 等 吗 呢 吧 啊 这个 那个 什么 怎么 还 又 再 但 但是 因为 所以 如果
"""
STOP = frozenset(f"{ENGLISH_STOP} {CHINESE_STOP}".split())
"""Words too common to say what a text is about."""


def normalise(text: str) -> str:
    """One form for what looks the same: NFKC (full-width letters become plain), lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def words(text: str, *, stop: bool = False) -> list[str]:
    """Words in order, normalised: Chinese cut by rjieba, everything else at spaces and signs.

    With `stop`, without the commonest words and single non-Chinese letters.
    """
    cut = library("rjieba").cut
    found: list[str] = []
    for run in WORD.findall(normalise(text)):
        found.extend(cut(run) if HAN.search(run) else [run])
    if stop:
        found = [w for w in found if w not in STOP and (len(w) > 1 or HAN.match(w))]
    return found


def sentences(text: str) -> list[str]:
    """Sentences in order, cut after . ! ? ; and their Chinese forms, and at line breaks."""
    parts = re.split(r"(?<=[。！？；!?;])|(?<=\.)\s+|\n+", text)
    return [part.strip() for part in parts if part and part.strip()]


SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", HAN),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
)

FUNCTION_WORDS = {
    "en": "the of and to in is that it was for on are with as his they be at this have from or had by but what all"
    " were we when your can there use an each which she do how their if will i you my",
    "fr": "le la les de des du un une et est en que qui dans pour pas sur au aux avec ce cette ne se plus par je il"
    " elle nous vous ils sont mais ou où été être on si leur tout",
    "de": "der die das und ist in zu den nicht von sie mit dem sich ein eine auf für als auch es an er so dass wir ich"
    " werden aus hat bei oder um noch wie einem über",
    "es": "el la los las de que y en un una es por con no se del para su al lo como más pero sus le ya o este sí"
    " porque esta entre cuando muy sin sobre también me",
    "it": "il lo la i gli le di che e è un una in per non con sono del della si da al come più ma anche nel alla"
    " questo ha mi ti ci",
    "pt": "o a os as de que e em um uma é não para com do da no na se por mais como mas ao dos das foi ele ela isso"
    " são você eu também",
    "nl": "de het een en van in is dat op te zijn met voor niet aan er om ook als maar bij dan of wat hij ik je zij",
}  # fmt: skip


def language(text: str) -> str:
    """ISO 639-1 code of the text's language, "und" where there is too little to tell.

    By script where a script has one language (a few kana among Chinese characters make it Japanese), else
    by the share of function words (Grefenstette 1995), for English, French, German, Spanish, Italian,
    Portuguese and Dutch.
    """
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return "und"
    for code, script in SCRIPTS:
        share = sum(1 for c in letters if script.match(c)) / len(letters)
        if share > (0.05 if code == "ja" else 0.3) or (code == "zh" and 2 * share > 0.3):
            return code
    found = [w.strip("'’") for w in re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", normalise(text))]
    counts = {code: sum(w in common for w in found) for code, common in _COMMON.items()}
    best = max(counts, key=lambda code: counts[code])
    if counts[best] == 0:
        return "en" if len(found) > 2 and all(c.isascii() for c in letters) else "und"
    return best


_COMMON = {code: frozenset(listed.split()) for code, listed in FUNCTION_WORDS.items()}
