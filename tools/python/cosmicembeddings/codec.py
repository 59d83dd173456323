"""specs/codec.md: the profile of CBOR that blocks are written in, and content ids."""
import base64
import hashlib
import io

import cbor2

from .errors import Refused

INT_MAX = 2**53 - 1


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
