#!/usr/bin/env bash
# The Python package: built as a wheel, held against specs/vectors, LangChain's own suite, OpenAI's client, its notebook, and the
# strangers' blocks of tools/interop, against a real node.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/listening.sh
root=$PWD
work=$(mktemp -d)
node_pid=
trap '[ -n "$node_pid" ] && kill "$node_pid" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
# A copy: building leaves files beside the sources.
cp -r tools/python "$work/package"
if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q --disable-pip-version-check "$work/package[langchain]" langchain-tests==1.1.9 pytest pytest-asyncio openai; } >"$work/pip.log" 2>&1; then
  echo "skipped: the Python package cannot be installed here: $(tail -n 1 "$work/pip.log")"
  exit 0
fi
export PYTHONDONTWRITEBYTECODE=1
python=$work/venv/bin/python
cd "$work"
"$python" "$root/tools/python/tests/vectors.py" "$root/specs"
node "$root/node/bin/cosmic-node.js" start --data "$work/data" --port 0 --log warn >"$work/out" 2>"$work/err" &
node_pid=$!
url=$(listening "$work/out" "$node_pid")
export COSMIC_NODE=$url COSMIC_HOME=$work/home
timeout 200 "$python" -m pytest -q -p no:cacheprovider -o asyncio_mode=auto --rootdir "$work" "$root/tools/python/tests"
said=$(timeout 60 "$python" "$root/examples/python.py")
[ "$said" = "$(printf 'kiln The kiln fires at 1240 °C. True\nembedding/1 True\nNone')" ] || { echo "examples/python.py said: $said"; exit 1; }
timeout 60 "$python" "$root/tools/python/tests/notebook.py" "$root/tools/python/example.ipynb"
