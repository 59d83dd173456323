"""English inflection, regular forms only: enough to put a word into another word's place."""
VOWELS = "aeiou"
FORMS = ("base", "s", "ing", "ed")


def inflect(word: str, form: str) -> str:
    """`form`: base, s (plural or third person), ing, ed."""
    if form == "base":
        return word
    if form == "s":
        if word.endswith(("s", "x", "z", "ch", "sh")):
            return word + "es"
        if word.endswith("y") and len(word) > 1 and word[-2] not in VOWELS:
            return word[:-1] + "ies"
        return word + "s"
    if form == "ing":
        if word.endswith("e") and not word.endswith(("ee", "ye", "oe")):
            return word[:-1] + "ing"
        return _doubled(word) + "ing"
    if word.endswith("e"):
        return word + "d"
    if word.endswith("y") and len(word) > 1 and word[-2] not in VOWELS:
        return word[:-1] + "ied"
    return _doubled(word) + "ed"


def _doubled(word: str) -> str:
    short = len(word) in (3, 4) and word[-1] not in VOWELS + "wxy" and word[-2] in VOWELS and word[-3] not in VOWELS
    return word + word[-1] if short else word


def candidates(word: str) -> list[tuple[str, str]]:
    """(base, form) pairs that a surface form may stand for; the caller checks which bases are words."""
    found = [(word, "base")]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        found.append((word[:-1], "s"))
        if word.endswith("es"):
            found.append((word[:-2], "s"))
        if word.endswith("ies"):
            found.append((word[:-3] + "y", "s"))
    for ending, form in (("ing", "ing"), ("ed", "ed")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word[: -len(ending)]
            found += [(stem, form), (stem + "e", form)]
            if stem[-1] == stem[-2]:
                found.append((stem[:-1], form))
            if stem[-1] == "i":
                found.append((stem[:-1] + "y", form))
    return found
