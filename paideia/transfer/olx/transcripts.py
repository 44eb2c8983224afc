"""What is said in a video, as paragraphs: from SubRip (.srt), WebVTT (.vtt) or Open edX's .sjson."""

import json
import re
from html import unescape
from textwrap import wrap

_TIMES = re.compile(r"^\s*(?:\d+:)?\d+:\d+[.,]\d+\s*-->")
_TAG = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")
_SENTENCES_A_PARAGRAPH = 5
_CHARACTERS_A_PARAGRAPH = 700


def spoken(text: str, name: str) -> str:
    """The words in paragraphs of a few sentences. Empty where the file holds none."""
    pieces = _sjson(text) if name.endswith(".sjson") else _cues(text)
    words = " ".join(" ".join(_TAG.sub("", unescape(piece)).split()) for piece in pieces)
    sentences = [s for s in re.split(r"(?<=[.!?])\s+|(?<=[。！？])\s*", " ".join(words.split())) if s]
    return "\n\n".join(_paragraphs(sentences))


def _paragraphs(sentences: list[str]) -> list[str]:
    """A few sentences each; what a machine wrote down without full stops is cut by length."""
    step = _SENTENCES_A_PARAGRAPH
    found = (" ".join(sentences[start : start + step]) for start in range(0, len(sentences), step))
    return [part for paragraph in found for part in _cut(paragraph)]


def _cut(paragraph: str) -> list[str]:
    if len(paragraph) <= 2 * _CHARACTERS_A_PARAGRAPH:
        return [paragraph]
    return wrap(paragraph, _CHARACTERS_A_PARAGRAPH, break_long_words=False, break_on_hyphens=False)


def _cues(text: str) -> list[str]:
    """The lines of SubRip or WebVTT that are neither numbers, times nor notes."""
    words: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        lines = block.strip("\n").split("\n")
        start = next((i for i, line in enumerate(lines) if _TIMES.match(line)), None)
        words += lines[start + 1 :] if start is not None else []
    return words


def _sjson(text: str) -> list[str]:
    try:
        pieces = json.loads(text)["text"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    return [str(piece) for piece in pieces] if isinstance(pieces, list) else []
