"""Text for the teacher, composed from WordNet: swapped definitions and examples, captions, headlines, questions, abstracts.

usage: compose.py WORDNET.jsonl.gz TOKENIZER.json SEED SHARE OUT.txt   SHARE 1.0 writes about 1.1 million distinct lines
"""
import random
import re
import sys
from bisect import bisect
from itertools import accumulate
from pathlib import Path

from inflect import candidates, inflect
from wordnet import clean, synsets, teacher_words

STOP = set(
    "a an the of to in on at by for with from and or but nor not no is are was were be been being am do does did has have had "
    "will would can could may might must shall should it its he she his her him they them their we us our you your i my me that "
    "this these those which who whom whose what when where why how as than then so if while there here very too also more most "
    "such any all some each other another into onto over under about after before between through during against up down out "
    "off only just one two three used being having especially usually often".split()
)
TOKEN = re.compile(r"[A-Za-z]+|[^A-Za-z]+")
CONTENT = {"n": "noun", "v": "verb", "a": "adj", "s": "adj", "r": "adv"}
RARE = 45000


class Words:
    """Single-word lemmas by lexicographer file, drawn by frequency (the order of the teacher's vocabulary)."""

    def __init__(self, all_synsets: list[dict], known: list[str], rng: random.Random):
        self.rng = rng
        rank = {w: i for i, w in enumerate(known)}
        pools: dict[str, dict[str, None]] = {}
        self.files: dict[tuple[str, str], list[str]] = {}
        self.names: dict[str, dict[str, None]] = {"noun.person": {}, "noun.location": {}, "noun.group": {}, "noun.communication": {}}
        lower = set()
        for s in all_synsets:
            pos = CONTENT[s["pos"]]
            for lemma in s["lemmas"]:
                lower.add(lemma.lower())
                if re.fullmatch(r"[a-z]{2,}", lemma):
                    pools.setdefault(s["file"], {})[lemma] = None
                    self.files.setdefault((lemma, pos), []).append(s["file"])
                elif lemma[0].isupper() and s["file"] in self.names and re.fullmatch(r"[A-Za-z .'-]+", lemma):
                    self.names[s["file"]][lemma] = None
        # Words of the teacher that WordNet lacks: names of people, places and companies for the most part.
        self.names["teacher"] = {w.capitalize(): None for w in known[400:] if len(w) > 3 and w not in lower}
        self.pools = {f: self._cumulated(list(p), rank, 1.2) for f, p in pools.items()}
        self.names_c = {f: self._cumulated(list(p), rank, 0.7) for f, p in self.names.items()}

    @staticmethod
    def _cumulated(words: list[str], rank: dict[str, int], power: float) -> tuple[list[str], list[float]]:
        weights = []
        for w in words:
            parts = w.lower().split()
            weights.append((300 + max(rank.get(p, RARE) for p in parts)) ** -power)
        return words, list(accumulate(weights))

    def draw(self, file: str, form: str = "base") -> str:
        words, sums = self.pools[file]
        return inflect(words[bisect(sums, self.rng.random() * sums[-1])], form)

    def name(self, file: str) -> str:
        words, sums = self.names_c[file]
        return words[bisect(sums, self.rng.random() * sums[-1])]

    def swap(self, text: str, share: float) -> str:
        """`text` with this share of its content words exchanged for others of their file, in the same form."""
        rng = self.rng
        out = []
        before = ""
        for token in TOKEN.findall(text):
            word = token.lower()
            if not token[0].isalpha() or word in STOP or len(word) < 3:
                out.append(token)
                if token[0].isalpha():
                    before = word
                continue
            new = token
            if rng.random() < share:
                if token[0].isupper() and out:
                    new = self.name(rng.choice(("noun.person", "noun.location", "teacher")))
                else:
                    new = self._other(word, before) or token
                    if token[0].isupper():
                        new = new.capitalize()
            out.append(new)
            before = word
        return "".join(out)

    def _other(self, word: str, before: str) -> str | None:
        options = []
        for base, form in candidates(word):
            for pos in ("noun", "verb", "adj", "adv"):
                files = self.files.get((base, pos))
                if files is None or (form in ("ing", "ed") and pos != "verb") or (form == "s" and pos in ("adj", "adv")):
                    continue
                likely = len(files) * (3 if (pos == "verb") == (before in VERB_BEFORE) else 1)
                options.append((likely, files, form))
        if not options:
            return None
        _, files, form = self.rng.choices(options, [o[0] for o in options])[0]
        return self.draw(self.rng.choice(files), form)


