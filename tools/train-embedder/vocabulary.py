"""The rows of the table: lemmas and the teacher's word pieces; and words outside it cut into pieces."""
import json
import re
from collections import Counter
from pathlib import Path

from words import ADJECTIVE, NOUN, VERB, Lemmatiser, read_exceptions

POS = {"n": NOUN, "v": VERB, "a": ADJECTIVE, "s": ADJECTIVE, "r": 0}


def wordnet_flags(all_synsets: list[dict]) -> dict[str, int]:
    flags: dict[str, int] = {}
    for s in all_synsets:
        for lemma in s["lemmas"]:
            word = lemma.lower()
            if word.isascii() and word.isalpha():
                flags[word] = flags.get(word, 0) | POS[s["pos"]]
            else:
                for part in re.findall(r"[a-z]+", word):
                    flags.setdefault(part, 0)
    return flags


def choose(flags: dict[str, int], counts: Counter, tokenizer_json: str, size: int) -> list[str]:
    """`size` rows, sorted: the teacher's pieces ("##ing"), its whole words, then the most frequent lemmas."""
    vocabulary = json.loads(Path(tokenizer_json).read_text(encoding="utf-8"))["model"]["vocab"]
    lemmatiser = Lemmatiser(flags, read_exceptions())
    rows: dict[str, None] = {}
    for piece in vocabulary:
        if re.fullmatch(r"##[a-z]+|[a-z]", piece):
            rows[piece] = None
    for piece in vocabulary:
        if re.fullmatch(r"[a-z]+", piece):
            rows[lemmatiser.lemma(piece)] = None
    for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if len(rows) >= size:
            break
        if word in flags and len(word) <= 40:
            rows[word] = None
    return sorted(rows)


class Pieces:
    """Greedy longest match, the first piece from the words of the table, the others from its ## rows."""

    def __init__(self, rows: list[str]):
        self.index = {row: i for i, row in enumerate(rows)}
        self.cache: dict[str, list[int]] = {}

    def of(self, word: str) -> list[int]:
        found = self.cache.get(word)
        if found is None:
            found = self.cache[word] = self._cut(word)
        return found

    def _cut(self, word: str) -> list[int]:
        if not (word.isascii() and word.isalpha()):
            return []
        found = []
        at = 0
        while at < len(word):
            for end in range(len(word), at, -1):
                if end == len(word) and at == 0:
                    continue  # the whole word is what is missing
                row = self.index.get(("##" if at else "") + word[at:end])
                if row is not None:
                    found.append(row)
                    at = end
                    break
            else:
                return []
        return found
