"""Points of a Qdrant snapshot as JSON Lines, read by Qdrant's own code (extra `[qdrant]`), with no server running:

    python -m cosmicembeddings.qdrant docs.snapshot | cosmic adopt - --collection docs

A snapshot of a collection or of one shard. `--vector NAME` where points have several. What only stands in the snapshot's
write-ahead log (updates that were not waited for) is not read.
"""
import argparse
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
from typing import Any, Dict, Iterator, List, Optional

PAGE = 500


class Unread(Exception):
    """The file is no snapshot that Qdrant's code here reads; the text says what to do."""


def points(snapshot: str, vector: Optional[str] = None) -> Iterator[Dict[str, Any]]:
    """`{id, vector, payload}` of each point, of the shards that the snapshot has. Raises Unread."""
    try:
        import qdrant_edge
    except ImportError:
        raise Unread('Qdrant\'s own reader is missing: pip install "cosmicembeddings[qdrant]"') from None
    try:
        tar = tarfile.open(snapshot, "r:")
    except (OSError, tarfile.TarError) as error:
        raise Unread(f"{snapshot}: no snapshot ({error})") from None
    with tar, tempfile.TemporaryDirectory() as folder:
        members = [member for member in tar if member.isfile()]
        named = (re.match(r"((?:\./)?(?:\d+/)?)segments/", member.name) for member in members)
        shards = sorted({match[1] for match in named if match})
        if not shards:
            raise Unread(f"{snapshot}: no segments in it; of a whole storage, unpack the snapshots of its collections first")
        for shard in shards:
            _alone(tar, [member for member in members if member.name.startswith(shard)], shard, f"{folder}/shard.tar")
            try:
                qdrant_edge.EdgeShard.unpack_snapshot(f"{folder}/shard.tar", f"{folder}/shard")
                opened = qdrant_edge.EdgeShard.load(f"{folder}/shard")
            except Exception as error:
                raise Unread(
                    f"{snapshot}: {error}. Older snapshots (RocksDB) need a server: restore it into one, then cosmic adopt URL --from qdrant"
                ) from None
            yield from _scroll(qdrant_edge, opened, vector)
            opened.close()
            shutil.rmtree(f"{folder}/shard")


def _alone(tar: tarfile.TarFile, members: List[tarfile.TarInfo], shard: str, path: str) -> None:
    """One shard's files as an archive of its own, without its log, whose entries are a server's."""
    with tarfile.open(path, "w") as alone:
        for member in members:
            name = member.name[len(shard) :]
            if name.startswith("wal/"):
                continue
            copy = tarfile.TarInfo(name)  # Not the member's own: files with holes are of another type in the archive.
            copy.size = member.size
            alone.addfile(copy, tar.extractfile(member))


def _scroll(qdrant_edge: Any, shard: Any, name: Optional[str]) -> Iterator[Dict[str, Any]]:
    offset = None
    while True:
        request = qdrant_edge.ScrollRequest(offset=offset, limit=PAGE, with_payload=True, with_vector=True)
        records, offset = shard.scroll(request)
        for record in records:
            vector = record.vector
            if isinstance(vector, dict):
                if name not in vector:
                    raise Unread(f"point {record.id} has vectors {', '.join(sorted(vector))}; choose one with --vector")
                vector = vector[name]
            if not isinstance(vector, list) or any(not isinstance(number, (int, float)) for number in vector):
                raise Unread(f"point {record.id}: a vector that is no list of numbers (sparse, or many); choose another with --vector")
            id = record.id if isinstance(record.id, int) else str(record.id)
            yield {"id": id, "vector": vector, "payload": record.payload or {}}
        if offset is None:
            return


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m cosmicembeddings.qdrant", description="Points of a Qdrant snapshot as JSON Lines.")
    parser.add_argument("snapshot", help="file that Qdrant made")
    parser.add_argument("--vector", help="of points with several vectors: which")
    arguments = parser.parse_args()
    try:
        for point in points(arguments.snapshot, arguments.vector):
            print(json.dumps(point))
        sys.stdout.flush()
    except Unread as error:
        sys.exit(f"{error}")
    except BrokenPipeError:  # Whoever read has had enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
