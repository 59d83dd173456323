"""specs/kinds/metadata.md: what an author says about rows, flat, typed, exact."""
import decimal
import math
import re

from .codec import INT_MAX, encode
from .errors import Refused
from .fields import name_fits, number, size

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


def encode_metadata(given):
    """A dict of Python values as the field of one row; None where there is none."""
    row = {key: [scalar(item, key) for item in value] if isinstance(value, (list, tuple)) else None if value is None else scalar(value, key) for key, value in given.items()}
    if row and not row_fits(row):
        raise Refused("kind.malformed", "metadata: at most 64 keys of flat values and 16 KiB; see specs/kinds/metadata.md")
    return row or None


def scalar(value, key):
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Refused("kind.malformed", f"metadata.{key}: {value}")
        if not value.is_integer():
            return {"n": fraction_text(value)}
        value = int(value)
    if isinstance(value, (bool, str)) or number(value, -INT_MAX, INT_MAX):
        return value
    raise Refused("kind.malformed", f"metadata.{key}: expected text, a number, true, false, None, or a list of them")


def decode_metadata(row):
    """The dict that a row's field says."""
    plain = lambda value: float(value["n"]) if isinstance(value, dict) else value
    return {key: [plain(item) for item in value] if isinstance(value, list) else plain(value) for key, value in (row or {}).items()}
