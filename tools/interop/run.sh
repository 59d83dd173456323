#!/bin/sh
# The Python package, written from specs/ alone, against ours, on hundreds of blocks in both directions. Needs a build, and of
# Debian python3-cbor2 and python3-nacl; without them it says so and passes.
set -eu
here=$(cd "$(dirname "$0")/block" && pwd)
python=${PYTHON:-/usr/bin/python3}
if ! "$python" -c 'import cbor2, nacl' 2>/dev/null; then
  echo "skipped: $python has no cbor2 and nacl (apt-get install python3-cbor2 python3-nacl)"
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
node "$here/make.mjs" "$folder"
PYTHONPATH="$here/../../python" PYTHONDONTWRITEBYTECODE=1 "$python" "$here/check.py" "$folder"
node "$here/accept.mjs" "$folder"
