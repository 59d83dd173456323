#!/usr/bin/env bash
# The packages as somebody gets them: made, signed, verified; linted as packages; installed and run in an empty folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
work=$(mktemp -d)
node_pid=
trap '[ -z "$node_pid" ] || { kill "$node_pid" 2>/dev/null; wait "$node_pid" 2>/dev/null || true; }; rm -rf "$work"' EXIT
skipped() { echo "skipped: $1"; }

export COSMIC_HOME=$work/home
# The archive with its own Node is made of the packages by npm.
with_node=
if npm ping >/dev/null 2>&1 || npm view publint version >/dev/null 2>&1; then with_node=yes; fi
node cli/bin/cosmic.js key new release >/dev/null
author=$(node cli/bin/cosmic.js key show release --json | grep -o 'did:key:[A-Za-z0-9]*' | head -n 1)
node tools/release/make.mjs "$work/release" --home "$COSMIC_HOME" --key release ${with_node:+--with-node}
node tools/release/verify.mjs "$work/release" "$author"
(cd "$work/release" && sha256sum --quiet -c SHA256SUMS)
cp -r "$work/release" "$work/changed"
echo >>"$(ls "$work"/changed/*-cli-*.tgz)"
if node tools/release/verify.mjs "$work/changed" "$author" 2>/dev/null; then echo 'a changed package verifies'; exit 1; fi
if node tools/release/verify.mjs "$work/release" did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK 2>/dev/null; then
  echo 'a release of somebody else verifies'; exit 1
fi

for package in "$work"/release/*.tgz; do
  contents=$(tar tzf "$package")
  for file in README.md LICENSE NOTICE; do grep -qx "package/$file" <<<"$contents" || { echo "$package: no $file"; exit 1; }; done
  if grep -qE '\.test\.|package/(src|test)/' <<<"$contents"; then echo "$package carries sources or tests"; exit 1; fi
  # The suites of the SDK are for those who write plug-ins and adapters, the node's worlds for all who want to try them in one.
  case $package in *-sdk-* | *-node-*) ;; *) if grep -q '/testing/' <<<"$contents"; then echo "$package carries testing"; exit 1; fi ;; esac
done

if [ -z "$with_node" ]; then skipped 'no registry: packages are not installed'; exit 0; fi
for package in "$work"/release/*.tgz; do
  npx --yes publint@0.3.25 run "$package" --strict | tail -n 1
  # node/bin is a program that the command starts, nobody imports it.
  npx --yes @arethetypeswrong/cli@0.18.5 "$package" --profile esm-only --exclude-entrypoints bin --format json >"$work/types.json" ||
    { cat "$work/types.json"; exit 1; }
done
echo 'publint and attw: clean'

mkdir "$work/app"
cd "$work/app"
node - "$work/release" <<'J'
const { readdirSync, writeFileSync } = require('node:fs');
const folder = process.argv[2];
const dependencies = {};
for (const file of readdirSync(folder)) {
  const name = /^cosmicembeddings-(sdk|node|cli)-.*\.tgz$/.exec(file)?.[1];
  if (name !== undefined) dependencies[`@cosmicembeddings/${name}`] = `file:${folder}/${file}`;
}
writeFileSync('package.json', JSON.stringify({ private: true, type: 'module', dependencies, overrides: dependencies }));
J
# Without scripts nothing native is built: the node has to run all the same.
npm install --ignore-scripts --engine-strict --no-audit --no-fund --loglevel=error
cat >try.mjs <<'J'
import { readdirSync } from 'node:fs';
const sdk = 'node_modules/@cosmicembeddings/sdk/dist';
const optional = new Set(['langchain', 'mcp']);
let count = 0;
for (const entry of readdirSync(sdk, { recursive: true }))
  if (/(^|\/)index\.js$/.test(entry) && !optional.has(entry.split('/')[0])) {
    const path = entry.replace(/\/?index\.js$/, '');
    await import(path === '' ? '@cosmicembeddings/sdk' : `@cosmicembeddings/sdk/${path}`);
    count++;
  }
console.log(`${count} entry points of the SDK load`);
J
node try.mjs
cosmic() { node_modules/.bin/cosmic "$@"; }
cosmic init >/dev/null
node_modules/.bin/cosmic-node start --data data --port 0 >node.out 2>node.err &
node_pid=$!
for _ in $(seq 300); do [ -s node.out ] && break; kill -0 "$node_pid" || { cat node.err; exit 1; }; sleep .2; done
url=$(node -p 'JSON.parse(require("fs").readFileSync("node.out", "utf8").split("\n")[0]).listening')
curl -fsS "$url/" | grep -q '<title>' || { echo 'the node brings no page'; exit 1; }
echo 'Bread stays soft in linen.' >bread.md
cosmic publish bread.md --node "$url" >/dev/null 2>&1
cosmic search linen --node "$url" | grep -q 'Bread stays soft' || { echo 'what was published is not found'; exit 1; }
echo "installed in an empty folder: $(cosmic --version), page, publish and search work"
kill "$node_pid"; wait "$node_pid" 2>/dev/null || true
node_pid=

# The archive, in an empty folder, where no Node is.
mkdir "$work/bare" "$work/path" "$work/bare-home"
for program in sh dirname readlink; do ln -s "$(command -v "$program")" "$work/path/"; done
tar xzf "$work"/release/cosmicembeddings-*-linux-*.tar.gz -C "$work/bare" --strip-components 1
cd "$work/bare-home"
bare() { env -i PATH="$work/path" HOME="$work/bare-home" "$@"; }
if bare sh -c 'command -v node' >/dev/null; then echo 'there is a node after all'; exit 1; fi
bare "$work/bare/cosmic" init >/dev/null
env -i PATH="$work/path" HOME="$work/bare-home" "$work/bare/cosmic-node" start --data data --port 0 >node.out 2>node.err &
node_pid=$!
for _ in $(seq 300); do [ -s node.out ] && break; kill -0 "$node_pid" || { cat node.err; exit 1; }; sleep .2; done
url=$(grep -o 'http://127.0.0.1:[0-9]*' node.out | head -n 1)
printf 'name,text\nbread,Bread stays soft in linen.\n' >bread.csv
bare "$work/bare/cosmic" publish bread.csv --columns text --node "$url" >publish.log 2>&1 || { cat publish.log; exit 1; }
bare "$work/bare/cosmic" search linen --node "$url" | grep -q 'Bread stays soft' || { echo 'the archive does not find what it published'; exit 1; }
curl -fsS "$url/v2/status" | grep -o '"engines":{[^}]*}'
echo "archive: $(du -m "$work"/release/*.tar.gz | cut -f1) MB, runs in an empty folder without Node on the PATH, readers included"
cd "$root"
