#!/usr/bin/env bash
# Every route of a real node against requests that nobody here wrote (schemathesis): valid ones, wrong ones, those at the bounds.
# usage: strangers.sh [examples per operation and phase] [positive|negative|all…]     A defect of the node, or no answer in time, fails it.
set -euo pipefail
source tools/listening.sh
examples=${1:-20}
modes=("${@:2}")
[ ${#modes[@]} -gt 0 ] || modes=(all)
work=$(mktemp -d)
node_pid=
trap '[ -n "$node_pid" ] && kill "$node_pid" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q schemathesis==4.32.5; } >"$work/pip.log" 2>&1; then
  echo "skipped: schemathesis cannot be installed here: $(tail -n 1 "$work/pip.log")"
  exit 0
fi
node node/bin/cosmic-node.js start --data "$work/data" --port 0 --log error >"$work/out" 2>"$work/err" &
node_pid=$!
url=$(listening "$work/out" "$node_pid")
token=$(cat "$work/data/token")
strangers() {
  for mode in "${modes[@]}"; do
    "$work/venv/bin/schemathesis" run "$@" --url "$url" --checks not_a_server_error --max-examples "$examples" --mode "$mode" \
      --phases examples,coverage,fuzzing --request-timeout 10 --seed 1 --no-color --continue-on-failure --warnings off
  done
}
cd "$work"
root=$OLDPWD
# Without the bodies that are no JSON: signed bytes are not made by chance (node/test fuzzes them).
node -e '
  const document = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
  for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods)))
    if (!Object.keys(operation.requestBody?.content ?? {}).includes("application/json")) delete operation.requestBody;
  require("fs").writeFileSync("openapi.json", JSON.stringify(document));
' "$root/specs/openapi.json"
# With the operator's token where that is harmless: a node that is told of peers dials them.
strangers openapi.json -H "authorization: Bearer $token" --exclude-path-regex '^/v2/(peers|watch)'
strangers openapi.json --include-path-regex '^/v2/peers'
strangers "$root/tools/strangers/python-routes.json"
kill -0 "$node_pid" || { echo "the node ended: $(tail -n 20 "$work/err")"; exit 1; }
if grep -q '"defect"' "$work/err"; then
  grep '"defect"' "$work/err" | head -n 5
  exit 1
fi
