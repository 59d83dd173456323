import { join } from 'node:path';
import { openDatabase, type Database, type SqliteEngine } from './driver.js';

/** Engines whose file locks are the kernel's (fcntl(2), LockFileEx): it frees them whatever way their process ends. */
const engines: readonly SqliteEngine[] = ['better-sqlite3', 'node:sqlite'];

/** An empty database whose only use is to be locked; it stays, as removing it would race with whoever opens it. */
export const lockDatabase = 'lock.sqlite';

/**
 * Takes the kernel's lock on a folder, through SQLite's own locking, as Node has no other way to one. Works across
 * containers and host names that share the file system. Answers how to free it; `taken` when another process has it;
 * undefined where there is no such engine or the file cannot be locked.
 *
 * Closing any other handle to the file in this process would free it (POSIX), so nothing else opens it.
 */
export function takeKernelLock(folder: string): (() => void) | 'taken' | undefined {
  const database = openAny(join(folder, lockDatabase));
  if (database === undefined) return undefined;
  try {
    database.exec('PRAGMA busy_timeout = 0');
    // Nothing is ever written, so nothing has to be undone: no journal beside it.
    database.exec('PRAGMA journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    return /SQLITE_BUSY|locked/i.test(`${(error as { code?: string }).code ?? ''} ${(error as Error).message}`)
      ? 'taken'
      : undefined;
  }
  return () => database.close();
}

function openAny(path: string): Database | undefined {
  for (const engine of engines) {
    try {
      return openDatabase(engine, path);
    } catch {
      // Not installed, or not here to be opened: the next one, or none.
    }
  }
  return undefined;
}
