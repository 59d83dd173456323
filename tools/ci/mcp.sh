#!/usr/bin/env bash
# The Model Context Protocol by strangers: Python's own client on both doors in both generations, the protocol's conformance tests with
# what they ask in vain written down (tools/strangers/mcp/baseline.yml), and, with MCP_INSPECTOR=1, the inspector's command line.
set -euo pipefail
source tools/listening.sh
root=$PWD
work=$(mktemp -d)
node_pid=
trap '[ -n "$node_pid" ] && kill "$node_pid" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
node node/bin/cosmic-node.js start --data "$work/data" --port 0 --log silent >"$work/out" &
node_pid=$!
url=$(listening "$work/out" "$node_pid")
node cli/bin/cosmic.js init --home "$work/home" --json >/dev/null

if { python3 -m venv "$work/venv" && timeout 60 "$work/venv/bin/pip" install -q mcp==2.3.0; } >"$work/pip.log" 2>&1; then
  timeout 100 "$work/venv/bin/python" tools/strangers/mcp/client.py "$url" "$root/cli/bin/cosmic.js" "$work/home"
else
  echo "skipped in part: Python's mcp client cannot be installed here: $(tail -n 1 "$work/pip.log")"
fi

cp tools/strangers/mcp/package*.json "$work"
if (cd "$work" && timeout 60 npm ci --ignore-scripts --no-audit --no-fund) >"$work/npm.log" 2>&1; then
  (cd "$work" && timeout 120 npx --no-install conformance server --url "$url/mcp" --expected-failures "$root/tools/strangers/mcp/baseline.yml") \
    >"$work/conformance.log" 2>&1 || { tail -n 60 "$work/conformance.log"; exit 1; }
  grep -E '^Total:' "$work/conformance.log" | sed 's/^/conformance /'
else
  echo "skipped in part: the conformance tests cannot be installed here: $(tail -n 1 "$work/npm.log")"
fi

if [ "${MCP_INSPECTOR:-}" = 1 ]; then
  mkdir "$work/inspector"
  (cd "$work/inspector" && npm init -y && npm install --no-audit --no-fund node@22.23.3 @modelcontextprotocol/inspector@2.12.0) >"$work/inspector.log" 2>&1
  (cd "$work/inspector" && node_modules/.bin/node node_modules/.bin/mcp-inspector --cli "$url/mcp" --transport http --method tools/list) | grep -q cosmic_search
  echo "inspector: lists the tools"
else
  echo "skipped in part: the inspector brings a Node of its own, 296 MB; MCP_INSPECTOR=1 runs it"
fi
