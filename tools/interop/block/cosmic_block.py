"""Version-2 blocks read and written from specs/ alone, with Debian's python3-cbor2 and python3-cryptography."""
import base64
import decimal
import hashlib
import io
import math
import re
import struct

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

INT_MAX = 2**53 - 1
PREFIX = bytes.fromhex("d28443a10132a0")


class Refused(Exception):
    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}")
        self.code = code


# ---- specs/codec.md ------------------------------------------------------------------------------

def plain(value, depth=0):
    """Is a decoded value inside the profile?"""
    if value is None or isinstance(value, (bool, str, bytes)):
        return True
    if isinstance(value, int):
        return -INT_MAX <= value <= INT_MAX
    if isinstance(value, cbor2.CBORTag):
        return value.tag == 42 and isinstance(value.value, bytes) and value.value[:1] == b"\0" and is_cid(value.value[1:])
    if isinstance(value, list):
        return depth < 16 and all(plain(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return depth < 16 and all(isinstance(key, str) and plain(item, depth + 1) for key, item in value.items())
    return False


def encode(value):
    return cbor2.dumps(value, canonical=True)


def decode(data, what):
    try:
        stream = io.BytesIO(data)
        value = cbor2.CBORDecoder(stream, str_errors="strict").decode()
    except RecursionError:
        raise Refused("block.malformed", f"{what}: too deep")
    except Exception as error:  # whatever the library calls it
        raise Refused("block.malformed", f"{what}: {error}")
    if stream.tell() != len(data) or not plain(value) or encode(value) != data:
        raise Refused("block.malformed", f"{what}: not in the profile")
    return value


def varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 49:
            return None, at
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return (None, at) if byte == 0 and shift else (value, at)
        shift += 7


def is_cid(data):
    if len(data) == 34 and data[:2] == b"\x12\x20":
        return True
    at, fields = 0, []
    for _ in range(4):
        value, at = varint(data, at)
        if value is None:
            return False
        fields.append(value)
    return fields[0] == 1 and len(data) - at == fields[3]


def cid_of(codec, data):
    return bytes([1, codec, 0x12, 0x20]) + hashlib.sha256(data).digest()


def cid_text(cid):
    return "b" + base64.b32encode(cid).decode().rstrip("=").lower()


def tag42(cid):
    return cbor2.CBORTag(42, b"\0" + cid)


def named(value, codecs=(0x71, 0x55)):
    """A CIDv1, sha2-256, of one of the codecs?"""
    if not isinstance(value, cbor2.CBORTag):
        return False
    cid = value.value[1:]
    return len(cid) == 36 and cid[0] == 1 and cid[1] in codecs and cid[2:4] == b"\x12\x20"


# ---- specs/identity.md ---------------------------------------------------------------------------

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
ORDER_8 = (
    int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
    int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
)
SMALL = {0, 1, P - 1, *ORDER_8}


def did_of(public):
    number = int.from_bytes(b"\xed\x01" + public, "big")
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "did:key:z" + text


def public_key(did):
    match = re.fullmatch(r"did:key:z(6Mk[1-9A-HJ-NP-Za-km-z]{44})", did)
    if match is None:
        raise Refused("identity.malformed", did)
    number = 0
    for letter in match[1]:
        number = number * 58 + ALPHABET.index(letter)
    try:
        data = number.to_bytes(34, "big")
    except OverflowError:
        raise Refused("identity.malformed", did)
    if data[:2] != b"\xed\x01":
        raise Refused("identity.malformed", did)
    return data[2:]


def sound(point):
    y = int.from_bytes(point, "little") & (2**255 - 1)
    return y < P and y not in SMALL


def verify(signature, message, public):
    if not (sound(public) and sound(signature[:32]) and int.from_bytes(signature[32:], "little") < L):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


# ---- specs/block.md ------------------------------------------------------------------------------

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


def size(text):
    return len(text.encode())


def is_ref(value):
    return (
        isinstance(value, dict)
        and set(value) == {"rel", "id"}
        and isinstance(value["rel"], str)
        and re.fullmatch(r"[a-z][a-z0-9_.-]{0,63}", value["rel"]) is not None
        and named(value["id"])
    )


def number(value, low, high):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


KIND = re.compile(r"(?:[a-z0-9-]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+)/[1-9][0-9]{0,3}")


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


def check_stamp(header):
    """Time, place, and the stamp's own form and hash; the positions need an ephemeris."""
    if header["timestamp"] >= 4102444800000:
        raise Refused("sky.time_out_of_span", "")
    place = header.get("observer_location")
    if "observer_location" in header:
        fits = (
            isinstance(place, dict)
            and {"lat", "lon", "elevation"} <= set(place) <= {"lat", "lon", "elevation", "grid"}
            and number(place["lat"], -90_000_000, 90_000_000)
            and number(place["lon"], -180_000_000, 180_000_000)
            and number(place["elevation"], -12_000_000, 1_000_000_000)
            and ("grid" not in place or (number(place["grid"], 1, 90_000_000) and place["lat"] % place["grid"] == 0 and place["lon"] % place["grid"] == 0))
        )
        if not fits:
            raise Refused("sky.place_invalid", "")
    stamp = header["cosmic_signature"]
    frame = "radec" if place is None else "altaz"
    keys = {"version", "label", "hash", frame}
    if not isinstance(stamp, dict) or not keys <= set(stamp) <= (keys | {"star"} if place is not None else keys) or stamp["version"] != "sky/1":
        raise Refused("sky.malformed", "keys")
    numbers = stamp[frame]
    if not isinstance(numbers, list) or len(numbers) != 18 or not all(number(one, -90_000_000, 359_999_999) for one in numbers):
        raise Refused("sky.malformed", frame)
    hashed = list(numbers)
    if "star" in stamp:
        star = stamp["star"]
        if not isinstance(star, list) or len(star) != 3 or not all(number(one, -90_000_000, 359_999_999) for one in star[1:]):
            raise Refused("sky.malformed", "star")
        hashed += star[1:]
    digest = hashlib.sha256(b"sky/1/" + frame.encode() + b"".join(struct.pack(">i", one) for one in hashed)).digest()
    if stamp["hash"] != digest[:8].hex():
        raise Refused("sky.malformed", "hash")


def check(wire, network):
    """The verdict on one block: {id, author, kind, inert}. Raises Refused with the code of the first fault."""
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
    check_stamp(header)
    return {
        "id": cid_text(cid_of(0x71, header_bytes)),
        "author": header["created_by"],
        "kind": header["kind"],
        "inert": None if body is None else kind_fault(header["kind"], {key: item for key, item in body.items() if key not in ("salt", "tags", "linked_blocks")}),
    }


# ---- specs/space.md, specs/kinds -----------------------------------------------------------------

def text(value, low, high):
    return isinstance(value, str) and low <= size(value) <= high


def or_none(value, test):
    return value is None or test(value)


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


def name_fits(value, high):
    return text(value, 1, high) and CONTROL.search(value) is None


# ---- specs/kinds/metadata.md

FRACTION = re.compile(r"-?(?:(?:0|[1-9][0-9]*)\.[0-9]*[1-9]|[1-9](?:\.[0-9]*[1-9])?e-[1-9][0-9]*)")


def fraction_text(value):
    """RFC 8785 of a double that is no whole number: Python's digits, ECMAScript's notation."""
    sign, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, digits))
    point = len(digits) + exponent
    if point > 0:
        plain_text = digits[:point] + "." + digits[point:]
    elif point > -6:
        plain_text = "0." + "0" * -point + digits
    else:
        plain_text = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + f"e{point - 1}"
    return ("-" if sign else "") + plain_text


