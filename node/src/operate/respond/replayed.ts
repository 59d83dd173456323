import { readFileSync, renameSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Rules that a dry run has tried, by name, with the time of the last one. */
type Replayed = Readonly<Record<string, number>>;
const KEPT_MAX = 256;

/** Has this very rule been tried on what was recorded here? */
export function isReplayed(folder: string, rule: string): boolean {
  return read(folder)[rule] !== undefined;
}

export function noteReplayed(folder: string, rules: readonly string[], nowMs: number): void {
  const all = { ...read(folder), ...Object.fromEntries(rules.map((rule) => [rule, nowMs])) };
  const newest = Object.entries(all)
    .sort(([, a], [, b]) => b - a)
    .slice(0, KEPT_MAX);
  writeWhole(folder, 'replayed.json', Object.fromEntries(newest));
}

function read(folder: string): Replayed {
  const value = readWhole(folder, 'replayed.json');
  return typeof value === 'object' && value !== null ? (value as Replayed) : {};
}

/** What stands in a file of `respond/`; undefined where there is none, or it cannot be read. */
export function readWhole(folder: string, name: string): unknown {
  try {
    return JSON.parse(readFileSync(join(respondFolder(folder), name), 'utf8'));
  } catch {
    return undefined;
  }
}

export function writeWhole(folder: string, name: string, value: unknown): void {
  const at = respondFolder(folder);
  mkdirSync(at, { recursive: true, mode: 0o700 });
  writeFileSync(join(at, `${name}.new`), JSON.stringify(value), { mode: 0o600 });
  renameSync(join(at, `${name}.new`), join(at, name));
}

export function respondFolder(folder: string): string {
  return join(folder, 'respond');
}
