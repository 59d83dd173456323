#!/usr/bin/env bash
# Five real nodes in network namespaces for a short while: loss, delay, links down, kill -9, an old data folder. Nothing acknowledged may be lost.
set -euo pipefail
cd "$(dirname "$0")/../.."
node bench/network/five.mjs --short --rate 20
