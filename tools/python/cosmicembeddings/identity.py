"""specs/identity.md: did:key, and the one rule of Ed25519 that all verifiers share."""
import re

import nacl.bindings
import nacl.exceptions

from .errors import Refused

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
        nacl.bindings.crypto_sign_open(signature + message, public)
        return True
    except (nacl.exceptions.BadSignatureError, ValueError):
        return False


def keys_of(seed):
    """(public key, secret key as libsodium keeps it) of 32 bytes."""
    return nacl.bindings.crypto_sign_seed_keypair(seed)


def sign_with(seed, message):
    return nacl.bindings.crypto_sign(message, keys_of(seed)[1])[:64]
