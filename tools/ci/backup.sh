#!/usr/bin/env bash
# Backups of a real node to object storage: Amazon's own client against PyPI's stand-in `moto`, sealed by a key of `age` itself where it is installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/listening.sh
root=$PWD
work=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true}' >package.json
npm install @aws-sdk/client-s3@3.1175.0 --no-audit --no-fund >npm.log 2>&1 || { echo "skipped: the client of object storage cannot be installed here: $(tail -n 1 npm.log)"; exit 0; }
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check 'moto[server]==5.1.15'; } >pip.log 2>&1 ||
  { echo "skipped: the stand-in for object storage cannot be installed here: $(tail -n 1 pip.log)"; exit 0; }
port=$(node -e "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})")
venv/bin/moto_server -H 127.0.0.1 -p "$port" >moto.log 2>&1 &
pids+=($!)
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1
for _ in $(seq 100); do curl -sf -o /dev/null "http://127.0.0.1:$port/moto-api/" && break; sleep 0.2; done
curl -sf -o /dev/null -X PUT "http://127.0.0.1:$port/lab"
place="s3://lab/node-1?endpoint=http://127.0.0.1:$port"
if command -v age-keygen >/dev/null; then
  age-keygen -o identity.txt 2>/dev/null
  recipient=$(age-keygen -y identity.txt)
else
  echo "skipped in part: no age-keygen here, the key is made by our own library"
  node -e "import('$root/sdk/dist/sealed/index.js').then(async ({ newAgeKey }) => { const k = await newAgeKey(); require('fs').writeFileSync('identity.txt', k.identity + '\n'); console.log(k.recipient); })" >recipient.txt
  recipient=$(cat recipient.txt)
fi
cosmic() { node "$root/cli/bin/cosmic.js" --home "$work/home" "$@"; }
cosmic init >/dev/null
mkdir data
cat >data/config.json <<JSON
{ "backup": { "to": "$place", "everyMs": "1m", "keep": 5, "recipients": ["$recipient"], "identity": true } }
JSON
node "$root/node/bin/cosmic-node.js" start --data data --port 0 --log info >node.out 2>node.log &
pids+=($!)
url=$(listening node.out "${pids[-1]}")
echo 'The kiln is fired at night, when the wind has gone down.' >kiln.md
echo 'Plum dumplings are rolled in brown crumbs.' >plum.md
cosmic publish kiln.md plum.md --node "$url" >/dev/null
for _ in $(seq 100); do grep -q 'backed up' node.log && break; sleep 0.1; done
grep -q 'backed up' node.log
curl -s "$url/metrics" | grep -qE '^cosmic_backup_last_timestamp_seconds [0-9.]{10}'
cosmic backup to "$place" --data data >/dev/null
cosmic backup list "$place" --data data | grep -q '2 blocks'
kill "${pids[-1]}"; wait "${pids[-1]}" || true
# A clean machine: nothing but the place and the identity.
cosmic backup verify "$place" --data elsewhere --identity identity.txt | tee verified.txt
grep -q 'restored for a test: 2 of 2 blocks, all well' verified.txt
if cosmic restore "$place" --data again 2>refused.txt; then exit 1; fi
grep -q backup.sealed refused.txt
rm -rf again
cosmic restore "$place" --data again --identity identity.txt --identity-too
cmp data/node.key again/node.key
node "$root/node/bin/cosmic-node.js" start --data again --port 0 --log warn >again.out 2>again.log &
pids+=($!)
url=$(listening again.out "${pids[-1]}")
cosmic search 'sweet dumplings' --node "$url" | grep -q 'Plum dumplings'
# Nothing of a text lies in the place.
if curl -s "http://127.0.0.1:$port/lab?list-type=2" | grep -o '<Key>[^<]*' | sed 's/<Key>//' | while read -r key; do curl -s "http://127.0.0.1:$port/lab/$key"; done | grep -qa dumplings; then exit 1; fi
echo "backed up to object storage, sealed, verified, restored on a clean machine: found"
