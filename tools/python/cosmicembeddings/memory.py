"""
Memory in three verbs, as `@cosmicembeddings/sdk/agent` has them: documents with own ids and metadata, found by meaning, every
hit checked here against its signed block.
"""
import asyncio
import os
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from struct import pack

from . import block as blocks
from .client import Client
from .codec import encode
from .errors import Refused
from .identity import did_of, keys_of
from .kinds import cosine, make_space, read_rows, space_id
from .metadata import decode_metadata, encode_metadata

COSINE_TOLERANCE = 1e-4
REFS_MAX = 16


@dataclass(frozen=True)
class Item:
    """One document, or of a hit the passage that was found."""

    id: str
    block: str
    text: str | None
    metadata: dict
    tags: list
    author: str
    mine: bool
    time_ms: int
    row: int = 0
    cosine: float | None = None
    strength: str = "unknown"
    vector: list = field(default_factory=list, repr=False)


def open_memory(node="http://127.0.0.1:8080", key=None, embedder=None, collection="memory", space=None, trust=(), token=None):
    """
    A memory on a node. `key`: 32 bytes, a path of a key file of `cosmic`, "ephemeral", or None for the key `default` of
    `cosmic`, made where it is missing. `embedder`: texts to vectors; without one the node embeds. `space`: the descriptor
    of its vectors (`make_space`); by default one named after the collection that makes no promise about length.
    """
    client = node if isinstance(node, Client) else Client(node, token)
    return Memory(client, client.status()["network"], seed_of(key), embedder, collection, space, tuple(trust))


