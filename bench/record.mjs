import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Writes a result into `results/` beside the script `from` (its import.meta.url), with machine, Node and commit. */
export function record(from, name, result) {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: new URL('.', import.meta.url),
    encoding: 'utf8',
  }).trim();
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`;
  const folder = new URL('results/', from);
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify(
    { machine, node: process.version, commit, date: new Date().toISOString().slice(0, 10), ...result },
    null,
    1,
  );
  writeFileSync(new URL(`${name}.json`, folder), `${text}\n`);
  console.log(text);
}

/** The same numbers on every run. */
export function random(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
