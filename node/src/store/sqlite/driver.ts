import { closeSync, fchmodSync, fstatSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CosmicError, codes, type Code } from '@cosmicembeddings/sdk';
import type { Database, OpenOptions, SqliteEngine, Statement } from './database.js';
import { openWasm } from './wasm.js';

export type * from './database.js';

const require = createRequire(import.meta.url);

const openers: Readonly<Record<SqliteEngine, (path: string, options: OpenOptions) => Database>> = {
  'better-sqlite3': (path, { readOnly = false }) => {
    const Native = require('better-sqlite3') as new (path: string, options: object) => Database;
    return new Native(path, { readonly: readOnly, timeout: 10_000 });
  },
  'node:sqlite': (path, { readOnly = false }) => {
    const { DatabaseSync } = withoutWarning(() => require('node:sqlite')) as {
      DatabaseSync: new (path: string, options: object) => Database;
    };
    const database = new DatabaseSync(path, { readOnly });
    database.exec('PRAGMA busy_timeout = 10000');
    return database;
  },
  wasm: openWasm,
};

/** The engine to use. `auto`: the first that loads. @throws CosmicError config.malformed when the wanted one does not */
export function chooseSqlite(wanted: SqliteEngine | 'auto'): SqliteEngine {
  const reasons: string[] = [];
  for (const engine of wanted === 'auto' ? (Object.keys(openers) as SqliteEngine[]) : [wanted]) {
    try {
      openers[engine](':memory:', {}).close();
      return engine;
    } catch (error) {
      reasons.push(`${engine}: ${firstLine(error)}`);
    }
  }
  throw new CosmicError('config.malformed', `store: no usable SQLite (${reasons.join('; ')})`);
}

/** Why a better engine than this one is not used; undefined for the best. */
export function whyNotBetter(engine: SqliteEngine): string | undefined {
  const [best] = Object.keys(openers) as SqliteEngine[];
  if (engine === best) return undefined;
  try {
    openers[best!](':memory:', {}).close();
    return undefined;
  } catch (error) {
    return `the store runs on ${engine}, which is slower: ${best!} does not load (${firstLine(error)}); npm rebuild better-sqlite3`;
  }
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0]!;
}

/** Node calls its own SQLite experimental, in plain text amid the log; that it is used is told by the log itself. */
function withoutWarning<T>(load: () => T): T {
  const emit = process.emitWarning.bind(process);
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (!/SQLite is an experimental feature/.test(String(warning)))
      (emit as (...all: unknown[]) => void)(warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return load();
  } finally {
    process.emitWarning = emit;
  }
}

/** All engines that work on this machine, best first. */
export function loadableEngines(): SqliteEngine[] {
  return (Object.keys(openers) as SqliteEngine[]).filter((engine) => {
    try {
      openers[engine](':memory:', {}).close();
      return true;
    } catch {
      return false;
    }
  });
}

export function openDatabase(engine: SqliteEngine, path: string, options: OpenOptions = {}): Database {
  if (options.readOnly !== true && path !== ':memory:') keepPrivate(path);
  return openers[engine](path, options);
}

/** What is not erased yet is in there: for its owner alone. SQLite gives the files beside it the same mode. */
function keepPrivate(path: string): void {
  let file: number | undefined;
  try {
    file = openSync(path, 'a', 0o600);
    if ((fstatSync(file).mode & 0o077) !== 0) fchmodSync(file, 0o600);
  } catch {
    // Where a file cannot be opened, opening the database says so with its code; another owner's mode is his.
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Runs `work` in one transaction: all of it or nothing. */
export function transaction<T>(database: Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself (full disk, I/O error).
    }
    throw error;
  }
}

const bounds = new WeakMap<Database, readonly [begin: Statement, commit: Statement]>();

/** Reads several things of one moment. */
export function reading<T>(database: Database, work: () => T): T {
  let bound = bounds.get(database);
  if (bound === undefined) bounds.set(database, (bound = [database.prepare('BEGIN'), database.prepare('COMMIT')]));
  const [begin, commit] = bound;
  begin.run();
  try {
    return work();
  } finally {
    commit.run();
  }
}

/** Is it a damaged file that was read? */
export function isDamage(error: unknown): boolean {
  const fault = faultOf(error);
  return fault instanceof CosmicError && fault.code === 'store.corrupt';
}

/** What a worker threw: errors lose their class on the way between threads; a code of ours is kept. */
export function faultOfWorker(thrown: unknown): unknown {
  const coded = thrown as { readonly code?: unknown; readonly detail?: unknown } | null | undefined;
  if (!(thrown instanceof CosmicError) && typeof coded?.code === 'string' && Object.hasOwn(codes, coded.code))
    return new CosmicError(coded.code as Code, String(coded.detail ?? ''), { cause: thrown });
  if (thrown instanceof Error) return faultOf(thrown);
  const { message, code } = (thrown ?? {}) as { message?: unknown; code?: unknown };
  const text = [code, message].filter((part) => typeof part === 'string').join(' ');
  return faultOf(new Error(text === '' ? String(thrown) : text));
}

/** A full disk or a damaged file as a code; anything else as it is. */
export function faultOf(error: unknown): unknown {
  if (error instanceof CosmicError) return error;
  const text = error instanceof Error ? `${(error as { code?: string }).code ?? ''} ${error.message}` : String(error);
  if (/SQLITE_FULL|disk is full|ENOSPC|disk I\/O error|SQLITE_IOERR/i.test(text))
    return new CosmicError('node.storage_full', text.trim(), { cause: error });
  if (
    /SQLITE_CORRUPT|SQLITE_NOTADB|SQLITE_CANTOPEN|image is malformed|malformed (database|JSON|inverted index)|not a database|unable to open database|EISDIR/i.test(
      text,
    )
  )
    return new CosmicError('store.corrupt', text.trim(), { cause: error });
  return error;
}
