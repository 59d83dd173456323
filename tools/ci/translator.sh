#!/usr/bin/env bash
# The evaluation of translator/1 blocks, run again by a Python program that was written from specs/ alone, with NumPy and a CBOR library.
set -euo pipefail
here=$(cd "$(dirname "$0")/../interop/translator" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q --disable-pip-version-check numpy cbor2; } >"$work/pip.log" 2>&1; then
  echo "skipped: numpy and cbor2 cannot be installed here: $(tail -n 1 "$work/pip.log")"
  exit 0
fi
mkdir "$work/blocks"
node "$here/make.mjs" "$work/blocks"
timeout 120 "$work/venv/bin/python" "$here/check.py" "$work/blocks"