class Memory:
    def __init__(self, client, network, seed, embedder, collection, space, trust):
        self.client, self.network, self.seed = client, network, seed
        self.author = did_of(keys_of(seed)[0])
        self.collection, self.trust = collection, trust
        self._embed = embedder or self._node_embeds
        self._is_pinned = False
        self._space = space if space is not None or embedder is not None else self._space_of_node()

    # ---- the verbs

    def remember(self, documents, ids=None, metadata=None, tags=(), vectors=None):
        """
        Text, or a list of texts; with `ids` and `metadata` of the same length. Equal content is written once, other content
        under a known id replaces what stands there. Answers the ids in order.
        """
        one = isinstance(documents, str)
        texts = [documents] if one else list(documents)
        names = [ids] if one and ids is not None else ids
        about = [metadata] if one else metadata
        metadata = [item or {} for item in (about or [None] * len(texts))]
        ids = [self._content_id(text, item, tags) for text, item in zip(texts, metadata)] if names is None else list(names)
        if any(not text.strip() for text in texts):
            raise Refused("input.empty", "a text has no words")
        if len(set(ids)) != len(ids):
            if names is not None:
                raise Refused("memory.duplicate_id", "an id stands twice in one call; nothing was sent")
            first = {name: i for i, name in reversed(list(enumerate(ids)))}
            keep = sorted(first.values())
            self.remember([texts[i] for i in keep], [ids[i] for i in keep], [metadata[i] for i in keep], tags)
            return ids
        if self._space is not None:
            self._held_space(self._space)
        standing = self._versions(ids)
        changed = [i for i, name in enumerate(ids) if not self._same(standing.get(name, []), texts[i], metadata[i], list(tags))]
        rows = [vectors[i] for i in changed] if vectors is not None else self._embed([texts[i] for i in changed]) if changed else []
        wires = [self._block(ids[i], texts[i], metadata[i], tags, row, standing.get(ids[i], []))[1] for i, row in zip(changed, rows)]
        pin = self._pin(len(rows[0])) if wires else []
        self._publish(pin + wires)
        self._is_pinned = self._is_pinned or bool(wires)
        return ids[0] if one else ids

    def search(self, question, k=8, where=None, authors="trusted", min_cosine=None):
        """Nearest passages, checked: signature, hash, sky, cosine, passage. `question`: text or a vector."""
        is_text = isinstance(question, str)
        vector = [float(one) for one in (self._embed([question])[0] if is_text else question)]
        space = space_id(self._space_for(len(vector)))
        request = {"k": k, "filter": self._filter(where, authors), "trusted": [self.author, *self.trust], "vector": {"space": space, "values": vector}, "collapse": False, "unvouched": "open", "authorShare": "open"}
        if is_text and question.strip():
            request["text"] = question
        if not is_text:
            request["mode"] = "vectors"
        if min_cosine is not None:
            request["minCosine"] = min_cosine
        try:
            answer = self.client.search(**request)
        except Refused as refused:
            if refused.code == "space.unknown":
                return []
            raise
        wires = self.client.read([hit["id"] for hit in answer["hits"]])
        items = (self._checked_hit(hit, wires.get(hit["id"]), vector, space) for hit in answer["hits"])
        return [item for item in items if item is not None]

    def forget(self, ids=None, where=None, everything=False):
        """Retracts what is yours: by ids, by a filter, or all of the collection. Answers how many documents."""
        if not everything and not (ids or where):
            raise Refused("memory.empty_filter", "give ids or a where; everything=True is all of yours in the collection")
        if ids is not None:
            found = [one for versions in self._versions([ids] if isinstance(ids, str) else list(ids)).values() for one in versions]
        else:
            found = self._standing(self._filter(where, "mine"))
        pins = self._pins() if everything else []
        self._is_pinned = self._is_pinned and not everything
        named = [("retracts", block) for block in [*(one.block for one in found), *(block for block, _ in pins)]]
        wires = [blocks.create_block("retract/1", {}, self.seed, self.network, refs=named[i : i + REFS_MAX])[1] for i in range(0, len(named), REFS_MAX)]
        self._publish(wires)
        return len({one.id for one in found})

    def get(self, ids):
        """Documents by own id; of a list those that there are, in its order."""
        one = isinstance(ids, str)
        found = self._versions([ids] if one else list(ids))
        items = [found[name][0] for name in ([ids] if one else ids) if name in found]
        return (items[0] if items else None) if one else items

    def watch(self, near=None, min_score=None, where=None, authors="trusted", after=None):
        """
        Told of what comes to be near, whoever brought it, until the loop is left: dicts with `type` and `cursor`, of a `hit`
        an `item`, checked as in a search. `live`: all that is here was told; `gone`: a `block` was taken back; `gap`: what
        came in between is not told. `after`: the cursor behind which to go on.
        """
        request = {"filter": self._filter(where, authors)}
        vector, space = None, None
        if near is not None:
            vector = [float(one) for one in (self._embed([near])[0] if isinstance(near, str) else near)]
            space = space_id(self._space_for(len(vector)))
            request["near"] = {"vector": {"space": space, "values": vector}}
        for name, value in (("minScore", min_score), ("after", after)):
            if value is not None:
                request[name] = value
        for event in self.client.watch(request):
            if event["type"] == "hit":
                hit = event["hit"]
                item = self._checked_hit(hit, self.client.read([hit["id"]]).get(hit["id"]), vector or [], space)
                yield {"type": "dropped", "cursor": event["cursor"], "block": hit["id"]} if item is None else {"type": "hit", "cursor": event["cursor"], "item": item}
            elif event["type"] == "gone":
                yield {"type": "gone", "cursor": event["cursor"], "block": event["id"], "why": event["why"]}
            elif event["type"] not in ("opened", "at"):
                yield event

    def list(self, where=None, authors="trusted"):
        """All documents of the collection, oldest first."""
        return self._standing(self._filter(where, authors))

    async def aremember(self, *args, **kwargs):
        return await asyncio.to_thread(self.remember, *args, **kwargs)

    async def asearch(self, *args, **kwargs):
        return await asyncio.to_thread(self.search, *args, **kwargs)

    async def aforget(self, *args, **kwargs):
        return await asyncio.to_thread(self.forget, *args, **kwargs)

    async def aget(self, ids):
        return await asyncio.to_thread(self.get, ids)

    # ---- how

    def _node_embeds(self, texts):
        return self.client.embeddings(texts, space_id(self._space))[0] if texts else []

    def _space_of_node(self):
        """Vectors of the node's first embedder are of a space that it knows."""
        status = self.client.status()
        ready = [one["space"] for one in status["embedders"]]
        if not ready:
            raise Refused("embedder.unset", "the node has no embedder; give one: embedder=lambda texts: …")
        models = self.client.json("GET", "/v1/models")["data"]
        return next(one["space"] for one in models if one["id"] == ready[0])

    def _space_for(self, dims):
        if self._space is None:
            self._space = make_space(f"python:{self.collection}", dims, normalized=False)
        if self._space["dims"] != dims:
            raise Refused("space.dims_mismatch", f"{dims} numbers, {self._space['dims']} in the space")
        return self._space

    def _pins(self):
        """(block, space) of what says in which space the collection is (specs/kinds/collection.md), the one that counts first."""
        ids = list(self.client.find({"kinds": ["collection/1"], "authors": [self.author], "where": {"#collection": self.collection}}, hidden="hide"))
        found = []
        for name, wire in self.client.read(ids).items():
            verdict = blocks.check(wire, self.network)
            header, body = blocks.read(wire)
            if verdict["id"] == name and verdict["author"] == self.author and not verdict["inert"] and body is not None and body["collection"] == self.collection:
                found.append((-header["timestamp"], name, body["space"]))
        return [(name, space) for _, name, space in sorted(found, key=lambda one: one[:2])]

    def _held_space(self, space):
        """Whether the collection says its space; another one is refused before anything is sent."""
        if self._is_pinned:
            return True
        pins = self._pins()
        if pins and space_id(pins[0][1]) != space_id(space):
            raise Refused("space.mismatch", f"the collection {self.collection!r} is in a space of {pins[0][1]['model']}, these vectors are of {space['model']}; use another collection, or forget(everything=True) first")
        return bool(pins)

    def _pin(self, dims):
        space = self._space_for(dims)
        if self._held_space(space):
            return []
        return [blocks.create_block("collection/1", {"collection": self.collection, "space": space}, self.seed, self.network)[1]]

    def _content_id(self, text, metadata, tags):
        content = [self.collection, text, sorted((encode_metadata(metadata) or {}).items()), list(tags)]
        return "p-" + sha256(encode([list(one) if isinstance(one, tuple) else one for one in [content[0], content[1], [list(pair) for pair in content[2]], content[3]]])).hexdigest()[:40]

    def _same(self, versions, text, metadata, tags):
        return len(versions) == 1 and versions[0].text == text and encode_metadata(versions[0].metadata) == encode_metadata(metadata) and versions[0].tags == tags

    def _block(self, name, text, metadata, tags, vector, before):
        numbers = [float(one) for one in vector]
        row = encode_metadata(metadata)
        fields = {
            "space": self._space_for(len(numbers)),
            "embedding": {"dtype": "f32", "rows": 1, "bytes": pack(f"<{len(numbers)}f", *numbers)},
            "input_type": "text",
            "input_reference": [{"hash": sha256(text.encode()).digest(), "origin": ""}],
            "texts": [text],
            "collection": self.collection,
            "document": name,
            **({} if row is None else {"metadata": [row]}),
        }
        refs = [("supersedes", one.block) for one in before[:REFS_MAX]]
        after = max((one.time_ms + 1 for one in before), default=0)
        return blocks.create_block("embedding/1", fields, self.seed, self.network, tags=tags, refs=refs, time_ms=max(after, now_ms()))

    def _publish(self, wires):
        for answer in self.client.publish(wires):
            if answer["status"] not in ("stored", "known"):
                raise Refused(answer.get("code", "block.in_future"), answer.get("detail", "this clock is ahead of the node's"))

    def _filter(self, where, authors):
        scope = {"#collection": self.collection}
        dids = {"mine": [self.author], "trusted": [self.author, *self.trust], "all": None}.get(authors, authors) if isinstance(authors, str) else list(authors)
        return {"kinds": ["embedding/1"], "where": scope if not where else {"$and": [scope, where]}, **({} if dids is None else {"authors": dids})}

    def _versions(self, ids):
        found = {}
        for i in range(0, len(ids), 500):
            for one in self._standing(self._filter({"#id": {"$in": ids[i : i + 500]}}, "mine")):
                found.setdefault(one.id, []).append(one)
        return {name: sorted(items, key=lambda one: (-one.time_ms, one.block)) for name, items in found.items()}

    def _standing(self, filter):
        ids = list(self.client.find(filter, order="oldest", hidden="hide"))
        wires = self.client.read(ids)
        read = [self._item(name, wires[name]) for name in ids if name in wires]
        old = {target for _, replaced in read for target in replaced}
        return [item for item, _ in read if item is not None and item.block not in old]

    def _item(self, name, wire, row=0):
        """(document, ids it supersedes) of bytes, checked."""
        verdict = blocks.check(wire, self.network)
        if verdict["id"] != name:
            raise Refused("block.malformed", f"asked for {name}, the node gave {verdict['id']}")
        header, body = blocks.read(wire)
        if body is None or verdict["kind"] != "embedding/1" or verdict["inert"]:
            return None, []
        replaced = [blocks.cid_text(ref["id"].value[1:]) for ref in header.get("refs", []) if ref["rel"] == "supersedes"]
        texts, metadata = body.get("texts"), body.get("metadata")
        item = Item(
            id=body.get("document", name), block=name, text=texts[row] if texts else None, metadata=decode_metadata(metadata[row] if metadata else None), tags=body["tags"],
            author=verdict["author"], mine=verdict["author"] == self.author, time_ms=header["timestamp"], row=row, vector=read_rows(body["embedding"], body["space"])[row] if body["embedding"]["dtype"] != "b1" else [],
        )
        return item, replaced

    def _checked_hit(self, hit, wire, vector, space):
        if wire is None:
            return None
        try:
            item, _ = self._item(hit["id"], wire, hit["row"])
        except (Refused, IndexError):
            return None
        if item is None or item.author != hit["author"]:
            return None
        near = cosine(vector, item.vector) if hit.get("space") == space and any(vector) else None
        if near is not None and hit.get("cosine") is not None and abs(near - hit["cosine"]) > COSINE_TOLERANCE:
            return None
        return Item(**{**item.__dict__, "cosine": near, "strength": hit.get("strength", "unknown")})


def now_ms():
    import time

    return int(time.time() * 1000)


def home_folder():
    """Where `cosmic` keeps keys."""
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(os.environ.get("COSMIC_HOME") or Path(config) / "cosmicembeddings")


def seed_of(key):
    if isinstance(key, bytes) and len(key) == 32:
        return key
    if key == "ephemeral":
        return secrets.token_bytes(32)
    path = home_folder() / "keys" / "default.key" if key is None else Path(key)
    if key is None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        path.with_suffix(".pub").write_text(did_of(keys_of(bytes.fromhex(path.read_text()))[0]) + "\n")
    text = path.read_text().strip()
    if text.startswith("-----BEGIN AGE"):
        raise Refused("key.locked", f"{path}: give the 32 bytes of a key that has a passphrase")
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(seed) != 32:
        raise Refused("key.malformed", f"{path}: expected 64 hexadecimal digits")
    return seed
