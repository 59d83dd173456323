import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('results/', import.meta.url));

/** Appends results as JSON Lines with what they were taken on. */
export function appendLines(name, rows) {
  mkdirSync(folder, { recursive: true });
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: folder, encoding: 'utf8' }).trim();
  const machine = `${cpus().length} × ${cpus()[0].model}`;
  const at = new Date().toISOString();
  appendFileSync(
    `${folder}${name}.jsonl`,
    rows.map((row) => `${JSON.stringify({ at, commit, machine, node: process.version, ...row })}\n`).join(''),
  );
}

/** The newest line of each `key`. */
export function newestLines(name, keyOf) {
  const path = `${folder}${name}.jsonl`;
  if (!existsSync(path)) return [];
  const last = new Map();
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const one = JSON.parse(line);
    last.set(keyOf(one), one);
  }
  return [...last.values()];
}
