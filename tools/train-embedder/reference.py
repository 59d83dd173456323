"""The embedder once more, in Python's whole numbers, from the file alone: what sdk/src/embedders/english must equal bit for bit.

usage: reference.py MODEL.bin VECTORS.json   writes expected vectors (integers over 32768) of the texts in it
"""
import json
import struct
import sys
from math import isqrt
from pathlib import Path

import numpy as np

from lexical import lexical_sum
from vocabulary import Pieces
from words import Lemmatiser, Tokeniser

MAX_TOKENS = 8192


class Reference:
    def __init__(self, content: bytes):
        assert content[:8] == b"CEENGL01"
        (size,) = struct.unpack_from("<I", content, 8)
        self.header = h = json.loads(content[12 : 12 + size])
        part = {k: content[12 + size + at : 12 + size + at + n] for k, (at, n) in h["sections"].items()}
        words, before, at = [], b"", 0
        for _ in range(h["rows"]):
            shared, more = part["words"][at : at + 2]
            before = before[:shared] + part["words"][at + 2 : at + 2 + more]
            words.append(before.decode())
            at += 2 + more
        self.multipliers = np.frombuffer(part["multipliers"], "<u2").astype(np.int64)
        self.lengths = np.frombuffer(part["lengths"], "<u2").astype(np.int64)
        table = np.frombuffer(part["table"], np.uint8).reshape(h["rows"], -1)
        self.table = np.empty((h["rows"], h["semantic"]), np.int64)
        self.table[:, 0::2], self.table[:, 1::2] = (table & 15).astype(np.int8), table >> 4
        self.table[self.table > 7] -= 16
        self.grams = np.frombuffer(part["grams"], np.uint8)
        self.tokeniser = Tokeniser({int(k, 16): v for k, v in h["fold"].items()})
        self.lemmatiser = Lemmatiser(dict(zip(words, part["flags"])), h["exceptions"])
        self.pieces = Pieces(words)
        self.cache: dict[str, list[int]] = {}

    def word(self, lemma: str) -> list[int]:
        found = self.cache.get(lemma)
        if found is not None:
            return found
        h = self.header
        row = self.pieces.index.get(lemma)
        pieces = [row] if row is not None else self.pieces.of(lemma)
        semantic = sum((self.table[p] * self.multipliers[p] for p in pieces), np.zeros(h["semantic"], np.int64)) * 256
        length = int(self.lengths[row]) if row is not None else h["unknown"] if pieces else h["numeral"]
        sums = [int(x) for x in lexical_sum(lemma, self.grams)]
        norm = isqrt(sum(x * x for x in sums) << 16)
        unit = [((x << 21) + norm) // (2 * norm) if norm else 0 for x in sums]
        found = self.cache[lemma] = [int(x) for x in semantic] + [length * u for u in unit]
        return found

    def embed(self, text: str) -> list[int]:
        """Integers over 32768; an empty list for a text without tokens."""
        h = self.header
        counts: dict[str, int] = {}
        tokens = self.tokeniser.tokens(text)[:MAX_TOKENS]
        if not tokens:
            return []
        for token in tokens:
            lemma = self.lemmatiser.lemma(token)
            counts[lemma] = counts.get(lemma, 0) + 1
        total = [0] * (h["semantic"] + h["lexical"])
        for lemma, n in counts.items():
            factor = h["counts"][min(n, 64) - 1]
            total = [t + factor * x for t, x in zip(total, self.word(lemma))]
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
    content = Path(model).read_bytes()
    reference = Reference(content)
    path = Path(vectors)
    cases = json.loads(path.read_text(encoding="utf-8"))
    for case in cases["cases"]:
        case["tokens"] = [reference.lemmatiser.lemma(t) for t in reference.tokeniser.tokens(case["text"])]
        case["vector"] = reference.embed(case["text"])
    lines = ",\n".join("    " + json.dumps(c, ensure_ascii=False) for c in cases["cases"])
    path.write_text('{\n  "about": ' + json.dumps(cases["about"]) + ',\n  "cases": [\n' + lines + "\n  ]\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
