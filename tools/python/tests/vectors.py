"""The package against specs/vectors. Usage: python vectors.py SPECS"""
import base64
import json
import sys
from pathlib import Path

from cosmicembeddings import block, codec, identity, kinds, metadata, sky
from cosmicembeddings.errors import Refused

vectors = Path(sys.argv[1]) / "vectors"
faults = []
counts = {}


def load(name):
    return json.loads((vectors / f"{name}.json").read_text())


def holds(group, what, ok):
    counts[group] = counts.get(group, 0) + 1
    if not ok:
        faults.append(f"{group}: {what}")


def code_of(run):
    try:
        run()
    except Refused as refused:
        return refused.code
    return None


blocks = load("block")
for one in blocks["valid"] + blocks["inert"]:
    expected = [one["code"]] if "code" in one else [None, "kind.unknown"]
    wire = base64.b64decode(one["wire"])
    got = block.check(wire, blocks["network"])
    holds("block", one["rule"], got["inert"] in expected and ("id" not in one or got["id"] == one["id"]))
for one in blocks["invalid"]:
    wire = base64.b64decode(one["wire"])
    got = code_of(lambda: block.check(wire, blocks["network"]))
    # Of two faults either may be named first.
    holds("block refused", f"{one['rule']}: {got}, not {one['code']}", got is not None)
    holds("block's code", f"{one['rule']}: {got}, not {one['code']}", got == one["code"])
for one in load("space")["ids"]:
    holds("space", one["name"], kinds.space_id(one["space"]) == one["id"])
for one in load("identity")["keys"]:
    public, _ = identity.keys_of(bytes.fromhex(one["seed"]))
    holds("identity", one["did"], public.hex() == one["public_key"] and identity.did_of(public) == one["did"])
for one in load("identity")["ed25519"]:
    given = (bytes.fromhex(one["signature"]), one["message"].encode(), bytes.fromhex(one["public_key"]))
    holds("ed25519", one["rule"], identity.verify(*given) == one["valid"])
for one in load("metadata")["values"]:
    row = metadata.encode_metadata(one["json"])
    holds("metadata", one["hex"], codec.encode(row).hex() == one["hex"] and metadata.decode_metadata(codec.decode(bytes.fromhex(one["hex"]), "row")) == one["json"])
for one in load("codec")["valid"]:
    data = bytes.fromhex(one["hex"])
    holds("codec", one["hex"], code_of(lambda: codec.decode(data, "value")) is None)
for one in load("codec")["invalid"]:
    data = bytes.fromhex(one["hex"])
    holds("codec refused", one["why"], code_of(lambda: codec.decode(data, "value")) is not None)
for one in load("sky-stamps")["cases"]:
    when, place = one["at"]["timeMs"], one["at"].get("place")
    header = {"timestamp": when, "cosmic_signature": one["stamp"], **({} if place is None else {"observer_location": place})}
    got = code_of(lambda: (sky.check_form(header), sky.check_positions(header)))
    expected = one["expected"].get("code")
    holds("sky", f"{one['name']}: {got}, not {expected}", (got is None) == (expected is None))
    if expected is None:
        made = sky.stamp(when, place)
        own = {**header, "cosmic_signature": made}
        holds("stamp", one["name"], code_of(lambda: (sky.check_form(own), sky.check_positions(own))) is None)
        # Made by another engine at the same moment: the same star and constellation, and each angle within some arc seconds.
        if "second" not in one["name"] and "″" not in one["name"]:
            near = made.get("star", [None])[0] == one["stamp"].get("star", [None])[0] and made["label"].rpartition("-")[0] == one["stamp"]["label"].rpartition("-")[0]
            holds("the same stamp", one["name"], near and set(made) == set(one["stamp"]))
tables = load("sky-tables")["stars"]
bright = [row for row in tables if row[6] <= 200]
holds("stars", "the bright ones of sky-tables.json", [(name, numbers) for name, (_, numbers) in sky.bright_stars().items()] == [(row[0], row[2:6]) for row in bright])
print(", ".join(f"{n} {group}" for group, n in counts.items()))
for fault in faults[:30]:
    print("FAULT", fault)
sys.exit(1 if faults else 0)
