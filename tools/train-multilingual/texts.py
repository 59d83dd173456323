"""Everything that is read for training, as lines of text.

usage: texts.py PACKAGES SYSTEM_MAN WORDNET.jsonl.gz OUT

OUT/glosses.txt     definitions and examples of WordNet
OUT/docs.txt        English paragraphs of manual pages and LibreOffice's help
OUT/docs.tsv        language, foreign paragraph, line of docs.txt
OUT/dictionary.txt  English words and phrases; OUT/dictionary.tsv as above
OUT/own.txt         definitions and sayings in German, French, Spanish, Italian (no English beside them)
OUT/turned.tsv      WordNet's English, word for word through the dictionaries: language, text, English
"""
import random
import re
import sys
from collections import defaultdict
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "train-embedder"))

from packages import LANGUAGES, clean, definitions, dictionary, man_pairs, office_pairs, sayings
from wordnet import synsets

ENGLISH_DOCS = 32000
GLOSSES = 40000
PAIRS_OF_A_DICTIONARY = {"de": 40000}  # of others 15,000


def letters(text: str) -> int:
    return sum(c.isalpha() for c in text)


class Lines:
    def __init__(self):
        self.index: dict[str, int] = {}

    def of(self, text: str) -> int:
        return self.index.setdefault(text, len(self.index))


def documents(folder: Path, system: Path, out: Path, rng: random.Random) -> None:
    pairs = [(l, clean(a), clean(b)) for source in (man_pairs(folder, system), office_pairs(folder)) for l, a, b in source]
    pairs = list(dict.fromkeys(p for p in pairs if 8 <= letters(p[1]) <= 600 and 8 <= letters(p[2]) <= 500 and p[1] != p[2] and 0.4 < len(p[1]) / len(p[2]) < 2.5))
    english = list(dict.fromkeys(b for _, _, b in pairs))
    rng.shuffle(english)
    kept = set(english[:ENGLISH_DOCS])
    lines = Lines()
    with (out / "docs.tsv").open("w", encoding="utf-8") as f:
        for language, a, b in pairs:
            if b in kept:
                f.write(f"{language}\t{a}\t{lines.of(b)}\n")
    (out / "docs.txt").write_text("\n".join(lines.index) + "\n", encoding="utf-8")
    print("docs", len(english), "English,", len(pairs), "pairs")


def dictionaries(folder: Path, out: Path, rng: random.Random) -> dict[str, dict[str, list[str]]]:
    lines = Lines()
    turned: dict[str, dict[str, list[str]]] = {}
    with (out / "dictionary.tsv").open("w", encoding="utf-8") as f:
        for language in LANGUAGES:
            pairs = dictionary(folder, language)
            words = turned[language] = defaultdict(list)
            for a, b in pairs:
                if " " not in b and len(a.split()) <= 2:
                    words[b.lower()].append(a)
            short = [p for p in pairs if len(p[0].split()) <= 5 and len(p[1].split()) <= 5]
            rng.shuffle(short)
            for a, b in short[: PAIRS_OF_A_DICTIONARY.get(language, 15000)]:
                f.write(f"{language}\t{a}\t{lines.of(b)}\n")
    (out / "dictionary.txt").write_text("\n".join(lines.index) + "\n", encoding="utf-8")
    print("dictionary", len(lines.index), "English")
    return turned


def glosses(all_synsets: list[dict], out: Path, rng: random.Random) -> None:
    examples = list(dict.fromkeys(clean(e) for s in all_synsets for e in s["examples"]))
    definitions_ = list(dict.fromkeys(clean(s["definition"]) for s in all_synsets))
    rng.shuffle(examples)
    rng.shuffle(definitions_)
    mixed = [t for t in examples[:45000] + definitions_[:45000] if t]
    rng.shuffle(mixed)
    (out / "glosses.txt").write_text("\n".join(mixed[:GLOSSES]) + "\n", encoding="utf-8")


