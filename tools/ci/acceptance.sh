#!/usr/bin/env bash
# What an agent's memory must do, on real processes (node/test/e2e/acceptance.md).
set -euo pipefail
cd "$(dirname "$0")/../.."
node tools/acceptance/scenarios.mjs
