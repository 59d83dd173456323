"""Text to tokens, and words to rows, exactly as specs/embedder-multilingual.md says and sdk/src/embedders/multilingual does."""
import re
import sys
import unicodedata
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "train-embedder"))

from words import BEFORE_NOT, MAX_TOKEN, fold_table as plain_table

WORD = "0-9a-z\u00c0-\u0dff\u1e00-\u1fff"
PAIRS = "\u0e00-\u1dff\u2c00-\u2dff\u2e80-\u2fff\u3040-\ud7ff\uf900-\ufdff\ufe70-\ufeff\uff66-\uffef\U00010000-\U0010ffff"
TOKEN = re.compile(f"[{WORD}]+(?:(?:(?<=[0-9])[.,](?=[0-9])|'(?=[{WORD}]))[{WORD}]+)*|[{PAIRS}]+")
SPACED = re.compile(f"[{WORD}]")
WHOLE = re.compile("[a-z\u00c0-\u024f]+")


def fold_table() -> dict[int, str]:
    """Lower case and compatibility forms; accents of Latin letters stay (`plain_table` takes them off)."""
    table = dict(plain_table())
    for code in list(range(0xC0, 0x250)) + list(range(0x1E00, 0x1F00)):
        char = chr(code)
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", char).lower())
        if char in "ßẞ":
            folded = "ss"
        if code in (0xD7, 0xF7):
            continue
        if folded == char or unicodedata.category(char) == "Cn" or not all(c.isalpha() and ord(c) < 0x1F00 for c in folded):
            table.pop(code, None) if folded == char else None
        else:
            table[code] = folded
    for char in "œæ":  # as most people type them
        table[ord(char)] = table[ord(char.upper())] = {"œ": "oe", "æ": "ae"}[char]
    return table


class Tokeniser:
    def __init__(self, fold: dict[int, str], plain: dict[int, str]):
        self.fold, self.plain_of = fold, plain

    def tokens(self, text: str) -> list[str]:
        folded = text.lower() if text.isascii() else "".join(c.lower() if ord(c) < 0x80 else self.fold.get(ord(c), c) for c in text)
        out: list[str] = []
        for run in TOKEN.findall(folded):
            if not SPACED.match(run[0]):
                out += [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]
                continue
            if "," in run:
                run = run.replace(",", "")
            if "'" not in run:
                out.append(run[:MAX_TOKEN])
            elif run.endswith("n't"):
                base = run[:-3].replace("'", "")
                if base:
                    out.append(BEFORE_NOT.get(base, base)[:MAX_TOKEN])
                out.append("not")
            else:
                out += [part[:MAX_TOKEN] for part in run.split("'") if part]
        return out

    def plain(self, word: str) -> str:
        return word if word.isascii() else "".join(self.plain_of.get(ord(c), c) for c in word)


class Rows:
    """A word to rows: itself; else the first row, in byte order, that is the same without accents; else pieces, longest first."""

    def __init__(self, rows: list[str], tokeniser: Tokeniser):
        self.index = {row: i for i, row in enumerate(rows)}
        self.tokeniser = tokeniser
        self.accented: dict[str, int] = {}
        for i, row in enumerate(rows):
            if not row.isascii() and not row.startswith("##"):
                plain = tokeniser.plain(row)
                if plain not in self.index:
                    self.accented.setdefault(plain, i)
        self.cache: dict[str, tuple[int, ...]] = {}

    def of(self, word: str) -> tuple[int, ...]:
        found = self.cache.get(word)
        if found is None:
            row = self.index.get(word, self.accented.get(word))
            found = self.cache[word] = (row,) if row is not None else tuple(self.cut(word))
        return found

    def cut(self, word: str) -> list[int]:
        """Inside a word a row with ## comes first, then a whole word of at least four letters."""
        if not WHOLE.fullmatch(word):
            return []
        found, at = [], 0
        while at < len(word):
            for end in range(len(word) - (at == 0), at, -1):
                part = word[at:end]
                row = self.index.get(part) if at == 0 else self.index.get("##" + part, self.index.get(part) if end - at >= 4 else None)
                if row is not None:
                    found.append(row)
                    at = end
                    break
            else:
                return []
        return found
