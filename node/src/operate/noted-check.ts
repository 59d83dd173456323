import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../store/durable.js';

/** What `cosmic fsck` found last in this folder; it stands there for the node that runs on it. */
export interface NotedCheck {
  readonly atMs: number;
  readonly blocks: number;
  readonly findings: number;
}

export function noteCheck(folder: string, check: NotedCheck): void {
  replaceFile(pathIn(folder), JSON.stringify(check));
}

/** undefined where nobody has looked, or what stands there cannot be read. */
export function notedCheck(folder: string): NotedCheck | undefined {
  try {
    const { atMs, blocks, findings } = JSON.parse(readFileSync(pathIn(folder), 'utf8')) as NotedCheck;
    return [atMs, blocks, findings].every(Number.isFinite) ? { atMs, blocks, findings } : undefined;
  } catch {
    return undefined;
  }
}

/** For people, while something is wrong. */
export function checkNotes(check: NotedCheck | undefined): string[] {
  if (check === undefined || check.findings === 0) return [];
  return [`fsck of ${new Date(check.atMs).toISOString()} found ${check.findings} faults: cosmic fsck names them`];
}

function pathIn(folder: string): string {
  return join(folder, 'fsck.json');
}
