"""Chroma's own Python client on `cosmic gateway chroma`. Usage: chroma_client.py PORT"""
import math
import sys

import chromadb

client = chromadb.HttpClient(host="127.0.0.1", port=int(sys.argv[1]))
assert client.heartbeat() > 0


def vector(angle):
    return [math.cos(angle), math.sin(angle), 0.5]


kilns = client.get_or_create_collection("kilns", metadata={"about": "pottery"}, embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
assert client.get_or_create_collection("kilns", metadata={"about": "else"}, embedding_function=None).metadata == {"about": "pottery"}
kilns.add(ids=["a", "b", "c"], embeddings=[vector(0), vector(1), vector(2)], documents=["raku", "celadon glaze", "salt"], metadatas=[{"n": 1, "tags": ["x", "y"]}, {"n": 2.5}, None])
kilns.add(ids=["a"], embeddings=[vector(3)], documents=["another"])
assert kilns.get("a")["documents"] == ["raku"], "add leaves a known id as it was"
kilns.upsert(ids=["a"], embeddings=[vector(0.1)], documents=["new raku"], metadatas=[{"n": 1}])
found = kilns.query(query_embeddings=[vector(0)], n_results=10, include=["documents", "distances", "metadatas", "embeddings"])
assert found["ids"] == [["a", "b", "c"]] and found["documents"][0][0] == "new raku", found
cosine = (math.cos(0.1) + 0.25) / 1.25
assert abs(found["distances"][0][0] - (1 - cosine)) < 1e-5, found["distances"]
assert kilns.count() == 3
assert kilns.get(where={"n": {"$gt": 2}})["ids"] == ["b"]
assert kilns.get(where={"n": {"$ne": 1}})["ids"] == ["b", "c"]
assert kilns.get(where={"$or": [{"n": 1}, {"n": 2.5}]})["ids"] == ["b", "a"]
assert kilns.get(where_document={"$contains": "glaze"})["ids"] == ["b"]
assert kilns.query(query_embeddings=[vector(0)], n_results=9, where_document={"$not_contains": "raku"})["ids"] == [["b", "c"]]
assert kilns.get(limit=1, offset=1)["ids"] == ["c"] and kilns.peek(2)["ids"] == ["b", "c"]
kilns.update(ids=["b", "ghost"], metadatas=[{"more": True}, {"x": 1}])
assert kilns.get("b")["metadatas"] == [{"n": 2.5, "more": True}]
assert abs(kilns.get("b", include=["embeddings"])["embeddings"][0][0] - math.cos(1)) < 1e-6
kilns.delete(ids=["c", "ghost"])
assert kilns.get()["ids"] == ["a", "b"] or kilns.get()["ids"] == ["b", "a"]
for wrong in (lambda: kilns.delete(), lambda: kilns.query(query_embeddings=[[1.0, 2.0]]), lambda: kilns.get(where_document={"$regex": "a.*"})):
    try:
        wrong()
    except Exception as error:
        print("refused:", type(error).__name__, str(error)[:90])
    else:
        raise SystemExit("a wrong call passed")
kilns.modify(name="ovens")
assert [one.name for one in client.list_collections()] == ["ovens"] and client.count_collections() == 1

plain = client.create_collection("plain", embedding_function=None)
plain.add(ids=["p", "q"], embeddings=[[1.0, 0.0], [0.0, 3.0]])
assert plain.query(query_embeddings=[[1.0, 1.0]], n_results=2)["distances"] == [[1.0, 5.0]]
assert plain.get("p", include=["documents", "metadatas"])["documents"] == [None]
client.delete_collection("plain")
try:
    client.get_collection("plain", embedding_function=None)
    raise SystemExit("a deleted collection is there")
except chromadb.errors.NotFoundError:
    print("Chroma's Python client works")