def own(folder: Path, out: Path, rng: random.Random) -> None:
    texts = [text for _, text in sayings(folder)]
    by_language = defaultdict(list)
    for language, word, gloss in definitions(folder):
        if 15 <= len(gloss) <= 250 and letters(word) > 2:
            by_language[language].append(f"{word}: {gloss}" if rng.random() < 0.5 else gloss)
    for found in by_language.values():
        rng.shuffle(found)
        texts += found[:12000]
    texts = list(dict.fromkeys(clean(t) for t in texts))
    rng.shuffle(texts)
    (out / "own.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    print("own", len(texts))


FUNCTION = {
    "de": "the:der,die,das a:ein,eine an:ein,eine of:von,des,der to:zu in:in on:auf at:bei by:von,durch for:für with:mit from:von,aus and:und or:oder but:aber not:nicht no:kein,nein is:ist are:sind was:war were:waren be:sein it:es he:er she:sie they:sie his:sein her:ihr that:dass,das this:dieser,diese who:wer,der which:welche,das what:was when:wann,wenn where:wo how:wie why:warum",
    "es": "the:el,la,los,las a:un,una an:un,una of:de,del to:a in:en on:en,sobre at:en by:por for:para,por with:con from:de,desde and:y or:o but:pero not:no no:no is:es,está are:son,están was:era,fue were:eran be:ser,estar it:lo he:él she:ella they:ellos his:su her:su that:que this:este,esta who:quien which:que,cual what:qué when:cuando where:donde how:cómo why:porqué",
    "fr": "the:le,la,les a:un,une an:un,une of:de,du to:à in:dans,en on:sur at:à by:par for:pour with:avec from:de and:et or:ou but:mais not:pas,ne no:non is:est are:sont was:était were:étaient be:être it:il he:il she:elle they:ils his:son her:sa that:que this:ce,cette who:qui which:qui,que what:quoi,que when:quand where:où how:comment why:pourquoi",
    "it": "the:il,la,i,le a:un,una an:un,una of:di,del to:a in:in on:su at:a by:da for:per with:con from:da and:e or:o but:ma not:non no:no is:è are:sono was:era were:erano be:essere it:lo he:lui she:lei they:loro his:suo her:sua that:che this:questo,questa who:chi which:che what:cosa when:quando where:dove how:come why:perché",
    "nl": "the:de,het a:een an:een of:van to:naar,te in:in on:op at:bij by:door for:voor with:met from:van and:en or:of but:maar not:niet no:nee,geen is:is are:zijn was:was were:waren be:zijn it:het he:hij she:zij they:zij his:zijn her:haar that:dat this:dit,deze who:wie which:welke what:wat when:wanneer where:waar how:hoe why:waarom",
    "pt": "the:o,a,os,as a:um,uma an:um,uma of:de,do to:a,para in:em on:em,sobre at:em by:por for:para,por with:com from:de and:e or:ou but:mas not:não no:não is:é,está are:são was:era,foi were:eram be:ser it:o he:ele she:ela they:eles his:seu her:sua that:que this:este,esta who:quem which:que,qual what:que when:quando where:onde how:como why:porque",
}


def turn(texts: list[str], words: dict[str, dict[str, list[str]]], out: Path, rng: random.Random) -> None:
    """Word for word: a sum of words needs no grammar."""
    for language, line in FUNCTION.items():
        for item in line.split():
            english, _, foreign = item.partition(":")
            words[language][english] = foreign.split(",")
    count = 0
    with (out / "turned.tsv").open("w", encoding="utf-8") as f:
        for text in texts:
            found = re.findall(r"[a-z]+", text.lower())
            for language in rng.sample(LANGUAGES, 3):
                known = words[language]
                turned, missing = [], 0
                for word in found:
                    for form in (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ed"), word.removesuffix("d"), word.removesuffix("ing"), word.removesuffix("ing") + "e", word.removesuffix("ies") + "y"):
                        if form in known:
                            turned.append(rng.choice(known[form][:3]))
                            break
                    else:
                        missing += 1
                if turned and missing <= 0.2 * len(found):
                    f.write(f"{language}\t{' '.join(turned)}\t{text}\n")
                    count += 1
    print("turned", count)


def main(folder: str, system: str, wordnet: str, out_folder: str) -> None:
    out, rng = Path(out_folder), random.Random(7)
    packages = Path(folder)
    words = dictionaries(packages, out, rng)
    documents(packages, Path(system), out, rng)
    own(packages, out, rng)
    all_synsets = synsets(wordnet)
    glosses(all_synsets, out, random.Random(5))
    texts = [clean(t) for s in all_synsets for t in (s["definition"], *s["examples"])]
    turn(list(dict.fromkeys(texts)), words, out, rng)


if __name__ == "__main__":
    main(*sys.argv[1:5])
