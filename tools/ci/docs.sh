#!/usr/bin/env bash
# The documentation as a site: everything that is made of code is made, every link leads somewhere, nothing is asked of another host;
# then in Chromium: axe, light and dark, three widths, the keyboard alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
timeout 400 npm run -s docs:build
timeout 240 node tools/docs/look.mjs
