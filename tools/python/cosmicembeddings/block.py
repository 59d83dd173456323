"""specs/block.md: signed blocks of version 2, read and written."""
import os
import re
import struct
import time

import cbor2

from . import sky
from .codec import INT_MAX, cid_of, cid_text, decode, encode, named, tag42
from .errors import Refused
from .fields import KIND, number, size
from .identity import did_of, keys_of, public_key, sign_with, verify
from .kinds import kind_fault

PREFIX = bytes.fromhex("d28443a10132a0")


def signed_bytes(header, network):
    aad = b"cosmicembeddings/block/2" + (b"/" + network.encode() if network else b"")
    return cbor2.dumps(["Signature1", bytes.fromhex("a10132"), aad, header])


def read_envelope(wire):
    if wire[:1] != PREFIX[:1]:
        raise Refused("block.malformed", "first byte")
    if len(wire) < 8:
        raise Refused("block.malformed", "too short")
    if wire[:7] != PREFIX:
        raise Refused("block.bad_envelope", "fixed bytes")
    first = wire[7]
    size = {0x58: 1, 0x59: 2, 0x5A: 4}.get(first, 0)
    if 0x40 <= first < 0x58:
        length = first - 0x40
    elif size and len(wire) >= 8 + size:
        length = int.from_bytes(wire[8 : 8 + size], "big")
        if length < {1: 24, 2: 256, 4: 65536}[size]:
            raise Refused("block.bad_envelope", "length not shortest")
    else:
        raise Refused("block.bad_envelope", "payload")
    start = 8 + size
    if length > 4096:
        raise Refused("block.too_large", f"header: {length}")
    end = start + length
    if len(wire) < end + 66:
        raise Refused("block.malformed", "too short")
    if wire[end : end + 2] != b"\x58\x40":
        raise Refused("block.bad_envelope", "signature")
    return wire[start:end], wire[end + 2 : end + 66], end + 66


def is_ref(value):
    return (
        isinstance(value, dict)
        and set(value) == {"rel", "id"}
        and isinstance(value["rel"], str)
        and re.fullmatch(r"[a-z][a-z0-9_.-]{0,63}", value["rel"]) is not None
        and named(value["id"])
    )


def read_header(data):
    header = decode(data, "header")
    if isinstance(header, dict) and number(header.get("version"), -INT_MAX, INT_MAX) and header["version"] != 2:
        raise Refused("block.unknown_version", str(header["version"]))
    required = {"version", "kind", "created_by", "timestamp", "cosmic_signature", "body", "body_bytes"}
    optional = {"observer_location", "prev", "refs"}
    fits = (
        isinstance(header, dict)
        and required <= set(header) <= required | optional
        and number(header["version"], 2, 2)
        and isinstance(header["kind"], str)
        and size(header["kind"]) <= 128
        and KIND.fullmatch(header["kind"]) is not None
        and isinstance(header["created_by"], str)
        and number(header["timestamp"], 0, INT_MAX)
        and named(header["body"])
        and number(header["body_bytes"], 1, 4 * 1024 * 1024)
        and ("prev" not in header or named(header["prev"]))
        and ("refs" not in header or (isinstance(header["refs"], list) and 1 <= len(header["refs"]) <= 16 and all(map(is_ref, header["refs"]))))
    )
    if not fits:
        raise Refused("block.bad_header", "")
    public_key(header["created_by"])
    if not named(header["body"], (0x71,)):
        raise Refused("block.bad_header", "body")
    return header


def read_body(data):
    body = decode(data, "body")
    fits = (
        isinstance(body, dict)
        and {"salt", "tags", "linked_blocks"} <= set(body)
        and isinstance(body["salt"], bytes)
        and len(body["salt"]) == 16
        and isinstance(body["tags"], list)
        and len(body["tags"]) <= 64
        and all(isinstance(tag, str) and 1 <= size(tag) <= 128 for tag in body["tags"])
        and isinstance(body["linked_blocks"], list)
        and len(body["linked_blocks"]) <= 256
        and all(map(is_ref, body["linked_blocks"]))
    )
    if not fits:
        raise Refused("block.bad_body", "")
    return body


