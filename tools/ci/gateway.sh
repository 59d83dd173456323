#!/usr/bin/env bash
# Chroma's own clients, of PyPI and of npm, on `cosmic gateway chroma` before a real node.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/listening.sh
root=$PWD
work=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done; wait 2>/dev/null; rm -rf "$work"' EXIT
export COSMIC_HOME=$work/home
node cli/bin/cosmic.js key new default >/dev/null
node node/bin/cosmic-node.js start --data "$work/data" --port 0 --log warn >"$work/node" 2>"$work/node.err" &
pids+=($!)
node cli/bin/cosmic.js gateway chroma --port 0 --node "$(listening "$work/node")" >"$work/gateway" 2>"$work/gateway.err" &
pids+=($!)
url=$(listening "$work/gateway") || { cat "$work/gateway.err"; exit 1; }
port=${url##*:}
cd "$work"
if python3 -m venv venv 2>pip.log && venv/bin/pip install -q --disable-pip-version-check chromadb-client==1.5.9 >>pip.log 2>&1; then
  timeout 60 venv/bin/python "$root/tools/gateway/chroma_client.py" "$port"
  # What that client left there, taken over from a Chroma server as from any other; the second time nothing is new.
  adopt() { node "$root/cli/bin/cosmic.js" adopt "$url" --from chroma --source-collection ovens --collection adopted --node "$(listening "$work/node")"; }
  [ "$(adopt)" = '2 documents stored, 0 replaced, 0 unchanged, 0 refused' ]
  [ "$(adopt)" = '0 documents stored, 0 replaced, 2 unchanged, 0 refused' ]
else echo "skipped: Chroma's Python client cannot be installed here: $(tail -n 1 pip.log)"; fi
echo '{"private":true}' >package.json
if npm install chromadb@3.5.0 --no-audit --no-fund --omit=optional >npm.log 2>&1; then
  timeout 60 node "$root/tools/gateway/chroma_client.mjs" "$port"
else echo "skipped: Chroma's JavaScript client cannot be installed here: $(tail -n 1 npm.log)"; fi
