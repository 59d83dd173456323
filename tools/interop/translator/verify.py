"""Re-runs the evaluation of a translator/1 block from its signed bytes: specs/block.md, space.md and kinds/translator.md, with
NumPy and a CBOR library, and nothing of this project. Usage: verify.py FILE (`cosmic get ID --output FILE`); prints what was stated
and measured as JSON and ends with status 1 where they are further apart than .005."""
import io
import json
import sys
from hashlib import sha256

import cbor2
import numpy as np

TOP = 10
TOLERANCE = 0.005


def unit(rows):
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)


def rows_of(stored, dims):
    """specs/space.md, how numbers are stored."""
    raw, dtype = stored["bytes"], stored["dtype"]
    if dtype == "i8":
        cells = np.frombuffer(raw, np.uint8).reshape(stored["rows"], 4 + dims)
        scale = cells[:, :4].copy().view("<f4").astype(float)
        return scale * cells[:, 4:].copy().view(np.int8)
    return np.frombuffer(raw, {"f32": "<f4", "f16": "<f2"}[dtype]).reshape(stored["rows"], dims).astype(float)


def body_of(wire):
    """The body, whose hash the signed header names."""
    stream = io.BytesIO(wire)
    envelope = cbor2.load(stream)
    body = wire[stream.tell() :]
    header = cbor2.loads(envelope.value[2])
    # A CID is tag 42 over a zero byte, then version, codec, hash and its length.
    if header["body"].value[5:] != sha256(body).digest():
        raise SystemExit("the body is not the one that the header names")
    if header["kind"] != "translator/1":
        raise SystemExit(f"no translator: {header['kind']}")
    return cbor2.loads(body)


def translated(body, x):
    linear, kernel = body["linear"], body["kernel"]
    d_from, d_to = body["from"]["dims"], body["to"]["dims"]
    center_from, center_to = (np.frombuffer(body[key], "<f4").astype(float) for key in ("center_from", "center_to"))
    c = unit(unit(x) - center_from)
    p = np.zeros((len(x), d_to))
    if linear is not None:
        p += c @ rows_of(linear, d_to)
    if kernel is not None:
        cosines = c @ unit(rows_of(body["anchors"]["from"], d_from) - center_from).T
        w = kernel["width_e6"] / 1e6
        k = np.exp(w * (cosines - 1)) if kernel["form"] == "exp" else np.maximum(0, cosines) ** w
        p += k @ rows_of(kernel["coefficients"], d_to)
    return unit(center_to + unit(p))


def evaluated(body):
    held, d_to = body["held_out"], body["to"]["dims"]
    x, truth = rows_of(held["from"], body["from"]["dims"]), unit(rows_of(held["to"], d_to))
    anchors = unit(rows_of(body["anchors"]["to"], d_to))
    pool = np.vstack([truth, anchors])
    found, wanted = translated(body, x) @ pool.T, truth @ pool.T
    each = {"recall": [], "cosine": [], "agreement": []}
    for i, (a, b) in enumerate(zip(found, wanted)):
        top = [[j for j in np.argsort(-one, kind="stable") if j != i][:TOP] for one in (a, b)]
        each["recall"].append(len(set(top[0]) & set(top[1])) / len(top[1]))
        each["cosine"].append(a[i])
        each["agreement"].append(np.corrcoef(a[len(x) :], b[len(x) :])[0, 1])
    return {"n": len(x), **{key: float(np.mean(value)) for key, value in each.items()}}


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        body = body_of(file.read())
    quality = body["quality"]
    stated = {"n": quality["n"], **{key: quality[f"{key}_e6"] / 1e6 for key in ("recall", "cosine", "agreement")}}
    measured = evaluated(body)
    agrees = measured["n"] == stated["n"] and all(
        abs(measured[key] - stated[key]) <= TOLERANCE for key in ("recall", "cosine", "agreement")
    )
    print(json.dumps({"method": body["method"], "agrees": agrees, "stated": stated, "measured": measured}))
    sys.exit(0 if agrees else 1)
