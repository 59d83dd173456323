/** Writes the table of specs/errors.md from sdk/src/errors.ts; `--check` only compares. Run after a build. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codes } from '../sdk/dist/errors.js';

const path = join(dirname(fileURLToPath(import.meta.url)), '..', 'specs', 'errors.md');
const row = ([code, { meaning, advice, fault, retry, http }]) =>
  `| \`${code}\` | ${meaning} | ${advice} | ${fault} | ${retry ? 'yes' : 'no'} | ${http} |`;
const table = [
  '| code | meaning | what to do | whose fault | retry | HTTP |',
  '|---|---|---|---|---|---|',
  ...Object.entries(codes).map(row),
].join('\n');
const text = readFileSync(path, 'utf8');
const [start, end] = ['<!-- table -->\n', '\n<!-- end of table -->'];
const written = text.slice(0, text.indexOf(start) + start.length) + table + text.slice(text.indexOf(end));
if (!process.argv.includes('--check')) writeFileSync(path, written);
else if (written !== text) {
  console.error('specs/errors.md differs from sdk/src/errors.ts: run node tools/errors.mjs');
  process.exit(1);
}
