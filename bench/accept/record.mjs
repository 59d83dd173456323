/** Results as JSON Lines, each with what it was measured on. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const machine = {
  cpu: cpus()[0]?.model.trim(),
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
};
export const commit = commitHere();

/** Where the project is no checkout (an archive, a copy) nobody can say. */
function commitHere() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

export function record(file, result) {
  const line = { at: new Date().toISOString(), commit, machine, ...result };
  const path = fileURLToPath(new URL(file, import.meta.url));
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, JSON.stringify(line) + '\n');
  console.log(JSON.stringify(result));
}
