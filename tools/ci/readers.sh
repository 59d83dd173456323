#!/usr/bin/env bash
# The optional readers of PDF, HTML, Word, … with their own lock, and the command line that publishes what they read.
set -euo pipefail
cd "$(dirname "$0")/../.."
npm ci --prefix readers --omit=optional --no-audit --no-fund
npm test --prefix readers

npm run -s jest -- cli/test/e2e/readers.test.ts examples/pdf-folder.test.ts
