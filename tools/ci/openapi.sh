#!/usr/bin/env bash
# The interface that the routes declare is the one that specs/openapi.json shows, and clients generated from it agree with ours.
set -euo pipefail
cd "$(dirname "$0")/../.."
node tools/openapi.mjs --check
trap 'rm -f tools/interface/generated.d.ts' EXIT
if ! npx --yes openapi-typescript@7.13.0 specs/openapi.json -o tools/interface/generated.d.ts >/tmp/openapi-typescript.$$ 2>&1; then
  echo "skipped: openapi-typescript cannot be run here: $(tail -n 1 /tmp/openapi-typescript.$$)"
  rm -f /tmp/openapi-typescript.$$
  exit 0
fi
rm -f /tmp/openapi-typescript.$$
npx tsc --noEmit --strict --target es2022 --lib es2023,dom --module esnext --moduleResolution bundler --skipLibCheck tools/interface/check.ts
echo "generated client types agree with ours"
