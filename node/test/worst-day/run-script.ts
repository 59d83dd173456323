import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const scripts = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'bench', 'worst-day');

export interface Outcome {
  /** Promises that hold on any machine and did not. Figures, which a busy machine misses, are not judged in tests. */
  readonly broken: readonly string[];
  readonly [name: string]: unknown;
}

/** Runs a script of `bench/worst-day` at a small size. Undefined where the script says that it cannot run here. */
export function runScript(name: string, args: readonly (string | number)[]): Promise<Outcome | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(scripts, `${name}.mjs`), ...args.map(String)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, WORST_DAY_RECORD: 'no' },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 && err.includes('skipped:')) {
        process.stderr.write(err);
        resolve(undefined);
      } else if (out.includes('{')) resolve(JSON.parse(out) as Outcome);
      else reject(new Error(`${name} ended with ${code}: ${err.slice(-2000)}`));
    });
  });
}
