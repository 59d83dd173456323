"""Text to tokens to lemmas, exactly as specs/embedder.md says and sdk/src/embedders/english does."""
import re
import unicodedata
from pathlib import Path

NOUN, VERB, ADJECTIVE = 1, 2, 4
SUFFIXES = {"re": "are", "ll": "will", "ve": "have", "m": "am", "d": "would"}
BEFORE_NOT = {"ca": "can", "wo": "will", "sha": "shall"}
MAX_TOKEN = 64

EXTRA = {"æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ł": "l", "þ": "th", "ð": "d", "ı": "i", "ħ": "h", "ŋ": "n"}


def fold_table() -> dict[int, str]:
    """Code point to what it counts as: lower case, compatibility forms and accents folded; made once, kept in the file."""
    table = {}
    ranges = [(0xAA, 0xAA), (0xB2, 0xB3), (0xB5, 0xB5), (0xB9, 0xBA), (0xC0, 0x24F), (0x370, 0x58F), (0x1E00, 0x1FFF), (0xFB00, 0xFB06), (0xFF10, 0xFF5A)]
    for first, last in ranges:
        for code in range(first, last + 1):
            char = chr(code)
            folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
            folded = "".join(EXTRA.get(c, c) for c in folded if not unicodedata.combining(c))
            if code in (0xD7, 0xF7) or (folded and not all(c.isalnum() for c in folded)):
                folded = " "
            if unicodedata.category(char) == "Cn" or folded == char:
                continue
            table[code] = folded
    for code in (0xB4, 0x2BC, 0x2018, 0x2019, 0xFF07):
        table[code] = "'"
    for code in range(0x300, 0x370):
        table[code] = ""
    for code in (0xAD, 0x200B, 0x200C, 0x200D, 0xFEFF):
        table[code] = ""
    return table


def kind(code: int) -> str:
    """w: part of a spaced word, u: of unspaced script (read in pairs), a: apostrophe, -: nothing. After folding."""
    if code < 0x80:
        c = chr(code)
        return "w" if c.isalnum() else "a" if c == "'" else "-"
    if code < 0xC0:
        return "-"
    if code < 0xE00 or 0x1E00 <= code < 0x2000:
        return "w"
    if code < 0x1E00:
        return "u"
    if code < 0x2C00 or 0x2E00 <= code < 0x2E80 or 0x3000 <= code < 0x3040 or 0xE000 <= code < 0xF900:
        return "-"
    if 0xFE00 <= code < 0xFE70 or 0xFF00 <= code < 0xFF66 or 0xFFF0 <= code < 0x10000:
        return "-"
    return "u"


class Tokeniser:
    def __init__(self, fold: dict[int, str]):
        self.fold = fold

    def quick_tokens(self, text: str) -> list[str]:
        """The same, faster for plain text; for training."""
        if text.isascii() and "'" not in text:
            return [t.replace(",", "")[:MAX_TOKEN] for t in QUICK.findall(text.lower()) if t != "cannot"]
        return self.tokens(text)

    def tokens(self, text: str) -> list[str]:
        folded = "".join(c.lower() if ord(c) < 0x80 else self.fold.get(ord(c), c) for c in text)
        out: list[str] = []
        i, n = 0, len(folded)
        while i < n:
            k = kind(ord(folded[i]))
            j = i
            if k == "u":
                while j < n and kind(ord(folded[j])) == "u":
                    j += 1
                run = folded[i:j]
                out += [run] if len(run) == 1 else [run[p : p + 2] for p in range(len(run) - 1)]
            elif k == "w":
                while j < n:
                    c = folded[j]
                    if kind(ord(c)) == "w":
                        j += 1
                    elif c == "'" and j + 1 < n and kind(ord(folded[j + 1])) == "w":
                        j += 1
                    elif c in ".," and folded[j - 1] in DIGITS and j + 1 < n and folded[j + 1] in DIGITS:
                        j += 1
                    else:
                        break
                self._word(folded[i:j], out)
            else:
                j = i + 1
            i = j
        return out

    @staticmethod
    def _word(word: str, out: list[str]) -> None:
        if "," in word:
            word = word.replace(",", "")
        if "'" in word:
            if word.endswith("n't"):
                base = word[:-3].replace("'", "")
                if base:
                    out.append(BEFORE_NOT.get(base, base)[:MAX_TOKEN])
                out.append("not")
                return
            base, suffix = word.rsplit("'", 1)
            if suffix == "s" or suffix in SUFFIXES:
                out.append(base.replace("'", "")[:MAX_TOKEN])
                if suffix != "s":
                    out.append(SUFFIXES[suffix])
                return
            word = word.replace("'", "")
        if word == "cannot":
            out += ["can", "not"]
            return
        out.append(word[:MAX_TOKEN])


DIGITS = "0123456789"
QUICK = re.compile(r"[a-z0-9]+(?:(?<=[0-9])[.,](?=[0-9])[a-z0-9]+)*")


class Lemmatiser:
    """`flags`: word to the parts of speech that WordNet has for it (sum of NOUN, VERB, ADJECTIVE)."""

    def __init__(self, flags: dict[str, int], exceptions: dict[str, str]):
        self.flags = flags
        self.exceptions = exceptions
        self.cache: dict[str, str] = {}

    def lemma(self, token: str) -> str:
        found = self.cache.get(token)
        if found is None:
            found = self.cache[token] = self._lemma(token)
        return found

    def _lemma(self, token: str) -> str:
        if token in self.exceptions:
            return self.exceptions[token]
        if len(token) < 4 or not (token.isascii() and token.isalpha()):
            return token
        for ending, needed in (("ing", VERB), ("ed", VERB), ("s", NOUN | VERB), ("er", ADJECTIVE), ("est", ADJECTIVE)):
            if not token.endswith(ending):
                continue
            if ending in ("er", "est") and self.flags.get(token, 0) & (NOUN | VERB):
                continue
            for candidate in self._stems(token, ending):
                if len(candidate) >= 2 and self.flags.get(candidate, 0) & needed:
                    return candidate
        return token

    @staticmethod
    def _stems(token: str, ending: str):
        stem = token[: -len(ending)]
        if ending == "s":
            if token.endswith(("ss", "us", "is")):
                return
            if token.endswith("ies"):
                yield token[:-3] + "y"
            yield stem
            if token.endswith("es"):
                yield token[:-2]
            return
        if len(stem) < 2:
            return
        if stem[-1] == "i" and ending != "ing":
            yield stem[:-1] + "y"
        if stem[-1] == stem[-2]:
            yield stem[:-1]
        if len(stem) >= 3 and stem[-1] not in "aeiouwxy" and stem[-2] in "aeiou" and stem[-3] not in "aeiou":
            yield stem + "e"  # hoping: its p would be doubled if it came from hop
        yield stem
        yield stem + "e"


def read_exceptions() -> dict[str, str]:
    lines = (Path(__file__).parent / "exceptions.txt").read_text(encoding="utf-8").split("\n")
    return dict(line.split(" ") for line in lines if line)
