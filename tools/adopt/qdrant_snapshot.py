"""Snapshots as Qdrant makes them, of segments that Qdrant's own code wrote. Usage: qdrant_snapshot.py FOLDER; writes
collection.snapshot (one file a segment, as of a collection) and shard.snapshot (two vectors a point, as of a shard)."""
import io
import json
import os
import sys
import tarfile

import qdrant_edge as qdrant

folder = sys.argv[1]


def shard(name, vectors, points):
    path = os.path.join(folder, name)
    os.makedirs(path)
    opened = qdrant.EdgeShard.create(path, qdrant.EdgeConfig(vectors=vectors))
    opened.update(qdrant.UpdateOperation.upsert_points(points))
    opened.update(qdrant.UpdateOperation.delete_points([3]))
    opened.flush()
    opened.close()
    return path


def text(tar, name, value):
    info = tarfile.TarInfo(name)
    data = json.dumps(value).encode()
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


UUID = "5c56c793-69f3-4fbf-87e6-c4bf54c28c26"
params = qdrant.EdgeVectorParams(size=4, distance=qdrant.Distance.Dot)
points = [
    qdrant.Point(id=1, vector=[1.0, 0.0, 0.5, 0.25], payload={"text": "Raku is fired fast.", "degrees": 1000, "loc": {"page": 3}}),
    qdrant.Point(id=UUID, vector=[0.0, 1.0, 0.5, 0.25], payload={"text": "Salt makes the glaze.", "degrees": 1280}),
    qdrant.Point(id=3, vector=[0.0, 0.0, 1.0, 0.0], payload={"text": "Taken away."}),
]
path = shard("one", params, points)
with tarfile.open(os.path.join(folder, "collection.snapshot"), "w") as tar:
    text(tar, "config.json", {"params": {"shard_number": 1}})
    text(tar, "0/shard_config.json", {"type": {"ReplicaSet": {}}})
    for segment in os.listdir(os.path.join(path, "segments")):
        inner = os.path.join(folder, f"{segment}.tar")
        with tarfile.open(inner, "w") as one:
            one.add(os.path.join(path, "segments", segment), "snapshot/files")
        tar.add(inner, f"0/segments/{segment}.tar")

two = {"title": params, "body": params}
path = shard("two", two, [qdrant.Point(id=one.id, vector={"title": [1.0, 1.0, 0.0, 0.0], "body": one.vector}, payload=one.payload) for one in points])
with tarfile.open(os.path.join(folder, "shard.snapshot"), "w") as tar:
    for segment in os.listdir(os.path.join(path, "segments")):
        tar.add(os.path.join(path, "segments", segment), f"segments/{segment}/files")
