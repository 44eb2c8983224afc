"""Texts in Chinese and English: what they are about, what they deserve, and whom they were copied from."""

from paideia.science.text.classifier import TextClassifier, fit_text_classifier, shape_of
from paideia.science.text.copying import (
    LEVELS,
    SIMILARITIES,
    CopyJudge,
    Passage,
    containment,
    fingerprint_share,
    fit_copy_judge,
    longest_common_share,
    passages,
    similarities,
    winnow,
)
from paideia.science.text.duplicates import (
    MinHash,
    Pairs,
    Shingles,
    close_prints,
    min_hash,
    shingles,
    sim_hash,
    similar_pairs,
)
from paideia.science.text.tokens import language, normalise, sentences, words
from paideia.science.text.topics import Interests, Topics, find_topics, interests, keyphrases

__all__ = [
    "LEVELS",
    "SIMILARITIES",
    "CopyJudge",
    "Interests",
    "MinHash",
    "Pairs",
    "Passage",
    "Shingles",
    "TextClassifier",
    "Topics",
    "close_prints",
    "containment",
    "find_topics",
    "fingerprint_share",
    "fit_copy_judge",
    "fit_text_classifier",
    "interests",
    "keyphrases",
    "language",
    "longest_common_share",
    "min_hash",
    "normalise",
    "passages",
    "sentences",
    "shape_of",
    "shingles",
    "sim_hash",
    "similar_pairs",
    "similarities",
    "winnow",
    "words",
]
