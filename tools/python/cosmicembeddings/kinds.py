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


def attest_fits(body, refs):
    return (
        set(body) == {"agrees", "cosine_e6", "tolerance_e6", "rows", "runtime"}
        and isinstance(body["agrees"], bool)
        and number(body["cosine_e6"], -(10**6), 10**6)
        and number(body["tolerance_e6"], 0, 10**6)
        and number(body["rows"], 1, 1024)
        and text(body["runtime"], 1, 128)
        and body["agrees"] == (body["cosine_e6"] >= body["tolerance_e6"])
        and refs.count("attests") == 1
    )


def collection_fits(body):
    return (
        {"collection", "space"} <= set(body) <= {"collection", "space", "title", "metadata"}
        and name_fits(body["collection"], 128)
        and ("title" not in body or text(body["title"], 1, 1024))
        and ("metadata" not in body or (bool(body["metadata"]) and metadata_fits([body["metadata"]], 1)))
    )


def share(value):
    return number(value, -(10**6), 10**6)


MEASURED = {"n": lambda v: number(v, 0, 10**6), "recall_e6": share, "cosine_e6": share, "agreement_e6": share}
NEARNESS = {"near_e6": share, "agreement_e6": share, "slope_e6": lambda v: number(v, 0, 10**9), "hits_e6": share}
LARGEST = 1e4


def fields_fit(value, tests):
    return isinstance(value, dict) and set(value) == set(tests) and all(test(value[key]) for key, test in tests.items())


def stored_fits(value, dims, rows=None, directions=False):
    """Rows of `dims` numbers, `rows` of them where that is given; with `directions` none is all zeros."""
    if not fields_fit(value, {"dtype": lambda v: v in ("f32", "f16", "i8"), "rows": lambda v: number(v, 1, 65536), "bytes": lambda v: isinstance(v, bytes) and len(v) >= 1}):
        return False
    width = {"f32": 4 * dims, "f16": 2 * dims, "i8": 4 + dims}[value["dtype"]]
    if len(value["bytes"]) != width * value["rows"] or rows not in (None, value["rows"]):
        return False
    return all(all(abs(x) <= LARGEST for x in row) and (not directions or any(row)) for row in read_rows(value, {"dims": dims}))


def center_fits(value, dims):
    return isinstance(value, bytes) and stored_fits({"dtype": "f32", "rows": 1, "bytes": value}, dims)


def translator_fault(body):
    """specs/kinds/translator.md"""
    for side in ("from", "to"):
        if side in body and not space_fits(body[side]):
            return "space.malformed"
    required = {"from", "to", "method", "center_from", "center_to", "linear", "kernel", "anchors", "held_out", "quality", "domains", "nearness"}
    return None if set(body) == required and translator_fits(body) else "kind.malformed"


def translator_fits(body):
    a, b, method, linear, kernel = body["from"], body["to"], body["method"], body["linear"], body["kernel"]
    anchors, held = body["anchors"], body["held_out"]
    listed = lambda v: isinstance(v, bytes) and len(v) >= 32
    rows = lambda v: isinstance(v, dict) and number(v.get("rows"), 1, 65536)
    shaped = (
        method in ("procrustes", "ridge", "rbf", "residual", "relative")
        and a != b
        and "hamming" not in (a["metric"], b["metric"])
        and (linear is None) == (method in ("rbf", "relative"))
        and (kernel is None) == (method in ("procrustes", "ridge"))
        and fields_fit(anchors, {"n": lambda v: number(v, 1, 65536), "references": listed, "root": lambda v: isinstance(v, bytes) and len(v) == 32, "from": rows, "to": rows})
        and fields_fit(held, {"references": listed, "from": rows, "to": rows})
        and or_none(kernel, lambda v: fields_fit(v, {"form": lambda f: f in ("exp", "power"), "width_e6": lambda w: number(w, 1, 64_000_000), "coefficients": rows}))
        and fields_fit(body["quality"], MEASURED)
        and isinstance(body["domains"], list)
        and len(body["domains"]) <= 64
        and all(fields_fit(one, {"name": lambda v: text(v, 1, 128), **MEASURED}) for one in body["domains"])
        and fields_fit(body["nearness"], NEARNESS)
        and len(anchors["references"]) == 32 * anchors["n"]
        and anchors["from"]["rows"] <= anchors["n"]
        and len(held["references"]) == 32 * held["from"]["rows"]
    )
    return (
        shaped
        and center_fits(body["center_from"], a["dims"])
        and center_fits(body["center_to"], b["dims"])
        and or_none(linear, lambda v: stored_fits(v, b["dims"], a["dims"]))
        and or_none(kernel, lambda v: stored_fits(v["coefficients"], b["dims"], anchors["from"]["rows"]))
        and stored_fits(anchors["from"], a["dims"], directions=True)
        and stored_fits(anchors["to"], b["dims"], anchors["from"]["rows"], directions=True)
        and stored_fits(held["from"], a["dims"], directions=True)
        and stored_fits(held["to"], b["dims"], held["from"]["rows"], directions=True)
    )


def kind_fault(kind, body, when, refs=()):
    """Why a body is inert, or None. `when`: the block's own time, ms; `refs`: the relations of its header's refs."""
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
    elif kind == "attest/1":
        fits = attest_fits(body, list(refs))
    elif kind == "translator/1":
        return translator_fault(body)
    elif kind == "sealed/1":
        fits = (
            set(body) == {"inner_kind", "age"}
            and text(body["inner_kind"], 1, 128)
            and KIND.fullmatch(body["inner_kind"]) is not None
            and body["inner_kind"] != "sealed/1"
            and isinstance(body["age"], bytes)
            and body["age"].startswith(b"age-encryption.org/v1\n")
        )
    elif kind == "collection/1":
        if "space" in body and not space_fits(body["space"]):
            return "space.malformed"
        fits = collection_fits(body)
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
