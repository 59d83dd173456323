"""Open English WordNet as JSON Lines (one synset a line, gzipped): reading, and the texts it holds as they stand."""
import gzip
import json
import sys
from pathlib import Path


def synsets(path: str) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def clean(text: str) -> str:
    return " ".join(text.split())


def plain_texts(all_synsets: list[dict]) -> list[str]:
    """Definitions, examples, "lemmas: definition" and lemmas alone; distinct, in file order."""
    texts: dict[str, None] = {}
    for s in all_synsets:
        texts[clean(s["definition"])] = None
        for example in s["examples"]:
            texts[clean(example)] = None
        texts[clean(", ".join(s["lemmas"][:4]) + ": " + s["definition"])] = None
    for s in all_synsets:
        for lemma in s["lemmas"]:
            texts[clean(lemma)] = None
    texts.pop("", None)
    return list(texts)


def teacher_words(tokenizer_json: str) -> list[str]:
    """Whole alphabetic words of the teacher's vocabulary, most frequent first (that is its order)."""
    vocabulary = json.loads(Path(tokenizer_json).read_text(encoding="utf-8"))["model"]["vocab"]
    return [w for w, _ in sorted(vocabulary.items(), key=lambda item: item[1]) if w.isascii() and w.isalpha()]


if __name__ == "__main__":
    found = plain_texts(synsets(sys.argv[1]))
    known = set(found)
    found += [w for w in teacher_words(sys.argv[2]) if w not in known]
    Path(sys.argv[3]).write_text("\n".join(found) + "\n", encoding="utf-8")
    print(len(found), "texts")
