"""Scores of a table on the development sets of ../shared/data, for tuning (the published figures come from bench/embedder)."""
import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from lexical import DIMS, lexical_sum

NEGATION = ("not", "no", "never", "nobody", "nothing", "none", "without", "neither", "nor")


def spearman(a, b) -> float:
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


class Sets:
    def __init__(self, data: str):
        d = Path(data)
        lines = [l.split("\t") for l in (d / "similarity/stsb_dev.tsv").read_text().split("\n")[1:] if l]
        self.pairs = {"stsb": [(float(l[1]), l[2], l[3]) for l in lines]}
        lines = [l.split("\t") for l in (d / "similarity/sick.tsv").read_text().split("\n")[1:] if l]
        self.pairs["sick"] = [(float(l[3]), l[1], l[2]) for l in lines]
        for name, file in (("simlex", "EN-SIMLEX-999"), ("ws353", "EN-WS-353-ALL")):
            lines = [l.split("\t") for l in (d / f"similarity/{file}.txt").read_text().split("\n") if l]
            self.pairs[name] = [(float(l[2]), l[0], l[1]) for l in lines]
        self.agree = {}
        for name in ("ag_news", "jeopardy"):
            texts = json.loads((d / f"embeddings/two-models/{name}.texts.json").read_text())
            self.agree[name] = (texts, np.load(d / f"embeddings/two-models/{name}.minilm.f16.npy").astype(np.float32))
        self.ir = {}
        for name in ("cranfield", "npl"):
            docs = [json.loads(l) for l in (d / f"ir/{name}/corpus.jsonl").read_text().split("\n") if l]
            texts = [(x["title"] + " " if x.get("title") else "") + x["text"] for x in docs]
            queries = json.loads((d / f"ir/{name}/queries.json").read_text())
            self.ir[name] = (texts, [str(x["id"]) for x in docs], [(q["text"], {str(k) for k in q["rel"]}) for q in queries])


def ndcg(similar: np.ndarray, ids: list[str], relevant: list[set]) -> float:
    gains = 1 / np.log2(np.arange(2, 12))
    total = 0.0
    for row, rel in zip(similar, relevant):
        top = np.argsort(-row, kind="stable")[:10]
        total += sum(g for g, i in zip(gains, top) if ids[i] in rel) / gains[: min(10, len(rel))].sum()
    return total / len(relevant)


class Student:
    """`vectors`: rows as trained (their length is their weight), float."""

    def __init__(self, vectors, pieces, lemmatiser, tokeniser, gram_weights, mu=0.15, digits=1.6, oov=1.0, negation=2.0):
        self.v, self.pieces, self.lemmatiser, self.tokeniser, self.grams = vectors, pieces, lemmatiser, tokeniser, gram_weights
        self.sem, self.lex, self.digits, self.oov, self.negation = (1 - mu) ** 0.5, mu**0.5, digits, oov, negation
        self.weight = np.linalg.norm(vectors, axis=1)
        self.cache: dict[str, np.ndarray] = {}

    def word(self, lemma: str) -> np.ndarray:
        found = self.cache.get(lemma)
        if found is not None:
            return found
        lexical = lexical_sum(lemma, self.grams).astype(np.float64)
        lexical /= np.linalg.norm(lexical) or 1
        row = self.pieces.index.get(lemma)
        out = np.zeros(self.v.shape[1] + DIMS)
        if row is not None:
            k = self.negation if lemma in NEGATION else 1
            out[: -DIMS] = k * self.sem * self.v[row]
            out[-DIMS:] = k * self.lex * self.weight[row] * lexical
        else:
            pieces = self.pieces.of(lemma)
            out[: -DIMS] = self.sem * sum((self.v[p] for p in pieces), np.zeros(self.v.shape[1]))
            out[-DIMS:] = lexical * (self.digits if not pieces else self.oov)
        self.cache[lemma] = out
        return out

    def embed(self, texts) -> np.ndarray:
        out = np.zeros((len(texts), self.v.shape[1] + DIMS), np.float32)
        for i, text in enumerate(texts):
            for lemma, n in Counter(self.lemmatiser.lemma(t) for t in self.tokeniser.quick_tokens(text)).items():
                out[i] += (1 + np.log(n)) * self.word(lemma)
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def scores(embed, sets: Sets, retrieval=True) -> dict[str, float]:
    out = {}
    for name, rows in sets.pairs.items():
        a, b = embed([r[1] for r in rows]), embed([r[2] for r in rows])
        out[name] = spearman((a * b).sum(1), [r[0] for r in rows])
    for name, (texts, teacher) in sets.agree.items():
        e = embed(texts)
        upper = np.triu_indices(len(texts), 1)
        out[name] = spearman((e @ e.T)[upper], (teacher @ teacher.T)[upper])
    if retrieval:
        for name, (texts, ids, queries) in sets.ir.items():
            out[name] = ndcg(embed([q for q, _ in queries]) @ embed(texts).T, ids, [r for _, r in queries])
    return out


def line(found: dict[str, float]) -> str:
    return " ".join(f"{k} {v:.3f}" for k, v in found.items())
