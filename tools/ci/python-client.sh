#!/usr/bin/env bash
# The Python project's client, its requests played with python3-requests, against a real node.
set -euo pipefail
source tools/listening.sh
python=/usr/bin/python3
if ! "$python" -c 'import requests, cryptography' 2>/dev/null; then
  echo "skipped: python3-requests or python3-cryptography is not installed"
  exit 0
fi
data=$(mktemp -d)
node node/bin/cosmic-node.js start --data "$data" --port 0 --log warn >"$data/out" &
node_pid=$!
trap 'kill "$node_pid" 2>/dev/null; wait "$node_pid" 2>/dev/null; rm -rf "$data"' EXIT
url=$(listening "$data/out" "$node_pid")
timeout 60 "$python" tools/interop/python-client/contract.py "$url"