def fraction_fits(value):
    if not isinstance(value, str) or len(value) > 25 or FRACTION.fullmatch(value) is None:
        return False
    return not float(value).is_integer() and fraction_text(float(value)) == value


def scalar_size(value):
    """Bytes that a scalar counts for, or None where it is none."""
    if isinstance(value, bool) or number(value, -INT_MAX, INT_MAX):
        return 8
    if isinstance(value, str):
        return size(value) if size(value) <= 4096 else None
    return 8 if isinstance(value, dict) and set(value) == {"n"} and fraction_fits(value["n"]) else None


def row_fits(row):
    if row is None:
        return True
    if not isinstance(row, dict) or not 1 <= len(row) <= 64:
        return False
    total = 0
    for key, value in row.items():
        if not name_fits(key, 128) or key[0] in "$#":
            return False
        if isinstance(value, list):
            sizes = [scalar_size(item) for item in value]
            if len(sizes) > 64:
                return False
        else:
            sizes = [8 if value is None else scalar_size(value)]
        if None in sizes:
            return False
        total += size(key) + sum(sizes)
    return total <= 16 * 1024


def metadata_fits(metadata, rows):
    return isinstance(metadata, list) and len(metadata) == rows and all(map(row_fits, metadata)) and len(encode(metadata)) <= 1024 * 1024


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


def kind_fault(kind, body):
    """Why a body is inert, or None."""
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


def sign(header, body, seed, network):
    """A whole block of header fields (without author and body) and body fields."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    body_bytes = encode(body)
    header_bytes = encode({**header, "created_by": did_of(public), "body": tag42(cid_of(0x71, body_bytes)), "body_bytes": len(body_bytes)})
    length = struct.pack(">BB", 0x58, len(header_bytes)) if len(header_bytes) < 256 else struct.pack(">BH", 0x59, len(header_bytes))
    return PREFIX + length + header_bytes + b"\x58\x40" + key.sign(signed_bytes(header_bytes, network)) + body_bytes
