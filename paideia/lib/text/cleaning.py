"""Text from people, made safe to store, compare and show."""

import re
import unicodedata

# Controls but tab and newline, lone surrogates, non-characters; soft hyphen, byte order mark and other
# invisible characters that let two equal-looking texts differ; embeddings, overrides and isolates that
# reorder what stands around them (the plain marks LRM, RLM and ALM only affect their own place: kept).
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u180e\u200b\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ud800-\udfff\ufeff\ufff0-\ufffb\ufffe\uffff]"
)
# A class of characters is fast only while all of them are in the basic plane, so the others stand apart.
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_UNWANTED_ASTRAL = re.compile(
    "[\U000e0000-\U000e001f"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 17))
    + "]"
)
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Tag characters spell the flags of England, Scotland and Wales, and are a hiding place anywhere else.
_HIDDEN_TAGS = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]+")
_JOINERS = re.compile("([\u200c\u200d\ufe00-\ufe0f])\\1+")
_SPACES = re.compile(r"\s+")


def _stacked_marks(first: int, last: int) -> re.Pattern[str]:
    marks = "".join(chr(code) for code in range(first, last) if unicodedata.combining(chr(code)))
    return re.compile(f"([{marks}]{{{_MARKS_MAX}}})[{marks}]+")


# No script needs more marks on one letter; a thousand of them draw over the lines around, and
# normalising takes the square of their number.
_MARKS_MAX = 8
_STACKED = _stacked_marks(0x300, 0x10000)
_STACKED_ASTRAL = _stacked_marks(0x300, 0x1F000)


def clean(text: str) -> str:
    """`text` in NFC with `\\n` line ends, without NUL, controls, lone surrogates, invisible characters and
    marks that turn the direction of writing. Cleaning twice changes nothing; the time is linear.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _BREAKS.sub("\n", text)
    text = _UNWANTED.sub("", text)
    if text.isascii():
        return text
    stacked = _STACKED
    if _ASTRAL.search(text):
        text = _UNWANTED_ASTRAL.sub("", _HIDDEN_TAGS.sub("", text))
        stacked = _STACKED_ASTRAL
    text = stacked.sub(r"\1", _JOINERS.sub(r"\1", text))
    if unicodedata.is_normalized("NFC", text):
        return text
    # Composing may bring marks closer together; one more cut keeps the promise above.
    return unicodedata.normalize("NFC", stacked.sub(r"\1", unicodedata.normalize("NFC", text)))


def clean_line(text: str) -> str:
    """`clean` for a field of one line: every run of white space is one space, none at the ends."""
    return _SPACES.sub(" ", clean(text)).strip()
