"""Distils the teacher into one vector a row, across languages.

usage: distil.py WORDNET.jsonl.gz OUT VECTORS.npy [--steps N] [--pairs FOLDER] [--stsb FILE.tsv]   OUT as rows.py, teach.py and english.mjs left it

A text is the weighted sum of its rows. English texts (and words, definitions and sayings of other languages) should point where
the teacher's vector of them points, a translation where the teacher's vector of its English points: so the other languages come
to lie on the English, nearer than the teacher itself has them. Beside that in-batch KL divergence of similarity rows, to the
teacher's and, over composed English texts (composed.txt, composed.i16), to those of the English sibling, which a million texts made;
and contrast (InfoNCE) of translations and of WordNet's definitions and lemmas.
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from rows import rows_of
from teach import load
from tokens import Rows, Tokeniser, fold_table, plain_table
from train import BATCH, Model, contrast_pairs, cut_some, principal, softmax, to_csr
from wordnet import synsets

ALONE = ("glosses", "docs", "dictionary", "own", "words")
BESIDE = ("docs", "dictionary", "turned")
SIBLING_BATCH = 768


def matrix(path: Path, size: int) -> tuple[csr_matrix, dict]:
    z = np.load(path)
    return csr_matrix((z["data"], z["indices"], z["starts"]), shape=(len(z["starts"]) - 1, size)), z


def read(folder: Path, size: int):
    """[(name, texts as rows, line of each text's target)], all targets."""
    targets, parts, offset, place = [], [], 0, {}
    for name in ALONE:
        if not (folder / f"{name}.e5").exists() or not list((folder / f"{name}.e5").glob("*.f16.npy")):
            continue
        vectors, lines = load(folder / f"{name}.txt")
        m, _ = matrix(folder / f"{name}.csr.npz", size)
        place[name] = np.full(m.shape[0], -1, np.int64)
        place[name][lines] = offset + np.arange(len(lines))
        targets.append(vectors)
        offset += len(vectors)
        keep = np.flatnonzero((place[name] >= 0) & (np.diff(m.indptr) > 0))
        parts.append((name, m[keep], place[name][keep]))
    for name in BESIDE:
        english = "glosses" if name == "turned" else name
        if english not in place:
            continue
        m, z = matrix(folder / f"{name}-beside.csr.npz", size)
        at = place[english][z["target"]]
        keep = np.flatnonzero((at >= 0) & (np.diff(m.indptr) > 0))
        parts.append((name + "-beside", m[keep], at[keep]))
    return parts, np.concatenate(targets)


def centred(targets: np.ndarray) -> np.ndarray:
    """The teacher's vectors crowd in a cone: without their mean they spread."""
    mean = np.zeros(384)
    for at in range(0, len(targets), 50000):
        mean += targets[at : at + 50000].astype(np.float64).sum(0)
    mean = (mean / len(targets)).astype(np.float32)
    out = np.empty(targets.shape, np.float16)
    for at in range(0, len(targets), 50000):
        block = targets[at : at + 50000].astype(np.float32) - mean
        out[at : at + 50000] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return out


def divergence(unit: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Gradient of the KL divergence of in-batch similarity rows, at temperature 0.1."""
    s, t = unit @ unit.T / 0.1, target @ target.T / 0.1
    np.fill_diagonal(s, -1e9), np.fill_diagonal(t, -1e9)
    d = (softmax(s) - softmax(t)) / len(unit) / 0.1
    return (d + d.T) @ unit


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("wordnet"), p.add_argument("folder"), p.add_argument("out")
    p.add_argument("--steps", type=int, default=1500), p.add_argument("--rate", type=float, default=0.05), p.add_argument("--log-rate", type=float, default=0.02)
    p.add_argument("--kl", type=float, default=0.4), p.add_argument("--sibling", type=float, default=0.5), p.add_argument("--contrast", type=float, default=0.06), p.add_argument("--cut", type=float, default=0.03)
    p.add_argument("--dims", type=int, default=256), p.add_argument("--seed", type=int, default=1), p.add_argument("--pairs"), p.add_argument("--stsb")
    a = p.parse_args()
    rng, folder = np.random.default_rng(a.seed), Path(a.folder)
    saved = json.loads((folder / "rows.json").read_text())
    names, size = saved["rows"], len(saved["rows"])
    tokeniser = Tokeniser(fold_table(), plain_table())
    rows = Rows(names, tokeniser)
    parts, targets = read(folder, size)
    targets = centred(targets)
    projection = principal([targets], a.dims)
    targets = np.concatenate([targets[at : at + 50000].astype(np.float32) @ projection for at in range(0, len(targets), 50000)])
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    for name, m, _ in parts:
        print(name, m.shape[0], flush=True)

    start = np.zeros((size, a.dims), np.float32)
    for _, m, at in parts:
        m = m.multiply((np.diff(m.indptr).astype(np.float32) ** -2)[:, None]).tocsr()
        for i in range(0, m.shape[0], 50000):
            start += m[i : i + 50000].T @ targets[at[i : i + 50000]]
    empty = np.linalg.norm(start, axis=1) == 0
    print(int(empty.sum()), "rows in no text", flush=True)
    start[empty] = rng.standard_normal((int(empty.sum()), a.dims)).astype(np.float32) * 0.1
    start /= np.linalg.norm(start, axis=1, keepdims=True)
    counts = sum(np.bincount(m.indices, minlength=size) for name, m, _ in parts if name != "words").astype(np.float64)
    model = Model(start, np.log(1e-3 / (1e-3 + counts / counts.sum())).astype(np.float32), a.rate, a.log_rate)

    pairs = contrast_pairs(synsets(a.wordnet), lambda t: rows_of(t, tokeniser, rows), rng)
    pairs = [(x, y) for x, y in pairs if x and y and x != y]
    left, right = to_csr([x for x, _ in pairs], size), to_csr([y for _, y in pairs], size)
    beside = []
    for name in ("docs", "dictionary"):
        m, z = matrix(folder / f"{name}-beside.csr.npz", size)
        english, _ = matrix(folder / f"{name}.csr.npz", size)
        keep = np.flatnonzero((np.diff(m.indptr) > 0) & (np.diff(english.indptr)[z["target"]] > 0))
        beside.append((m[keep], english, z["target"][keep]))
    print(len(pairs), "pairs of WordNet", flush=True)
    composed, _ = matrix(folder / "composed.csr.npz", size)
    english_of = np.memmap(folder / "composed.i16", np.int16, "r").reshape(-1, 256)

    cuts = {i: c for i, r in enumerate(names) if not r.startswith("##") and len(r) > 4 and (c := rows.cut(r))}
    owner = np.concatenate([np.full(m.shape[0], i, np.int8) for i, (_, m, _) in enumerate(parts)])
    local = np.concatenate([np.arange(m.shape[0], dtype=np.int32) for _, m, _ in parts])
    order, at, started, loss = rng.permutation(len(owner)), 0, time.process_time(), 0.0
    for step in range(1, a.steps + 1):
        if at + BATCH > len(order):
            order, at = rng.permutation(len(owner)), 0
        take = order[at : at + BATCH]
        at += BATCH
        xs, ts = [], []
        for i, (_, m, line) in enumerate(parts):
            mine = local[take[owner[take] == i]]
            if len(mine):
                xs.append(m[mine])
                ts.append(targets[line[mine]])
        target = np.concatenate(ts)
        state = model.forward(cut_some(xs, cuts, rng, a.cut, size))
        unit = state[3]
        loss += float(1 - (unit * target).sum(1).mean())
        gradient = -target / len(unit)
        if a.kl:
            gradient = gradient + a.kl * divergence(unit, target)
        states, gradients = [state], [gradient]
        kind = step % 3
        if kind == 0:
            pick = rng.integers(0, left.shape[0], 512)
            ends = left[pick], right[pick]
        else:
            m, english, line = beside[kind - 1]
            pick = rng.choice(m.shape[0], 512, replace=False)
            ends = m[pick], english[line[pick]]
        l, r = (model.forward(x) for x in ends)
        s = l[3] @ r[3].T / 0.1
        d = (softmax(s) + softmax(s.T).T - 2 * np.eye(len(pick), dtype=np.float32)) / (2 * len(pick) * 0.1)
        states += [l, r]
        gradients += [a.contrast * d @ r[3], a.contrast * d.T @ l[3]]
        if a.sibling:
            pick = rng.choice(composed.shape[0], SIBLING_BATCH, replace=False)
            mine = model.forward(composed[pick])
            t = english_of[pick].astype(np.float32)
            t /= np.linalg.norm(t, axis=1, keepdims=True) + 1e-9
            states.append(mine)
            gradients.append(a.sibling * divergence(mine[3], t))
        model.apply(states, gradients, 1.0 if step < a.steps * 0.5 else max(0.03, 2 * (1 - step / a.steps)))
        if step % 100 == 0 or step == a.steps:
            print(f"step {step} loss {loss / 100:.4f} {time.process_time() - started:.0f} CPU s", flush=True)
            loss = 0.0
        if step % 500 == 0 or step == a.steps:
            v = model.v * np.exp(model.b)[:, None]
            np.save(a.out, v / np.linalg.norm(v, axis=1).mean())
            if a.pairs or a.stsb:
                from judge import line, scores

                print(line(scores(v / np.linalg.norm(v, axis=1).mean(), names, tokeniser, rows, a.pairs, a.stsb)), flush=True)


if __name__ == "__main__":
    main()
