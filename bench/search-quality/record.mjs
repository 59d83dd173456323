import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('results/', import.meta.url));

/** Appends results as JSON Lines with what they were taken on. */
export function record(name, rows) {
  mkdirSync(folder, { recursive: true });
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: folder, encoding: 'utf8' }).trim();
  const machine = `${cpus().length} × ${cpus()[0].model}`;
  const at = new Date().toISOString();
  appendFileSync(
    `${folder}${name}.jsonl`,
    rows.map((row) => `${JSON.stringify({ at, commit, machine, node: process.version, ...row })}\n`).join(''),
  );
}
