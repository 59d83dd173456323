"""Tests of single values, used by headers, bodies and kinds."""
import re

def size(text):
    return len(text.encode())


def number(value, low, high):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


KIND = re.compile(r"(?:[a-z0-9-]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+)/[1-9][0-9]{0,3}")


def text(value, low, high):
    return isinstance(value, str) and low <= size(value) <= high


def or_none(value, test):
    return value is None or test(value)


KIND = re.compile(r"(?:[a-z0-9-]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+)/[1-9][0-9]{0,3}")
CONTROL = re.compile("[\u0000-\u001f\u007f-\u009f]")


def name_fits(value, high):
    return text(value, 1, high) and CONTROL.search(value) is None
