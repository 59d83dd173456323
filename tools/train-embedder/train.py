"""Distils the teacher into one vector a row: regression to its text vectors with a little contrast from WordNet.

usage: train.py WORDNET.jsonl.gz FOLDER OUT.npy [--steps N] [--data ../shared/data to print scores] PART...
PART is a stem in FOLDER with STEM.csr.npz (rows) and STEM.f16.npy (teacher); `STEM:2` counts it twice.
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from vocabulary import Pieces, wordnet_flags
from wordnet import synsets
from words import Lemmatiser, Tokeniser, fold_table, read_exceptions
from prepare import rows_of

DIMS = 256
BATCH = 1024


def load(folder: Path, parts: list[str], size: int):
    matrices, teachers = [], []
    for part in parts:
        stem, _, times = part.partition(":")
        z = np.load(folder / f"{stem}.csr.npz")
        m = csr_matrix((z["data"], z["indices"], z["starts"]), shape=(len(z["starts"]) - 1, size))
        t = np.load(folder / f"{stem}.f16.npy")
        keep = np.diff(m.indptr) > 0
        for _ in range(int(times or 1)):
            matrices.append(m[keep])
            teachers.append(t[keep])
    return matrices, teachers


def principal(teachers: list[np.ndarray], dims: int) -> np.ndarray:
    """(384, dims): the directions that hold most of the teacher's space, not centred, so that cosines stay cosines."""
    moment = np.zeros((384, 384))
    for t in teachers:
        for at in range(0, len(t), 100000):
            block = t[at : at + 100000].astype(np.float32)
            moment += block.T @ block
    values, vectors = np.linalg.eigh(moment)
    order = np.argsort(-values)[:dims]
    print(f"principal: {values[order].sum() / values.sum():.4f} of the teacher kept", flush=True)
    return vectors[:, order].astype(np.float32)


def contrast_pairs(all_synsets, rows_for, rng) -> list[tuple[dict, dict]]:
    by_id = {s["id"]: s for s in all_synsets}
    pairs = []
    for s in all_synsets:
        lemmas = s["lemmas"][:4]
        for lemma in lemmas:
            pairs.append((s["definition"], lemma))
        for i, a in enumerate(lemmas):
            for b in lemmas[i + 1 :]:
                pairs.append((a, b))
                pairs.append((a, b))
        near = s["hypernyms"][:1] + [i for k in ("similar", "also") for i in s.get("rel", {}).get(k, [])[:2]]
        for other in near:
            if other in by_id:
                pairs.append((rng.choice(lemmas), rng.choice(by_id[other]["lemmas"][:4])))
    return [(rows_for(str(a)), rows_for(str(b))) for a, b in pairs]


def to_csr(items: list[dict], size: int) -> csr_matrix:
    starts = np.cumsum([0] + [len(i) for i in items])
    indices = np.fromiter((k for i in items for k in i), np.int32)
    data = np.fromiter((v for i in items for v in i.values()), np.float32)
    return csr_matrix((data, indices, starts), shape=(len(items), size))


