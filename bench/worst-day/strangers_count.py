"""Counts what schemathesis sends, by route and by whether it was meant to be valid, into the file that STRANGERS_COUNTS names."""

import atexit
import json
import os
from collections import Counter

import schemathesis

counts = Counter()


@schemathesis.serializer("application/cbor-seq", "application/x-ndjson")
def as_bytes(context, value):
    """What was made for a body of bytes, as it is."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def after_call(context, case, response):
    meta = getattr(case, "meta", None)
    mode = "invalid" if meta is not None and meta.generation.mode.is_negative else "valid"
    counts[(case.operation.label, mode)] += 1
    counts[(case.operation.label, "slowest")] = max(
        counts[(case.operation.label, "slowest")], round(response.elapsed * 1000)
    )


@atexit.register
def write():
    with open(os.environ["STRANGERS_COUNTS"], "a", encoding="utf-8") as out:
        for (route, what), n in counts.items():
            out.write(json.dumps({"route": route, "what": what, "n": n}) + "\n")
