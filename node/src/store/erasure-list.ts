import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { BlockId, EraseReason } from '@cosmicembeddings/sdk';

/** One line of the list. */
export interface ListedErasure {
  readonly id: BlockId;
  readonly reason: EraseReason;
  /** Its body is kept out under any key. */
  readonly body: boolean;
}

export const erasureListFile = (folder: string): string => join(folder, 'erasures');

/** Notes what is about to be erased, durably and beside the store: a backup that is older than an erasure must hear of it. */
export function listErasures(folder: string, ids: readonly BlockId[], reason: EraseReason, body: boolean): void {
  if (ids.length === 0) return;
  const file = openSync(erasureListFile(folder), 'a', 0o600);
  try {
    const bytes = Buffer.from(ids.map((id) => `${id} ${reason} ${body ? 'body' : 'id'}\n`).join(''));
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** What a folder's list says; of an id that stands there several times, the first. A line that a crash cut short is left out. */
export function readErasureList(folder: string): ListedErasure[] {
  const path = erasureListFile(folder);
  if (!existsSync(path)) return [];
  const listed = new Map<BlockId, ListedErasure>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const match = /^(\S+) (retracted|takedown|retention|quota) (body|id)$/.exec(line);
    if (match !== null && !listed.has(match[1]!))
      listed.set(match[1]!, { id: match[1]!, reason: match[2] as EraseReason, body: match[3] === 'body' });
  }
  return [...listed.values()];
}
