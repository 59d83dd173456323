"""The three verbs, the client of OpenAI, and hostile answers, against the node at COSMIC_NODE."""
import os
import uuid

import pytest

from cosmicembeddings import Client, Refused, check, create_block, open_memory

NODE = os.environ["COSMIC_NODE"]


def memory(**options):
    return open_memory(NODE, **{"key": b"\x09" * 32, "collection": f"test {uuid.uuid4()}", **options})


def test_remember_search_forget():
    mine = memory()
    assert mine.remember("The kiln fires at 1240 °C.", ids="kiln", metadata={"topic": "pottery", "degrees": 1240, "ratio": 0.5}) == "kiln"
    mine.remember("Herons wait in the reeds.", ids="heron", metadata={"topic": "birds"})
    hit = mine.search("how hot is the kiln?", where={"topic": "pottery"})[0]
    assert (hit.id, hit.text, hit.mine, hit.metadata["ratio"]) == ("kiln", "The kiln fires at 1240 °C.", True, 0.5)
    assert hit.cosine is not None
    before = mine.get("kiln").block
    assert mine.remember("The kiln fires at 1240 °C.", ids="kiln", metadata={"topic": "pottery", "degrees": 1240, "ratio": 0.5}) == "kiln"
    assert mine.get("kiln").block == before
    mine.remember("The kiln fires at 1280 °C.", ids="kiln", metadata={"topic": "pottery"})
    assert [one.text for one in mine.search("kiln", where={"topic": "pottery"})] == ["The kiln fires at 1280 °C."]
    assert mine.forget("kiln") == 1 and mine.get("kiln") is None
    with pytest.raises(Refused, match="memory.empty_filter"):
        mine.forget([])


def test_a_strangers_document_needs_all():
    name = f"shared {uuid.uuid4()}"
    memory(collection=name).remember("the secret word is marl")
    other = memory(key="ephemeral", collection=name)
    assert other.search("secret word") == []
    found = other.search("secret word", authors="all")
    assert [(one.text, one.mine) for one in found] == [("the secret word is marl", False)]


def test_a_node_that_lies_is_found_out():
    mine = memory()
    mine.remember("true words", ids="a")
    honest = mine.client

    class Liar(Client):
        def read(self, ids):
            return {name: wire[:-3] + b"lie" for name, wire in honest.read(ids).items()}

    mine.client = Liar(NODE)
    assert mine.search("true words") == []


def test_blocks_are_judged_by_the_node_as_here():
    mine = memory()
    mine.remember("judged twice", ids="a")
    block = mine.get("a").block
    wire = mine.client.read([block])[block]
    there = mine.client.json("POST", "/v2/check", wire, "application/cbor-seq")
    here = check(wire, mine.network)
    assert (there["id"], there["author"], there["kind"]) == (here["id"], here["author"], here["kind"])


def test_openai_client():
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"{NODE}/v1", api_key="none")
    models = client.models.list().data
    answer = client.embeddings.create(input=["one", "two"], model=models[0].id)
    plain = client.embeddings.create(input="one", model=models[0].owned_by, encoding_format="float")
    assert len(answer.data) == 2 and answer.data[0].embedding == pytest.approx(plain.data[0].embedding)
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(input="one", model="text-embedding-3-small")
    assert refused.value.code == "search.no_embedder"


def test_a_collection_keeps_its_space():
    name = f"kept {uuid.uuid4()}"
    memory(collection=name).remember("one", ids="a")
    mine = memory(collection=name)
    assert len(mine._pins()) == 1
    mine.remember("two", ids="b")
    other = memory(collection=name, embedder=lambda texts: [[1.0, 0.5] for _ in texts])
    with pytest.raises(Refused, match="space.mismatch"):
        other.remember("three", ids="c")
    assert len(mine._pins()) == 1 and mine.forget(everything=True) == 2
    other.remember("three", ids="c")


def test_a_block_over_a_place_is_taken_by_a_node():
    client = Client(NODE)
    for when in (1795298400000, 1795255200000):  # Munich by night, with a star, and by day
        place = {"lat": 48137000, "lon": 11575000, "elevation": 520000}
        name, wire = create_block("test.note/1", {}, b"\x09" * 32, time_ms=when, place=place)
        assert check(wire)["id"] == name
        assert [one["status"] for one in client.publish([wire])] in (["stored"], ["known"])
    with pytest.raises(Refused, match="sky.place_invalid"):
        create_block("test.note/1", {}, b"\x09" * 32, place={"lat": 48.137, "lon": 11.575, "elevation": 520})


def test_a_watch_tells_what_comes_and_goes_on_behind_a_cursor():
    mine = memory()
    mine.remember("The kiln fires at 1240 °C.", ids="kiln")
    events = mine.watch("how hot is the kiln?", min_score=0.3)
    assert next(events)["type"] == "live"
    mine.remember("The kiln fires at 1280 °C.", ids="hot")
    hit = next(events)
    assert (hit["type"], hit["item"].id, hit["item"].mine) == ("hit", "hot", True)
    assert hit["item"].cosine > 0.3
    events.close()
    mine.remember("The kiln fires at 1300 °C.", ids="hotter")
    mine.forget("hotter")
    mine.remember("The kiln fires at 1310 °C.", ids="hottest")
    told = mine.watch("how hot is the kiln?", min_score=0.3, after=hit["cursor"])
    seen = []
    for event in told:
        seen.append((event["type"], event["item"].id if event["type"] == "hit" else None))
        if event["type"] == "live":
            break
    told.close()
    assert ("hit", "hottest") in seen and ("hit", "hotter") not in seen and ("gone", None) in seen
