"""Writes the model file (specs/embedder.md): the trained rows in four bits, the words, and all constants of the arithmetic.

usage: export.py FOLDER VECTORS.npy OUT.bin [--mu .15] [--digits 1.6] [--oov 0.7] [--negation 2.0] [--common .5] [--flatten .35]

--common damps the first principal direction, which nearly all texts share: sums of words have more of it than the teacher's
texts. --flatten divides every dimension by this power of its spread. Neither changes much for near pairs; both bring the
cosines of unrelated texts closer to the teacher's.
"""
import argparse
import hashlib
import json
import math
import struct
from pathlib import Path

import numpy as np

from evaluate import NEGATION
from lexical import gram_weights
from words import fold_table, read_exceptions

MAGIC = b"CEENGL01"
SPREADS = (1.6, 1.8, 2.0, 2.2, 2.4, 2.6, 3.0)
ABOUT = (
    "Static English word vectors in four bits, distilled from sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0) over the Open English "
    "WordNet (CC BY 4.0, https://en-word.net) and text composed from it. A text is a weighted sum of its words: it knows what words mean, "
    "not their order, who did what to whom, nor any language but English."
)


def quantise(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integers -7..7 and one step a row, the spread chosen for the least squared error."""
    best_error = np.full(len(vectors), np.inf)
    best_q = np.zeros(vectors.shape, np.int8)
    best_step = np.zeros(len(vectors))
    deviation = np.sqrt((vectors**2).mean(1)) + 1e-12
    for spread in SPREADS:
        step = spread * deviation / 7
        q = np.clip(np.rint(vectors / step[:, None]), -7, 7)
        # The least-squares step for these integers.
        step = (q * vectors).sum(1) / np.maximum((q * q).sum(1), 1)
        error = ((q * step[:, None] - vectors) ** 2).sum(1)
        better = error < best_error
        best_error[better], best_q[better], best_step[better] = error[better], q[better].astype(np.int8), step[better]
    return best_q, best_step


def finish(vectors: np.ndarray, common: float, flatten: float) -> np.ndarray:
    vectors = vectors.copy()
    vectors[:, 0] *= common
    spread = vectors.std(0)
    spread[0] = spread[1]  # it is no direction like the others
    vectors *= spread**-flatten
    return vectors / np.linalg.norm(vectors, axis=1).mean()


def front_coded(rows: list[str]) -> bytes:
    out = bytearray()
    before = b""
    for row in rows:
        word = row.encode("ascii")
        shared = 0
        while shared < min(len(before), len(word)) and before[shared] == word[shared]:
            shared += 1
        out += bytes((shared, len(word) - shared)) + word[shared:]
        before = word
    return bytes(out)


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("folder"), p.add_argument("vectors"), p.add_argument("out")
    p.add_argument("--mu", type=float, default=0.15), p.add_argument("--digits", type=float, default=1.6)
    p.add_argument("--oov", type=float, default=0.7), p.add_argument("--negation", type=float, default=2.0)
    p.add_argument("--common", type=float, default=0.5), p.add_argument("--flatten", type=float, default=0.35)
    a = p.parse_args()
    saved = json.loads((Path(a.folder) / "rows.json").read_text())
    rows = saved["rows"]
    vectors = np.load(a.vectors).astype(np.float64)
    vectors = finish(vectors, a.common, a.flatten)
    vectors[[i for i, r in enumerate(rows) if r in NEGATION]] *= a.negation
    weights = np.linalg.norm(vectors, axis=1)
    q, step = quantise(vectors)
    multipliers = np.rint(step * math.sqrt(1 - a.mu) * 65536)
    lengths = np.rint(weights * math.sqrt(a.mu) * 4096)
    assert multipliers.max() < 65536 and lengths.max() < 65536
    nibbles = (q & 15).astype(np.uint8)
    sections = {
        "words": front_coded(rows),
        "flags": bytes(saved["flags"][r] for r in rows),
        "multipliers": multipliers.astype("<u2").tobytes(),
        "lengths": lengths.astype("<u2").tobytes(),
        "table": (nibbles[:, 0::2] | (nibbles[:, 1::2] << 4)).tobytes(),
        "grams": gram_weights(rows).tobytes(),
    }
    places, at = {}, 0
    for name, content in sections.items():
        places[name] = [at, len(content)]
        at += len(content)
    header = {
        "model": "builtin/english-1", "about": ABOUT, "rows": len(rows), "semantic": vectors.shape[1], "lexical": 128,
        "unknown": round(a.oov * 4096), "numeral": round(a.digits * 4096), "counts": [round(256 * (1 + math.log(n))) for n in range(1, 65)],
        "sections": places, "exceptions": read_exceptions(), "fold": {f"{k:x}": v for k, v in fold_table().items()},
    }
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(len(text) + 12) % 8)
    content = MAGIC + struct.pack("<I", len(text)) + text + b"".join(sections.values())
    Path(a.out).write_bytes(content)
    print(a.out, len(content), "bytes, sha256", hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
