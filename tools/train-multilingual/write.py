"""Writes the model file (specs/embedder-multilingual.md): the trained rows in four bits, the words, and all constants.

usage: write.py OUT VECTORS.npy FILE.bin [--mu .15] [--digits 1.6] [--oov .7] [--negation 2] [--common .5] [--flatten .35]
"""
import argparse
import hashlib
import json
import math
import struct
from pathlib import Path

import numpy as np

from tokens import Tokeniser, fold_table, plain_table
from evaluate import NEGATION
from export import finish, quantise
from lexical import gram_weights

MAGIC = b"CEMULT01"
ABOUT = (
    "Static word vectors in four bits for English, German, Spanish, French and, less well, Italian, Dutch and Portuguese, distilled from "
    "intfloat/multilingual-e5-small (MIT). A text is a weighted sum of its words: it knows what words mean, in whichever of these languages, "
    "not their order nor who did what to whom."
)


def front_coded(rows: list[str]) -> bytes:
    """Sorted by bytes; each: bytes shared with the one before, further bytes, these."""
    out, before = bytearray(), b""
    for row in rows:
        word = row.encode()
        shared = 0
        while shared < min(len(before), len(word)) and before[shared] == word[shared]:
            shared += 1
        out += bytes((shared, len(word) - shared)) + word[shared:]
        before = word
    return bytes(out)


def options(parser: argparse.ArgumentParser) -> None:
    for name, value in (("mu", 0.15), ("digits", 1.6), ("oov", 0.7), ("negation", 2.0), ("common", 0.5), ("flatten", 0.35)):
        parser.add_argument(f"--{name}", type=float, default=value)


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("folder"), p.add_argument("vectors"), p.add_argument("out")
    options(p)
    a = p.parse_args()
    rows = json.loads((Path(a.folder) / "rows.json").read_text())["rows"]
    vectors = finish(np.load(a.vectors).astype(np.float64), a.common, a.flatten)
    vectors[[i for i, r in enumerate(rows) if r in NEGATION]] *= a.negation
    q, step = quantise(vectors)
    multipliers = np.rint(step * math.sqrt(1 - a.mu) * 65536)
    lengths = np.rint(np.linalg.norm(vectors, axis=1) * math.sqrt(a.mu) * 4096)
    assert multipliers.max() < 65536 and lengths.max() < 65536
    nibbles = (q & 15).astype(np.uint8)
    fold, plain = fold_table(), plain_table()
    tokeniser = Tokeniser(fold, plain)
    sections = {
        "words": front_coded(rows),
        "multipliers": multipliers.astype("<u2").tobytes(),
        "lengths": lengths.astype("<u2").tobytes(),
        "table": (nibbles[:, 0::2] | (nibbles[:, 1::2] << 4)).tobytes(),
        "grams": gram_weights([tokeniser.plain(r) for r in rows]).tobytes(),
    }
    places, at = {}, 0
    for name, content in sections.items():
        places[name] = [at, len(content)]
        at += len(content)
    header = {
        "model": "builtin/multilingual-1", "about": ABOUT, "rows": len(rows), "semantic": vectors.shape[1], "lexical": 128,
        "unknown": round(a.oov * 4096), "numeral": round(a.digits * 4096), "counts": [round(256 * (1 + math.log(n))) for n in range(1, 65)],
        "sections": places, "fold": {f"{k:x}": v for k, v in fold.items()}, "plain": {f"{k:x}": v for k, v in plain.items() if k < 0x2000},
    }
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(len(text) + 12) % 8)
    content = MAGIC + struct.pack("<I", len(text)) + text + b"".join(sections.values())
    Path(a.out).write_bytes(content)
    print(a.out, len(content), "bytes, sha256", hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
