import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ConePlan, KeyedStore } from '@cosmicembeddings/sdk/views';
import { isDamage, openDatabase, type Database, type SqliteEngine } from '../store/sqlite/driver.js';
import { configure } from '../store/sqlite/schema.js';
import { rollBack } from '../store/sqlite/hot-journal.js';
import { clearWasmLocks } from '../store/sqlite/wasm.js';
import { createSqliteKeyed, KEYED_SCHEMA } from './sqlite-keyed.js';

/** The state of a cone: `views/FINGERPRINT.sqlite`. */
export interface ConeFile {
  readonly database: Database;
  readonly store: KeyedStore;
  /** Moves what was written from the log into the file, where there is one: between batches, so that none of them has to. */
  settle(): void;
  /** The same, and leaves nothing in the log: what was erased stands there as it was. False while somebody reads. */
  clean(): boolean;
  close(): void;
}

/** What a file says of itself. */
export interface ConeNote {
  readonly fingerprint: string;
  /** `name@version`. */
  readonly views: readonly string[];
  /** Kinds whose bodies it has read. */
  readonly known: readonly string[];
  /** It has been at the head of the store once: it may answer. */
  readonly ready: boolean;
}

const PAGE_BYTES = 8192;
const ENDS = ['', '-wal', '-shm', '-journal'] as const;

export const coneFile = (folder: string, fingerprint: string): string => join(folder, `${fingerprint}.sqlite`);

/** Opens or makes the file. @throws CosmicError store.corrupt and SQLite's errors, for a damaged one */
export function openCone(folder: string, engine: SqliteEngine, plan: ConePlan): ConeFile {
  mkdirSync(folder, { recursive: true });
  const database = openDatabase(engine, coneFile(folder, plan.fingerprint));
  try {
    configure(database, engine, PAGE_BYTES);
    // Whatever a power loss takes is read from the store again.
    database.exec(`PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8000; ${KEYED_SCHEMA};
      CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`);
    const note = database.prepare('INSERT OR IGNORE INTO about VALUES (?, ?)');
    note.run('views', JSON.stringify(plan.views.map(({ name, version }) => `${name}@${version}`)));
    note.run('known', JSON.stringify(plan.known));
    return coneOf(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A file's rows for questions; undefined for one that is not there. */
export function readCone(folder: string, engine: SqliteEngine, fingerprint: string): ConeFile | undefined {
  const path = coneFile(folder, fingerprint);
  if (!existsSync(path)) return undefined;
  const database = openDatabase(engine, path, { readOnly: true });
  database.exec('PRAGMA cache_size = -8000');
  return coneOf(database);
}

function coneOf(database: Database): ConeFile {
  return {
    database,
    store: createSqliteKeyed(database),
    // Without a log this does nothing.
    settle: () => void database.prepare('PRAGMA wal_checkpoint(PASSIVE)').all(),
    clean: () => {
      const [done] = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all() as { readonly busy?: number }[];
      return done?.busy !== 1;
    },
    close: () => database.close(),
  };
}

export function markReady({ database }: ConeFile): void {
  database.prepare('INSERT OR REPLACE INTO about VALUES (?, ?)').run('ready', '1');
}

/** Notes of all sound files of the folder; damaged ones are removed, they are built anew. */
export function conesIn(folder: string, engine: SqliteEngine, onDamage: (path: string) => void): ConeNote[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name): ConeNote[] => {
    const fingerprint = /^([0-9a-f]{32})\.sqlite$/.exec(name)?.[1];
    if (fingerprint === undefined) {
      // The snapshot of an earlier version; what stands beside a file goes with it.
      if (name.startsWith('views.snapshot')) rmSync(join(folder, name), { recursive: true, force: true });
      return [];
    }
    try {
      if (engine === 'wasm') {
        // What a process that died left behind; the folder is ours alone.
        clearWasmLocks([join(folder, name)]);
        rollBack(join(folder, name));
      }
      return [noteOf(folder, engine, fingerprint)];
    } catch {
      onDamage(join(folder, name));
      removeCone(folder, fingerprint);
      return [];
    }
  });
}

function noteOf(folder: string, engine: SqliteEngine, fingerprint: string): ConeNote {
  if (!statSync(coneFile(folder, fingerprint)).isFile()) throw new Error('it is no file');
  const database = openDatabase(engine, coneFile(folder, fingerprint));
  try {
    const about = (name: string): string | undefined =>
      database.prepare('SELECT value FROM about WHERE name = ?').get(name)?.['value'] as string | undefined;
    return {
      fingerprint,
      views: JSON.parse(about('views')!) as string[],
      known: JSON.parse(about('known')!) as string[],
      ready: about('ready') === '1',
    };
  } finally {
    database.close();
  }
}

export function removeCone(folder: string, fingerprint: string): void {
  for (const end of ENDS) rmSync(coneFile(folder, fingerprint) + end, { recursive: true, force: true });
}

export function isMarkedReady({ database }: ConeFile): boolean {
  return database.prepare(`SELECT 1 FROM about WHERE name = 'ready'`).get() !== undefined;
}

/** Faults of a file for fsck: what SQLite finds. */
export function coneFault(path: string, engine: SqliteEngine): string | undefined {
  if (!statSync(path).isFile()) return 'it is no file';
  try {
    const database = openDatabase(engine, path, { readOnly: true });
    try {
      const fault = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
      return fault === 'ok' ? undefined : String(fault);
    } finally {
      database.close();
    }
  } catch (error) {
    if (isDamage(error)) return 'it is damaged';
    return String((error as Error).message);
  }
}
