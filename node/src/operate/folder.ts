import { existsSync, readdirSync } from 'node:fs';
import { CosmicError } from '@cosmicembeddings/sdk';
import { chooseSqlite, type SqliteEngine } from '../store/sqlite/driver.js';
import { recoverWasm, storeFile } from '../store/sqlite/index.js';
import { lockDatabase } from '../store/sqlite/kernel-lock.js';
import { lockFolder } from '../store/sqlite/lock.js';

/** Which data folder, and which SQLite engine reads it. */
export interface StoreFolder {
  readonly folder: string;
  readonly engine?: SqliteEngine | 'auto';
}

/** A store to be read, by a running node's side too. @throws CosmicError input.not_found when there is none in the folder */
export function existingStore({ folder, engine = 'auto' }: StoreFolder): {
  readonly path: string;
  readonly engine: SqliteEngine;
} {
  const path = storeFile(folder);
  if (!existsSync(path)) throw new CosmicError('input.not_found', `${path}: there is no store`);
  const chosen = chooseSqlite(engine);
  if (chosen === 'wasm') recover(folder);
  return { path, engine: chosen };
}

/** After a crash a reader of this engine would see a half-written transaction; a running node has seen to it already. */
function recover(folder: string): void {
  let unlock: () => void;
  try {
    unlock = lockFolder(folder);
  } catch (error) {
    if (error instanceof CosmicError && error.code === 'store.locked') return;
    if (['EACCES', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
    throw error;
  }
  try {
    recoverWasm(folder);
  } finally {
    unlock();
  }
}

export function isEmptyFolder(folder: string): boolean {
  return !existsSync(folder) || readdirSync(folder).every((name) => name === lockDatabase);
}
