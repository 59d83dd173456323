import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root; the vectors of other projects lie beside it in `../shared/data` and may be absent. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const shared = join(root, '..', 'shared', 'data');

/** Path of a shared file, or undefined, with one printed line, when it is not there. */
export function sharedPath(name: string): string | undefined {
  const path = join(shared, name);
  if (existsSync(path)) return path;
  process.stderr.write(`skipped in part: ../shared/data/${name} is absent\n`);
  return undefined;
}

export function sharedText(name: string): string | undefined {
  const path = sharedPath(name);
  return path === undefined ? undefined : readFileSync(path, 'utf8');
}

export function sharedJson<T>(name: string): T | undefined {
  const text = sharedText(name);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}
