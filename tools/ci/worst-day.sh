#!/usr/bin/env bash
# A node that is killed while it makes its words, vectors and views anew never shows what was withdrawn, and finds the rest.
set -euo pipefail
cd "$(dirname "$0")/../.."
timeout 240 node bench/worst-day/rebuild-kill.mjs 400 2
