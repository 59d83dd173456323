"""The embedder once more, in Python's whole numbers, from the file alone: what sdk/src/embedders/multilingual must equal bit for bit.

usage: reference.py MODEL.bin VECTORS.json   writes expected tokens, rows and vectors (integers over 32768) of the texts in it
"""
import json
import struct
import sys
from collections import Counter
from math import isqrt
from pathlib import Path

import numpy as np

from tokens import Rows, Tokeniser
from lexical import lexical_sum

MAX_TOKENS = 8192


class Reference:
    def __init__(self, content: bytes):
        assert content[:8] == b"CEMULT01"
        (size,) = struct.unpack_from("<I", content, 8)
        self.header = h = json.loads(content[12 : 12 + size])
        part = {k: content[12 + size + at : 12 + size + at + n] for k, (at, n) in h["sections"].items()}
        names, before, at = [], b"", 0
        for _ in range(h["rows"]):
            shared, more = part["words"][at : at + 2]
            before = before[:shared] + part["words"][at + 2 : at + 2 + more]
            names.append(before.decode())
            at += 2 + more
        self.names = names
        self.multipliers = np.frombuffer(part["multipliers"], "<u2").astype(np.int64)
        self.lengths = np.frombuffer(part["lengths"], "<u2").astype(np.int64)
        self.table = np.frombuffer(part["table"], np.uint8).reshape(h["rows"], -1)
        self.grams = np.frombuffer(part["grams"], np.uint8)
        self.tokeniser = Tokeniser({int(k, 16): v for k, v in h["fold"].items()}, {int(k, 16): v for k, v in h["plain"].items()})
        self.rows = Rows(names, self.tokeniser)
        self.cache: dict[str, np.ndarray] = {}

    def row(self, row: int) -> np.ndarray:
        out = np.empty(self.header["semantic"], np.int64)
        out[0::2], out[1::2] = self.table[row] & 15, self.table[row] >> 4
        out[out > 7] -= 16
        return out * self.multipliers[row] * 256

    def word(self, word: str) -> np.ndarray:
        found = self.cache.get(word)
        if found is None:
            h, rows = self.header, self.rows.of(word)
            semantic = sum((self.row(r) for r in rows), np.zeros(h["semantic"], np.int64))
            length = int(self.lengths[rows[0]]) if len(rows) == 1 else h["unknown"] if rows else h["numeral"]
            sums = [int(x) for x in lexical_sum(self.tokeniser.plain(word), self.grams)]
            norm = isqrt(sum(x * x for x in sums) << 16)
            unit = [((x << 21) + norm) // (2 * norm) if norm else 0 for x in sums]
            found = self.cache[word] = np.concatenate([semantic, np.array([length * u for u in unit], np.int64)])
        return found

    def embed(self, text: str) -> list[int]:
        """Integers over 32768; an empty list for a text without tokens."""
        tokens = self.tokeniser.tokens(text)[:MAX_TOKENS]
        if not tokens:
            return []
        counts = self.header["counts"]
        total = [int(x) for x in sum(counts[min(n, len(counts)) - 1] * self.word(word) for word, n in Counter(tokens).items())]
        largest = max(abs(t) for t in total)
        if largest == 0:
            return [32768] + [0] * (len(total) - 1)
        scale = 1
        while largest >= scale << 21:
            scale *= 2
        total = [(2 * t + scale) // (2 * scale) for t in total]
        norm = isqrt(sum(t * t for t in total))
        return [(65536 * t + norm) // (2 * norm) for t in total]

    def floats(self, texts) -> np.ndarray:
        return np.array([self.embed(t) or [0] * 384 for t in texts], np.float32) / 32768


def main(model: str, vectors: str) -> None:
    reference = Reference(Path(model).read_bytes())
    path = Path(vectors)
    cases = json.loads(path.read_text(encoding="utf-8"))
    for case in cases["cases"]:
        case["tokens"] = reference.tokeniser.tokens(case["text"])
        case["rows"] = [[reference.names[r] for r in reference.rows.of(t)] for t in case["tokens"]]
        case["vector"] = reference.embed(case["text"])
    lines = ",\n".join("    " + json.dumps(c, ensure_ascii=False) for c in cases["cases"])
    path.write_text('{\n  "about": ' + json.dumps(cases["about"]) + ',\n  "cases": [\n' + lines + "\n  ]\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
