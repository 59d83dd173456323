#!/usr/bin/env bash
# The interface that the routes declare is the one that specs/openapi.json shows.
set -euo pipefail
node tools/openapi.mjs --check
