"""Scores of a table while it is trained: STS-B dev, and the pairs of pairs.py (first, among ten; of e5's share)."""
import json
from collections import Counter
from pathlib import Path

import numpy as np

import tokens  # noqa: F401 (finds the scripts of train-embedder)
from evaluate import NEGATION, spearman
from lexical import DIMS, gram_weights, lexical_sum


class Student:
    def __init__(self, vectors, names, tokeniser, rows, mu=0.15, digits=1.6, oov=0.7, negation=2.0):
        self.v, self.rows, self.tokeniser = vectors.astype(np.float32), rows, tokeniser
        self.weight = np.linalg.norm(vectors, axis=1)
        self.grams = gram_weights([tokeniser.plain(r) for r in names])
        self.mu, self.digits, self.oov, self.negation = mu, digits, oov, negation
        self.cache: dict[str, np.ndarray] = {}

    def word(self, word: str) -> np.ndarray:
        found = self.cache.get(word)
        if found is None:
            lexical = lexical_sum(self.tokeniser.plain(word), self.grams).astype(np.float64)
            lexical /= np.linalg.norm(lexical) or 1
            of = self.rows.of(word)
            length = self.weight[of[0]] if len(of) == 1 else self.oov if of else self.digits
            found = np.concatenate([(1 - self.mu) ** 0.5 * self.v[list(of)].sum(0), (self.mu**0.5 if of else 1) * length * lexical])
            self.cache[word] = found = found * (self.negation if word in NEGATION else 1)
        return found

    def embed(self, texts) -> np.ndarray:
        out = np.zeros((len(texts), self.v.shape[1] + DIMS), np.float32)
        for i, text in enumerate(texts):
            for word, n in Counter(self.tokeniser.tokens(text)).items():
                out[i] += (1 + np.log(n)) * self.word(word)
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def stsb_of(embed, path: str) -> float:
    lines = [l.split("\t") for l in Path(path).read_text(encoding="utf-8").split("\n")[1:] if l]
    return spearman((embed([l[2] for l in lines]) * embed([l[3] for l in lines])).sum(1), [float(l[1]) for l in lines])


def found_of(embed, folder: str, name: str) -> dict[str, float]:
    data = json.loads((Path(folder) / f"{name}.json").read_text(encoding="utf-8"))
    passages = embed(data["passages"])
    out = {}
    for language, asked in data["questions"].items():
        order = np.argsort(-(embed([q for q, _ in asked]) @ passages.T), axis=1, kind="stable")
        rank = np.array([np.flatnonzero(order[i] == p)[0] for i, (_, p) in enumerate(asked)])
        out[f"{name}.{language}"] = float((rank == 0).mean())
        out[f"{name}.{language}@10"] = float((rank < 10).mean())
    return out


def scores(vectors, names, tokeniser, rows, pairs, stsb, sets=("man",), **options) -> dict[str, float]:
    embed = Student(vectors, names, tokeniser, rows, **options).embed
    out = {"stsb": stsb_of(embed, stsb)} if stsb else {}
    for name in sets if pairs else ():
        out |= found_of(embed, pairs, name)
    return out


def line(found: dict[str, float]) -> str:
    return " ".join(f"{k} {v:.3f}" for k, v in found.items())
