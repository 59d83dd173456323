"""Texts to rows of the table: chooses the table, then writes every text as row numbers and counts (CSR arrays).

usage: prepare.py WORDNET.jsonl.gz TOKENIZER.json SIZE OUT_FOLDER TEXTS.txt...
"""
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from vocabulary import Pieces, choose, wordnet_flags
from wordnet import synsets
from words import Lemmatiser, Tokeniser, fold_table, read_exceptions


def log_count(n: int) -> float:
    return 1 + float(np.log(n))


def rows_of(text: str, tokeniser: Tokeniser, lemmatiser: Lemmatiser, pieces: Pieces) -> dict[int, float]:
    counts = Counter(lemmatiser.lemma(t) for t in tokeniser.quick_tokens(text))
    found: dict[int, float] = {}
    for lemma, n in counts.items():
        row = pieces.index.get(lemma)
        for r in (row,) if row is not None else pieces.of(lemma):
            found[r] = found.get(r, 0) + log_count(n)
    return found


def main(wordnet: str, tokenizer: str, size: int, folder: str, paths: list[str]) -> None:
    out = Path(folder)
    flags = wordnet_flags(synsets(wordnet))
    tokeniser = Tokeniser(fold_table())
    table = out / "rows.json"
    if table.exists():
        saved = json.loads(table.read_text())
        rows, kept = saved["rows"], saved["flags"]
    else:
        lemmatiser = Lemmatiser(flags, read_exceptions())
        counts: Counter = Counter()
        for path in paths:
            for text in Path(path).read_text(encoding="utf-8").split("\n")[:-1]:
                counts.update(lemmatiser.lemma(t) for t in tokeniser.quick_tokens(text))
        rows = choose(flags, counts, tokenizer, size)
        kept = {r: flags.get(r, 0) for r in rows}
        table.write_text(json.dumps({"rows": rows, "flags": kept, "counts": [counts[r] for r in rows]}))
    lemmatiser = Lemmatiser(kept, read_exceptions())
    pieces = Pieces(rows)
    for path in paths:
        indices, data, starts = [], [], [0]
        for text in Path(path).read_text(encoding="utf-8").split("\n")[:-1]:
            found = rows_of(text, tokeniser, lemmatiser, pieces)
            indices += found.keys()
            data += found.values()
            starts.append(len(indices))
        np.savez(out / (Path(path).stem + ".csr.npz"), indices=np.array(indices, np.int32), data=np.array(data, np.float32), starts=np.array(starts))
        print(path, len(starts) - 1, "texts", len(indices), "entries", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5:])
