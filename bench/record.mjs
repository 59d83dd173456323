import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`;

function commitHere() {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: new URL('.', import.meta.url),
    encoding: 'utf8',
  }).trim();
}

/** `results/` beside the script `from` (its import.meta.url). */
const resultsOf = (from, file) => new URL(`results/${file}`, from);

/** Writes a result into `results/` beside `from`, with machine, Node and commit. */
export function record(from, name, result) {
  mkdirSync(resultsOf(from, ''), { recursive: true });
  const text = JSON.stringify(
    { machine, node: process.version, commit: commitHere(), date: new Date().toISOString().slice(0, 10), ...result },
    null,
    1,
  );
  writeFileSync(resultsOf(from, `${name}.json`), `${text}\n`);
  console.log(text);
}

/** The same for several, appended as JSON Lines. */
export function appendLines(from, name, rows) {
  mkdirSync(resultsOf(from, ''), { recursive: true });
  const [at, commit] = [new Date().toISOString(), commitHere()];
  const lines = rows.map((row) => `${JSON.stringify({ at, commit, machine, node: process.version, ...row })}\n`);
  appendFileSync(resultsOf(from, `${name}.jsonl`), lines.join(''));
}

/** The newest line of each `key`. */
export function newestLines(from, name, keyOf) {
  const path = resultsOf(from, `${name}.jsonl`);
  if (!existsSync(path)) return [];
  const last = new Map();
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const one = JSON.parse(line);
    last.set(keyOf(one), one);
  }
  return [...last.values()];
}

/** The same numbers on every run. */
export function random(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
