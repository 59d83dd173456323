"""specs/space.md and specs/kinds: what makes a sound block readable."""
import math
import re
import struct

from .codec import cid_of, cid_text, encode, named
from .errors import Refused
from .fields import KIND, name_fits, number, or_none, size, text
from .identity import public_key
from .metadata import metadata_fits

def space_fits(space):
    keys = {"model", "revision", "weights", "precision", "dims", "metric", "pooling", "normalized", "query_prefix", "passage_prefix", "max_tokens", "endpoint"}
    return (
        isinstance(space, dict)
        and set(space) == keys
        and text(space["model"], 1, 256)
        and or_none(space["revision"], lambda v: text(v, 1, 128))
        and or_none(space["weights"], lambda v: isinstance(v, str) and re.fullmatch("[0-9a-f]{64}", v) is not None)
        and or_none(space["precision"], lambda v: text(v, 1, 32))
        and number(space["dims"], 1, 8192)
        and space["metric"] in ("cosine", "dot", "hamming")
        and or_none(space["pooling"], lambda v: text(v, 1, 32))
        and isinstance(space["normalized"], bool)
        and or_none(space["query_prefix"], lambda v: text(v, 0, 256))
        and or_none(space["passage_prefix"], lambda v: text(v, 0, 256))
        and or_none(space["max_tokens"], lambda v: number(v, 1, 2**24))
        and or_none(space["endpoint"], lambda v: text(v, 1, 512))
    )


def reference_fits(one):
    return (
        isinstance(one, dict)
        and {"hash", "origin"} <= set(one) <= {"hash", "origin", "heading", "language"}
        and or_none(one["hash"], lambda v: isinstance(v, bytes) and len(v) == 32)
        and text(one["origin"], 0, 2048)
        and ("heading" not in one or text(one["heading"], 0, 1024))
        and ("language" not in one or (text(one["language"], 2, 35) and re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", one["language"]) is not None))
    )


CONTROL = re.compile("[\u0000-\u001f\u007f-\u009f]")


def embedding_fault(body):
    if "space" in body and not space_fits(body["space"]):
        return "space.malformed"
    required = {"space", "embedding", "input_type", "input_reference"}
    stored = body.get("embedding")
    fits = (
        required <= set(body) <= required | {"texts", "collection", "document", "metadata"}
        and isinstance(stored, dict)
        and set(stored) == {"dtype", "rows", "bytes"}
        and stored["dtype"] in ("f32", "f16", "i8", "b1")
        and number(stored["rows"], 1, 1024)
        and isinstance(stored["bytes"], bytes)
        and len(stored["bytes"]) >= 1
        and body["input_type"] in ("text", "image", "audio", "video", "code", "other")
        and isinstance(body["input_reference"], list)
        and len(body["input_reference"]) == stored["rows"]
        and all(map(reference_fits, body["input_reference"]))
        and ("texts" not in body or (isinstance(body["texts"], list) and len(body["texts"]) == stored["rows"] and all(or_none(one, lambda v: text(v, 0, 65536)) for one in body["texts"])))
        and ("collection" not in body or name_fits(body["collection"], 128))
        and ("document" not in body or name_fits(body["document"], 512))
        and ("metadata" not in body or metadata_fits(body["metadata"], stored["rows"]))
    )
    return rows_fault(stored, body["space"]) if fits else "kind.malformed"


TOLERANCE = {"f32": 1e-3, "f16": 2e-3, "i8": 2e-2}


def rows_fault(stored, space):
    dtype, dims, data = stored["dtype"], space["dims"], stored["bytes"]
    width = {"f32": 4 * dims, "f16": 2 * dims, "i8": 4 + dims, "b1": (dims + 7) // 8}[dtype]
    if len(data) != width * stored["rows"] or (dtype == "b1") != (space["metric"] == "hamming"):
        return "vector.malformed"
    for row in range(stored["rows"]):
        part = data[row * width : (row + 1) * width]
        if dtype == "b1":
            if dims % 8 and part[-1] & ((1 << (8 - dims % 8)) - 1):
                return "vector.malformed"
            continue
        if dtype == "f32":
            numbers = struct.unpack(f"<{dims}f", part)
        elif dtype == "f16":
            numbers = struct.unpack(f"<{dims}e", part)
        else:
            scale = struct.unpack("<f", part[:4])[0]
            numbers = [scale * one for one in struct.unpack(f"<{dims}b", part[4:])]
        if not all(map(math.isfinite, numbers)):
            return "vector.not_finite"
        length = math.sqrt(sum(one * one for one in numbers))
        if length == 0:
            return "vector.zero"
        if space["normalized"] and abs(length - 1) > TOLERANCE[dtype]:
            return "vector.not_unit"
    return None


def receipt_fits(body, when):
    seen = body.get("seen")
    return (
        set(body) == {"seen"}
        and isinstance(seen, list)
        and 1 <= len(seen) <= 1024
        and all(isinstance(one, dict) and set(one) == {"block", "at"} and named(one["block"]) and number(one["at"], 0, when) for one in seen)
        and len({bytes(one["block"].value) for one in seen}) == len(seen)
    )


def kind_fault(kind, body, when):
    """Why a body is inert, or None. `when`: the block's own time, ms."""
    if kind == "embedding/1":
        return embedding_fault(body)
    if kind == "retract/1":
        fits = set(body) <= {"reason"} and ("reason" not in body or text(body["reason"], 0, 1024))
    elif kind == "rotate/1":
        fits = len(body) == 1 and set(body) <= {"to", "from"}
        try:
            public_key(next(iter(body.values()))) if fits else None
        except (Refused, TypeError):
            fits = False
    elif kind == "receipt/1":
        fits = receipt_fits(body, when)
    elif kind == "sealed/1":
        fits = (
            set(body) == {"inner_kind", "age"}
            and text(body["inner_kind"], 1, 128)
            and KIND.fullmatch(body["inner_kind"]) is not None
            and body["inner_kind"] != "sealed/1"
            and isinstance(body["age"], bytes)
            and body["age"].startswith(b"age-encryption.org/v1\n")
        )
    else:
        return "kind.unknown"
    return None if fits else "kind.malformed"


def space_id(space):
    return cid_text(cid_of(0x71, encode(space)))


def make_space(model, dims, normalized=True, **more):
    """The descriptor of a space; what is unknown is None."""
    unknown = dict.fromkeys(("revision", "weights", "precision", "pooling", "query_prefix", "passage_prefix", "max_tokens", "endpoint"))
    return {**unknown, "metric": "cosine", **more, "model": model, "dims": dims, "normalized": normalized}


def read_rows(stored, space):
    """Rows of f32, f16 or i8 as lists of numbers."""
    dtype, dims, data = stored["dtype"], space["dims"], stored["bytes"]
    width = {"f32": 4 * dims, "f16": 2 * dims, "i8": 4 + dims}[dtype]
    parts = [data[row * width : (row + 1) * width] for row in range(stored["rows"])]
    if dtype == "i8":
        return [[struct.unpack("<f", part[:4])[0] * one for one in struct.unpack(f"<{dims}b", part[4:])] for part in parts]
    return [list(struct.unpack(f"<{dims}{'f' if dtype == 'f32' else 'e'}", part)) for part in parts]


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