VERB_BEFORE = {"to", "will", "can", "would", "could", "must", "may", "should", "they", "we", "you", "i", "he", "she", "not"}
PEOPLE = "man woman boy girl child person lady dog cat horse player group crowd couple kid baby toddler bird cow team".split()
CAPTIONS = [
    "a {adj} {who} is {motion} {near} a {adj} {thing}", "a {who} is {act} a {thing}", "the {who} is {act} the {thing} with a {thing}",
    "two {whos} are {motion} {near} the {place}", "a {who} and a {who} are {act} {things}", "a {who} in a {color} {clothing} is {motion}",
    "a {color} {animal} is {motion} {near} a {place}", "there is no {who} {act} a {thing}", "the {who} is not {act} the {thing}",
    "a {who} is {act} {food} in a {place}", "{numb} {whos} are {motion} in front of a {place}", "some {things} on top of a {thing}",
    "a {animal} with a {thing} in its {body}", "a {who} {motion} through the {place} holding {numb} {things}",
    "someone is {act} a {food}", "close up of a {color} {thing} on a {thing}", "nobody is {act} a {thing} {near} the {place}",
    "a {adj} {thing} and a {color} {thing} {near} a {plant}", "the {body} of the {who} is being touched by a {who}",
]
HEADLINES = [
    "{loc} {leader} says {event} will {v} {group}", "{org} to {v} {num} {things} in {loc}", "{num} killed in {loc} {event}",
    "{person} {vs} {group} over {event}", "{org} shares {change} on {comm}", "{loc} {group} {ved} by {event}", "{leader} denies {act2} {event} in {loc}",
    "{org} {vs} {comm} {artifact} for {group}", "{person} wins {num} {event} in {loc}", "{loc} and {loc} agree to {v} {event}",
    "police arrest {num} {whos2} after {loc} {event}", "{org} says quarterly {poss} {change} on {adj} {artifact} sales",
    "{adj} {event} hits {loc}, at least {num} dead", "court {vs} {loc} {leader} in {act2} case", "{person}, {leader} of {org}, dies at {num}",
    "scientists find {adj} {animal} in {loc}", "{org} releases {adj} software for {artifact} users", "stocks {change} as {loc} {state} fears grow",
    "{team} beat {team} {num} to {num} in {loc} {event}", "oil prices {change} after {loc} {event}", "{person} out for season with {body} injury",
    "{loc} troops {v} {group} near {loc}", "{org} sues {org} over {comm} {cog}", "{leader} calls for {adj} {cog} on {state}",
]
QUESTIONS = [
    "how do i {v} a {thing}?", "what is the best way to {v} {things} in {loc}?", "should i {v} my {thing} before {act2} the {food}?",
    "can you {v} {food} with {food}?", "why does my {thing} {v} when i {v} it?", "what is the difference between {thing} and {thing}?",
    "is it {adj} to {v} a {whox} about {cog}?", "how can i tell if my {animal} has {state}?", "which {artifact} should i use for {act2} {things}?",
    "i would not {v} the {thing} because of its {attr}", "you can {v} it, but the {attr} of the {thing} matters more than its {attr}",
    "do i need a {comm} to {v} in {loc}?", "does {cog} affect the {attr} of {things}?", "it depends on the {attr} of your {thing} and the {food} you {v}",
]
TRIVIA = [
    "this {hyper} is {definition}", "in {year} this {hyper} from {loc} {ved} the {thing}", "it is {definition}; its name also means {lemma}",
    "{person} wrote about this {hyper}, {definition}", "this {loc} {hyper} was {ved} by {person} in {year}", "{lemma} is a {hyper}: {definition}",
    "the {attr} of this {animal} makes it a {adj} {hyper}", "{person} and {person} {ved} the {event} at {loc}", "name this {hyper}, {definition}",
]
ABSTRACTS = [
    "the {attr} of {substance} in {adj} {phenomenon} is {cogved}", "an investigation of the {process} of {adj} {artifact} under {phenomenon}",
    "a {adj} method for the {cog} of {attr} and {process} in {artifact}", "experimental results on {adj} {phenomenon} with {substance} at high {attr} are given",
    "what are the {phenomenon} and {process} effects of {adj} {shape} {things}", "measurements of {attr} were made on {adj} {shape} {artifact} in {substance}",
    "the theory of {adj} {process} is applied to the {attr} of a {shape} {thing}", "has anyone {cogved} the {process} of {substance} over a {shape}",
    "{adj} equations for the {phenomenon} of a {thing} are solved by {cog} of the {quantity}", "design of {adj} {artifact} for the {cog} of {comm} {phenomenon}",
    "the influence of {attr} on {process} of the {body} in {state}", "{relation} between {attr} and {quantity} in {group} of {animal}",
]


