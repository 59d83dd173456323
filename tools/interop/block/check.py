"""Judges blocks.json (made by make.mjs) and writes signed.json with 50 blocks of its own. Usage: check.py FOLDER"""
import base64
import json
import math
import os
import struct
import sys
from hashlib import sha256
from pathlib import Path

from cosmicembeddings.block import check, sign
from cosmicembeddings.codec import cid_of, tag42
from cosmicembeddings.errors import Refused

folder = Path(sys.argv[1])
data = json.loads((folder / "blocks.json").read_text())
faults = []


def verdict(wire):
    try:
        return check(base64.b64decode(wire), data["network"], positions=False)
    except Refused as refused:
        return {"code": refused.code}


for block in data["good"]:
    got = verdict(block["wire"])
    expected = {key: block[key] for key in ("id", "author", "kind", "inert")}
    if got != expected:
        faults.append(f"{block['name']}: expected {expected}, got {got}")
codes = 0
for block in data["mutated"]:
    got = verdict(block["wire"])
    if "code" not in got:
        faults.append(f"{block['name']}: accepted, expected {block['code']}")
    elif got["code"] == block["code"]:
        codes += 1
    else:
        faults.append(f"{block['name']}: {got['code']}, expected {block['code']}")


def rows(dtype, dims, count):
    out = b""
    for row in range(count):
        numbers = [math.cos(row + 3 * i) + 0.1 for i in range(dims)]
        length = math.sqrt(sum(one * one for one in numbers))
        numbers = [one / length for one in numbers]
        if dtype == "f32":
            out += struct.pack(f"<{dims}f", *numbers)
        elif dtype == "f16":
            out += struct.pack(f"<{dims}e", *numbers)
        elif dtype == "i8":
            scale = struct.unpack("<f", struct.pack("<f", max(map(abs, numbers)) / 127))[0]
            out += struct.pack("<f", scale) + bytes((round(one / scale)) & 255 for one in numbers)
        else:
            bits = "".join("1" if one > 0 else "0" for one in numbers).ljust((dims + 7) // 8 * 8, "0")
            out += int(bits, 2).to_bytes(len(bits) // 8, "big")
    return out


signed = []
stamped = [block for block in data["good"] if block["header"] is not None]
for i in range(50):
    dims, count = 3 + i % 17, 1 + i % 3
    dtype = ("f32", "f16", "i8", "b1")[i % 4]
    header = json.loads(stamped[i % len(stamped)]["header"])
    body = {"salt": os.urandom(16), "tags": [f"python {i}", "ünï ⭐"], "linked_blocks": []}
    if i % 10 == 8:
        header["kind"] = "retract/1"
        header["refs"] = [{"rel": "retracts", "id": tag42(cid_of(0x71, b"%d" % i))}]
        body["reason"] = "from Python"
    elif i % 10 == 9:
        header["kind"] = "thing.example/1"
        body["nested"] = [[1, {"a": None, "bb": True, "c": -i}], tag42(cid_of(0x55, b"x"))]
    else:
        header["kind"] = "embedding/1"
        body["space"] = {
            "model": f"python/{dims}", "revision": None, "weights": None, "precision": "fp32", "dims": dims, "metric": "hamming" if dtype == "b1" else "cosine",
            "pooling": None, "normalized": dtype != "b1", "query_prefix": None, "passage_prefix": None, "max_tokens": None, "endpoint": None,
        }
        body["embedding"] = {"dtype": dtype, "rows": count, "bytes": rows(dtype, dims, count)}
        body["input_type"] = "text"
        body["input_reference"] = [{"hash": sha256(b"%d" % row).digest(), "origin": f"row {row}"} for row in range(count)]
    header["version"] = 2
    wire = sign(header, body, sha256(b"python %d" % i).digest(), data["network"])
    own = check(wire, data["network"], positions=False)
    signed.append({"wire": base64.b64encode(wire).decode(), "id": own["id"], "kind": own["kind"], "inert": own["inert"]})
(folder / "signed.json").write_text(json.dumps(signed))

print(f"{len(data['good'])} blocks verified, {len(data['mutated'])} mutated ones refused ({codes} with the same code), {len(signed)} signed")
for fault in faults[:20]:
    print("FAULT", fault)
sys.exit(1 if faults else 0)
