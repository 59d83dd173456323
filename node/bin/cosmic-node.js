#!/usr/bin/env node
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** When a file was written, in ms; 0 where there is none. */
const writtenMs = (path) =>
  statSync(fileURLToPath(new URL(path, import.meta.url)), { throwIfNoEntry: false })?.mtimeMs ?? 0;

// The bundle is the same in few files (tools/bundle.mjs); one that is older than what was compiled since counts for nothing.
const bundledMs = writtenMs('../bundle/main.js');
const compiledMs = Math.max(writtenMs('../tsconfig.tsbuildinfo'), writtenMs('../../sdk/tsconfig.tsbuildinfo'));
await import(bundledMs > 0 && bundledMs >= compiledMs ? '../bundle/main.js' : '../dist/main.js');