class Model:
    def __init__(self, vectors: np.ndarray, logs: np.ndarray, rate: float, log_rate: float):
        self.v, self.b, self.rate, self.log_rate = vectors, logs, rate, log_rate
        self.v2 = np.full(len(vectors), 1e-10, np.float32)
        self.b2 = np.full(len(vectors), 1e-10, np.float32)

    def forward(self, x: csr_matrix):
        columns, inverse = np.unique(x.indices, return_inverse=True)
        weighted = csr_matrix((x.data * np.exp(self.b[x.indices]), inverse, x.indptr), shape=(x.shape[0], len(columns)))
        sums = weighted @ self.v[columns]
        lengths = np.linalg.norm(sums, axis=1, keepdims=True) + 1e-9
        return columns, weighted, lengths, sums / lengths

    def apply(self, states, gradients, scale: float) -> None:
        """`states`: forward results; `gradients`: of the loss with respect to the unit vectors."""
        columns = np.concatenate([s[0] for s in states])
        parts = []
        for (_, weighted, lengths, unit), g in zip(states, gradients):
            g = (g - unit * (g * unit).sum(1, keepdims=True)) / lengths
            parts.append(weighted.T @ g)
        every, inverse = np.unique(columns, return_inverse=True)
        gv = np.zeros((len(every), self.v.shape[1]), np.float32)
        np.add.at(gv, inverse, np.concatenate(parts)) if len(states) > 1 else gv.__setitem__(inverse, parts[0])
        gb = (gv * self.v[every]).sum(1)
        self.v2[every] += (gv * gv).mean(1)
        self.b2[every] += gb * gb
        self.v[every] -= scale * self.rate * gv / np.sqrt(self.v2[every])[:, None]
        self.b[every] -= scale * self.log_rate * gb / np.sqrt(self.b2[every])


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("wordnet"), p.add_argument("folder"), p.add_argument("out"), p.add_argument("parts", nargs="+")
    p.add_argument("--steps", type=int, default=2000), p.add_argument("--rate", type=float, default=0.05)
    p.add_argument("--contrast", type=float, default=0.05), p.add_argument("--kl", type=float, default=0.0)
    p.add_argument("--log-rate", type=float, default=0.02), p.add_argument("--cut", type=float, default=0.02)
    p.add_argument("--data"), p.add_argument("--seed", type=int, default=1), p.add_argument("--dims", type=int, default=DIMS)
    a = p.parse_args()
    rng = np.random.default_rng(a.seed)
    folder = Path(a.folder)
    saved = json.loads((folder / "rows.json").read_text())
    rows, size = saved["rows"], len(saved["rows"])
    lemmatiser, tokeniser, pieces = Lemmatiser(saved["flags"], read_exceptions()), Tokeniser(fold_table()), Pieces(rows)
    matrices, teachers = load(folder, a.parts, size)
    projection = principal(teachers, a.dims)

    # Start: the mean of the teacher's vectors of the texts that hold a row, short texts first (they say most about it).
    start = np.zeros((size, a.dims), np.float32)
    for m, t in zip(matrices, teachers):
        lengths = np.diff(m.indptr)
        m = m.multiply((lengths.astype(np.float32) ** -2)[:, None]).tocsr()
        for at in range(0, m.shape[0], 50000):
            start += m[at : at + 50000].T @ (t[at : at + 50000].astype(np.float32) @ projection)
    empty = np.linalg.norm(start, axis=1) == 0
    start[empty] = rng.standard_normal((int(empty.sum()), a.dims)).astype(np.float32) * 0.1
    start /= np.linalg.norm(start, axis=1, keepdims=True)
    counts = sum(np.bincount(m.indices, minlength=size) for m in matrices).astype(np.float64)
    share = counts / counts.sum()
    logs = np.log(1e-3 / (1e-3 + share)).astype(np.float32)
    model = Model(start, logs, a.rate, a.log_rate)

    sets = None
    if a.data:
        from evaluate import Sets, Student, line, scores
        from lexical import gram_weights
        sets, grams = Sets(a.data), gram_weights(rows)

    all_synsets = synsets(a.wordnet)
    pairs = contrast_pairs(all_synsets, lambda t: rows_of(t, tokeniser, lemmatiser, pieces), rng)
    pairs = [(x, y) for x, y in pairs if x and y and x != y]
    left, right = to_csr([x for x, _ in pairs], size), to_csr([y for _, y in pairs], size)
    print(len(pairs), "pairs;", sum(m.shape[0] for m in matrices), "texts", flush=True)

    piece_cuts = {i: c for i, r in enumerate(rows) if not r.startswith("##") and len(r) > 3 and (c := pieces.of(r))}
    owner = np.concatenate([np.full(m.shape[0], i, np.int8) for i, m in enumerate(matrices)])
    local = np.concatenate([np.arange(m.shape[0], dtype=np.int32) for m in matrices])
    order, at, started, loss = rng.permutation(len(owner)), 0, time.time(), 0.0
    for step in range(1, a.steps + 1):
        if at + BATCH > len(order):
            order, at = rng.permutation(len(owner)), 0
        take = order[at : at + BATCH]
        at += BATCH
        xs, ts = [], []
        for i, m in enumerate(matrices):
            mine = local[take[owner[take] == i]]
            if len(mine):
                xs.append(m[mine])
                ts.append(teachers[i][mine])
        target = np.concatenate(ts).astype(np.float32) @ projection
        target /= np.linalg.norm(target, axis=1, keepdims=True)
        x = cut_some(xs, piece_cuts, rng, a.cut, size)
        state = model.forward(x)
        unit = state[3]
        loss += float(1 - (unit * target).sum(1).mean())
        gradient = -target / len(unit)
        if a.kl:
            s, t = unit @ unit.T / 0.1, target @ target.T / 0.1
            np.fill_diagonal(s, -1e9), np.fill_diagonal(t, -1e9)
            d = (softmax(s) - softmax(t)) / len(unit) / 0.1
            gradient = gradient + a.kl * (d + d.T) @ unit
        scale = 1.0 if step < a.steps * 0.5 else max(0.03, 2 * (1 - step / a.steps))
        states, gradients = [state], [gradient]
        if a.contrast:
            pick = rng.integers(0, left.shape[0], 512)
            l, r = model.forward(left[pick]), model.forward(right[pick])
            s = l[3] @ r[3].T / 0.1
            d = (softmax(s) + softmax(s.T).T - 2 * np.eye(len(pick), dtype=np.float32)) / (2 * len(pick) * 0.1)
            states += [l, r]
            gradients += [a.contrast * d @ r[3], a.contrast * d.T @ l[3]]
        model.apply(states, gradients, scale)
        if step % 200 == 0 or step == a.steps:
            print(f"step {step} loss {loss / 200:.4f} {time.time() - started:.0f} s", flush=True)
            loss = 0.0
        if sets and (step % 1000 == 0 or step == a.steps):
            v = model.v * np.exp(model.b)[:, None]
            v /= np.linalg.norm(v, axis=1)[: size].mean()
            print(line(scores(Student(v, pieces, lemmatiser, tokeniser, grams).embed, sets, step == a.steps)), flush=True)
    v = model.v * np.exp(model.b)[:, None]
    np.save(a.out, v / np.linalg.norm(v, axis=1).mean())


def cut_some(xs, cuts, rng, share, size) -> csr_matrix:
    """One matrix; a share of the words is replaced by its pieces, so that pieces learn to stand for words."""
    data = np.concatenate([x.data for x in xs])
    indices = np.concatenate([x.indices for x in xs])
    lengths = np.concatenate([np.diff(x.indptr) for x in xs])
    chosen = np.flatnonzero(rng.random(len(indices)) < share)
    extra_rows, extra_columns, extra_data = [], [], []
    text = np.repeat(np.arange(len(lengths)), lengths)
    for i in chosen:
        cut = cuts.get(int(indices[i]))
        if cut:
            extra_rows += [text[i]] * (len(cut) - 1)
            extra_columns += cut[1:]
            extra_data += [data[i]] * (len(cut) - 1)
            indices[i] = cut[0]
    return csr_matrix(
        (np.concatenate([data, np.array(extra_data, np.float32)]), (np.concatenate([text, np.array(extra_rows, text.dtype)]), np.concatenate([indices, np.array(extra_columns, indices.dtype)]))),
        shape=(len(lengths), size),
    )


if __name__ == "__main__":
    main()