def check(wire, network="dev", positions=True):
    """
    The verdict on one block: {id, author, kind, inert}. Raises Refused with the code of the first fault.
    `positions`: compute the sky of its time and place, too (a millisecond or two).
    """
    header_bytes, signature, end = read_envelope(wire)
    header = read_header(header_bytes)
    rest = wire[end:]
    gone = rest[:1] == b"\xf6"
    if len(rest) != (1 if gone else header["body_bytes"]):
        raise Refused("block.malformed", "body's length")
    body = None
    if not gone:
        if cid_of(0x71, rest) != header["body"].value[1:]:
            raise Refused("block.body_mismatch", "")
        body = read_body(rest)
    if not verify(signature, signed_bytes(header_bytes, network), public_key(header["created_by"])):
        raise Refused("block.bad_signature", "")
    sky.check_form(header)
    if positions:
        sky.check_positions(header)
    return {
        "id": cid_text(cid_of(0x71, header_bytes)),
        "author": header["created_by"],
        "kind": header["kind"],
        "inert": None if body is None else kind_fault(header["kind"], {key: item for key, item in body.items() if key not in ("salt", "tags", "linked_blocks")}, header["timestamp"], [one["rel"] for one in header.get("refs", [])]),
    }


def read(wire):
    """(header, body or None) of a block that was checked."""
    header, _, end = read_envelope(wire)
    return decode(header, "header"), None if wire[end : end + 1] == b"\xf6" else decode(wire[end:], "body")


def split(data):
    """Blocks of a CBOR sequence."""
    at = 0
    while at < len(data):
        header, _, end = read_envelope(data[at:])
        gone = data[at + end : at + end + 1] == b"\xf6"
        length = 1 if gone else decode(header, "header")["body_bytes"]
        yield data[at : at + end + length]
        at += end + length


def sign(header, body, seed, network="dev"):
    """A whole block of header fields (without author and body) and body fields."""
    body_bytes = encode(body)
    header_bytes = encode({**header, "created_by": did_of(keys_of(seed)[0]), "body": tag42(cid_of(0x71, body_bytes)), "body_bytes": len(body_bytes)})
    length = struct.pack(">BB", 0x58, len(header_bytes)) if len(header_bytes) < 256 else struct.pack(">BH", 0x59, len(header_bytes))
    return PREFIX + length + header_bytes + b"\x58\x40" + sign_with(seed, signed_bytes(header_bytes, network)) + body_bytes


def create_block(kind, fields, seed, network="dev", tags=(), links=(), refs=(), time_ms=None, place=None):
    """
    A signed block with the sky of its time, over `place` where one is given: {"lat": microdegrees, "lon": microdegrees,
    "elevation": millimetres}. `links`, `refs`: (relation, id as text). Raises Refused before anything is signed that a node
    would not read.
    """
    when = int(time.time() * 1000) if time_ms is None else time_ms
    fault = kind_fault(kind, fields, when, [rel for rel, _ in refs])
    if fault not in (None, "kind.unknown"):
        raise Refused(fault, kind)
    named_ids = lambda pairs: [{"rel": rel, "id": tag42(cid_bytes(target))} for rel, target in pairs]
    stamped = {"timestamp": when, **({} if place is None else {"observer_location": dict(place)})}
    sky.check_place(stamped)
    header = {"version": 2, "kind": kind, **stamped, "cosmic_signature": sky.stamp(when, place), **({"refs": named_ids(refs)} if refs else {})}
    wire = sign(header, {**fields, "salt": os.urandom(16), "tags": list(tags), "linked_blocks": named_ids(links)}, seed, network)
    return check(wire, network, positions=False)["id"], wire


def cid_bytes(text):
    import base64

    try:
        return base64.b32decode(text[1:].upper() + "=" * (-(len(text) - 1) % 8))
    except ValueError as error:
        raise Refused("block.malformed", f"no block id: {text[:80]}") from error
