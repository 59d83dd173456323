#!/usr/bin/env bash
# LlamaIndex.TS, of npm, with our vector store on a real node: compiled against its types, then run beside its own store.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/listening.sh
root=$PWD
work=$(mktemp -d)
node_pid=
trap '[ -n "$node_pid" ] && kill "$node_pid" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
cp tools/strangers/llamaindex/check.ts "$work"
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
if ! npm install llamaindex@0.12.1 --no-audit --no-fund --ignore-scripts >npm.log 2>&1; then
  echo "skipped: LlamaIndex.TS cannot be installed here: $(tail -n 1 npm.log)"
  exit 0
fi
mkdir -p node_modules/@cosmicembeddings
ln -s "$root/sdk" node_modules/@cosmicembeddings/sdk
[ -e node_modules/@types/node ] || { mkdir -p node_modules/@types && ln -s "$root/node_modules/@types/node" node_modules/@types/node; }
"$root/node_modules/.bin/tsc" --strict --noUncheckedIndexedAccess --target es2022 --lib es2023,dom --module nodenext --moduleResolution nodenext --skipLibCheck --types node check.ts
node "$root/node/bin/cosmic-node.js" start --data "$work/data" --port 0 --log warn >out 2>err &
node_pid=$!
url=$(listening out "$node_pid")
COSMIC_HOME=$work/home timeout 120 node check.js "$url"