def filler(words: Words):
    rng = words.rng
    pick = rng.choice
    d = words.draw
    table = {
        "adj": lambda: d("adj.all"), "who": lambda: pick(PEOPLE) if rng.random() < 0.7 else d("noun.person"),
        "whos": lambda: inflect(pick(PEOPLE), "s").replace("mans", "men").replace("childs", "children").replace("persons", "people"),
        "whos2": lambda: d("noun.person", "s"), "whox": lambda: d("noun.person"), "leader": lambda: d("noun.person"),
        "motion": lambda: d(pick(("verb.motion", "verb.motion", "verb.stative", "verb.body")), "ing"),
        "act": lambda: d(pick(("verb.contact", "verb.contact", "verb.creation", "verb.consumption", "verb.perception", "verb.possession")), "ing"),
        "near": lambda: pick("on in near over under behind beside through across along towards around by".split()),
        "thing": lambda: d(pick(("noun.artifact", "noun.artifact", "noun.artifact", "noun.object", "noun.food", "noun.plant"))),
        "things": lambda: d(pick(("noun.artifact", "noun.artifact", "noun.object", "noun.food", "noun.plant")), "s"),
        "place": lambda: pick("street field park beach room kitchen road river lake mountain building stage pool yard snow grass water forest city house wall bench table".split())
        if rng.random() < 0.6 else d("noun.artifact"),
        "clothing": lambda: pick("shirt hat dress coat helmet jacket suit uniform costume skirt glove boot scarf".split()),
        "color": lambda: pick("red blue green black white brown yellow orange pink gray purple wet old young large small".split()),
        "animal": lambda: d("noun.animal"), "food": lambda: d("noun.food"), "body": lambda: d("noun.body"), "plant": lambda: d("noun.plant"),
        "numb": lambda: pick("two three four five several many".split()), "num": lambda: str(pick((1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 100, 200, 500))),
        "year": lambda: str(rng.randint(1400, 2020)), "loc": lambda: words.name("noun.location"),
        "person": lambda: words.name("noun.person") if rng.random() < 0.5 else words.name("teacher"),
        "org": lambda: words.name("noun.group") if rng.random() < 0.35 else words.name("teacher"),
        "team": lambda: words.name(pick(("teacher", "noun.location", "noun.group"))),
        "v": lambda: d(ANY_VERB(rng)), "vs": lambda: d(ANY_VERB(rng), "s"), "ved": lambda: d(ANY_VERB(rng), "ed"),
        "act2": lambda: d(ANY_VERB(rng), "ing"), "cogved": lambda: d(pick(("verb.cognition", "verb.change", "verb.communication")), "ed"),
        "change": lambda: pick("rise fall climb drop slip jump gain slide edge higher up down".split()), "poss": lambda: d("noun.possession"),
    }
    for slot in "event group state attribute:attr cognition:cog communication:comm artifact substance phenomenon process shape quantity relation".split():
        file, _, name = slot.partition(":")
        table[name or file] = lambda file=f"noun.{file}": d(file)
    return lambda template, extra={}: re.sub(r"\{(\w+)\}", lambda m: extra[m[1]] if m[1] in extra else table[m[1]](), template)


def ANY_VERB(rng: random.Random) -> str:
    return "verb." + rng.choice("body change cognition communication competition consumption contact creation emotion motion perception possession social stative".split())


def compose(path: str, tokenizer: str, seed: int, share: float) -> list[str]:
    rng = random.Random(seed)
    all_synsets = synsets(path)
    by_id = {s["id"]: s for s in all_synsets}
    words = Words(all_synsets, teacher_words(tokenizer), rng)
    fill = filler(words)
    definitions = [clean(s["definition"]) for s in all_synsets]
    examples = [clean(e) for s in all_synsets for e in s["examples"]]
    texts: dict[str, None] = {}

    def some(count: float, make) -> None:
        for _ in range(int(count * share)):
            texts[clean(make())] = None

    def swapped(text: str) -> str:
        return words.swap(text, rng.uniform(0.33, 0.9))

    def trivia() -> str:
        s = rng.choice(all_synsets)
        up = by_id.get(s["hypernyms"][0]) if s["hypernyms"] else None
        definition = clean(s["definition"])
        return fill(rng.choice(TRIVIA), {"hyper": (up or s)["lemmas"][0], "definition": definition if rng.random() < 0.4 else swapped(definition), "lemma": s["lemmas"][0]})

    def sentence() -> str:
        kind = rng.random()
        if kind < 0.3:
            return swapped(rng.choice(examples))
        if kind < 0.5:
            return swapped(rng.choice(definitions))
        if kind < 0.7:
            return fill(rng.choice(HEADLINES))
        return fill(rng.choice(ABSTRACTS)) if kind < 0.85 else fill(rng.choice(CAPTIONS))

    def related() -> str:
        """Neighbours of one synset told one after another, as a document about one thing would be."""
        s = rng.choice(all_synsets)
        near = [s["id"], *s["hypernyms"], *(i for ids in s.get("rel", {}).values() for i in ids)]
        parts = []
        for i in rng.sample(near, min(len(near), rng.randint(2, 4))):
            if i in by_id:
                n = by_id[i]
                parts += [rng.choice(n["lemmas"]) + ", " + clean(n["definition"]), *(clean(e) for e in n["examples"][:1])]
        return ". ".join(words.swap(p, 0.25) for p in parts[:5])

    some(300000, lambda: swapped(rng.choice(definitions)))
    some(300000, lambda: swapped(rng.choice(examples)))
    some(110000, lambda: fill(rng.choice(CAPTIONS)))
    some(150000, lambda: fill(rng.choice(HEADLINES)))
    some(60000, lambda: fill(rng.choice(QUESTIONS)))
    some(70000, trivia)
    some(60000, lambda: fill(rng.choice(ABSTRACTS)))
    some(40000, lambda: sentence() + ". " + sentence())
    some(30000, related)
    return list(texts)


if __name__ == "__main__":
    lines = compose(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    Path(sys.argv[5]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(len(lines), "texts")
