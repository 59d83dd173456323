import { closeSync, existsSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { CosmicError } from '@cosmicembeddings/sdk';
import { chooseSqlite, type SqliteEngine } from '../adapters/sqlite/driver.js';
import { storeFile } from '../adapters/sqlite/index.js';

/** Which data folder, and which SQLite engine reads it. */
export interface StoreFolder {
  readonly folder: string;
  readonly engine?: SqliteEngine | 'auto';
}

/** @throws CosmicError input.not_found when there is no store in the folder */
export function existingStore({ folder, engine = 'auto' }: StoreFolder): {
  readonly path: string;
  readonly engine: SqliteEngine;
} {
  const path = storeFile(folder);
  if (!existsSync(path)) throw new CosmicError('input.not_found', `${path}: there is no store`);
  return { path, engine: chooseSqlite(engine) };
}

/** Makes what stands in a file, or the names in a folder, survive a loss of power. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function isEmptyFolder(folder: string): boolean {
  return !existsSync(folder) || readdirSync(folder).length === 0;
}
