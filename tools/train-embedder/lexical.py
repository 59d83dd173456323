"""The computed part of a vector: hashed 3- and 4-grams of a word, as specs/embedder.md says, in integers."""
import math
from collections import Counter

import numpy as np

DIMS = 128
BUCKETS = 1 << 16


def fnv(text: str) -> int:
    h = 0x811C9DC5
    for c in text:
        h = ((h ^ ord(c)) * 0x01000193) & 0xFFFFFFFF
    h ^= h >> 15
    h = (h * 0x2C1B3C6D) & 0xFFFFFFFF
    return h ^ (h >> 12)


def grams(word: str) -> list[str]:
    marked = f"<{word}>"
    return [marked[i : i + n] for n in (3, 4) for i in range(len(marked) - n + 1)]


def gram_weights(rows: list[str]) -> np.ndarray:
    """Bucket of a gram (low 16 bits of its hash) to 16 ln(1 + V / (1 + words that hold it)), rounded, one byte."""
    whole = [r for r in rows if not r.startswith("##")]
    counts = Counter(b for word in whole for b in {fnv(g) & 0xFFFF for g in grams(word)})
    return np.array([round(16 * math.log(1 + len(whole) / (1 + counts[b]))) for b in range(BUCKETS)], np.uint8)


def lexical_sum(word: str, weights: np.ndarray) -> np.ndarray:
    """128 integers, before they are brought to one length."""
    out = np.zeros(DIMS, np.int64)
    for gram in grams(word):
        h = fnv(gram)
        weight = int(weights[h & 0xFFFF])
        out[(h >> 16) & 127] += -weight if (h >> 23) & 1 else weight
    return out
