#!/usr/bin/env bash
# Requests that nobody here wrote (schemathesis) at every route of a real node, valid ones and invalid ones of each: no 5xx, no time-out.
# usage: strangers.sh [cases, 50000]       results/strangers.json; about a minute for 2,000 on two cores, half an hour for 50,000
set -euo pipefail
cd "$(dirname "$0")/../.."
cases=${1:-50000}
routes=$(node -e 'console.log(["specs/openapi.json", "tools/strangers/python-routes.json"].flatMap((file) => Object.values(JSON.parse(fs.readFileSync(file, "utf8")).paths).flatMap(Object.keys)).filter((key) => /^(get|post|put|delete|patch|head)$/.test(key)).length)')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export STRANGERS_COUNTS=$work/counts SCHEMATHESIS_HOOKS=strangers_count PYTHONPATH=$PWD/bench/worst-day
bash tools/ci/strangers.sh $(((cases + 2 * routes - 1) / (2 * routes))) positive negative | tee "$work/out"
grep -q ^skipped "$work/out" && exit 0
node bench/worst-day/strangers-report.mjs "$work/counts" "$cases"
