"""Near-duplicates among many texts, beside datasketch."""

from __future__ import annotations

from typing import Any

import numpy as np

from paideia.bench.science.speed.case import Work


def _texts(scale: float) -> list[str]:
    """100,000 texts of about 300 characters, a tenth of them changed in one word from an earlier one."""
    rng = np.random.default_rng(1)
    words = np.array(
        ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), rng.integers(2, 9))) for _ in range(20_000)]
    )
    texts = [" ".join(words[rng.integers(0, len(words), 50)]) for _ in range(int(90_000 * scale))]
    for k in rng.integers(0, len(texts), int(10_000 * scale)):
        copied = texts[k].split()
        copied[rng.integers(50)] = "changed"
        texts.append(" ".join(copied))
    return texts


def duplicates_ours(scale: float) -> Work:
    from paideia.science.text import min_hash, shingles, similar_pairs

    texts = _texts(scale)
    return lambda: len(
        similar_pairs(min_hash(shingles(texts), rng=np.random.default_rng(1)), threshold=0.7).first
    )


def duplicates_datasketch(scale: float) -> Work:
    from datasketch import MinHash, MinHashLSH

    texts = _texts(scale)

    def work() -> Any:
        index, found = MinHashLSH(threshold=0.7, num_perm=128), 0
        for number, text in enumerate(texts):
            print_ = MinHash(num_perm=128)
            print_.update_batch([text[i : i + 5].encode() for i in range(len(text) - 4)])
            found += len(index.query(print_))
            index.insert(number, print_)
        return found

    return work
