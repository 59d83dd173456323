import { createRequire } from 'node:module';
import { rmSync } from 'node:fs';
import type { Database, OpenOptions, Row, Statement, Value } from './database.js';
import { noteLocks, type LockNote } from './wasm-locks.js';

interface WasmStatement {
  run(values: Value[]): unknown;
  all(values: Value[]): Row[];
  finalize(): void;
}

interface WasmDatabase {
  exec(sql: string): void;
  prepare(sql: string): WasmStatement;
  close(): void;
}

const require = createRequire(import.meta.url);
const BUSY_MAX_MS = 10_000;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * SQLite as WebAssembly with file access. Its locks know no sharing: whoever reads shuts out all others for the length
 * of a statement, so statements always run to their end and a busy file is tried again.
 */
export function openWasm(path: string, { readOnly = false }: OpenOptions): Database {
  const { Database: Wasm } = require('node-sqlite3-wasm') as {
    Database: new (path: string, options: object) => WasmDatabase;
  };
  const note = noteLocks(path);
  let inTransaction = false;
  const patiently = <T>(work: () => T): T => {
    try {
      return until(work, note);
    } finally {
      if (!inTransaction) note.end();
    }
  };
  const inner = patiently(() => new Wasm(path, { readOnly }));
  const statements: WasmStatement[] = [];
  return {
    exec: (sql) => {
      if (/^\s*BEGIN/i.test(sql)) inTransaction = true;
      try {
        patiently(() => inner.exec(sql));
      } catch (error) {
        if (/^\s*BEGIN/i.test(sql)) inTransaction = false;
        throw error;
      }
      if (!/^\s*(COMMIT|ROLLBACK|END)/i.test(sql)) return;
      inTransaction = false;
      note.end();
    },
    prepare: (sql): Statement => {
      const statement = patiently(() => inner.prepare(sql));
      statements.push(statement);
      return {
        run: (...values) => void patiently(() => statement.run(values)),
        get: (...values) => patiently(() => statement.all(values))[0],
        all: (...values) => patiently(() => statement.all(values)),
      };
    },
    close: () => {
      // A statement that is left open would keep the file locked for ever.
      for (const statement of statements.splice(0)) {
        try {
          statement.finalize();
        } catch {
          // SQLite reports a statement's last failure once more as it goes (sqlite.org/c3ref/finalize.html).
        }
      }
      inner.close();
      note.free();
    },
  };
}

/** A lock is a folder beside the file; one that a dead process left would never go away. Only for the folder's owner. */
export function clearWasmLocks(paths: readonly string[]): void {
  for (const path of paths) rmSync(`${path}.lock`, { recursive: true, force: true });
}

function until<T>(work: () => T, note: LockNote): T {
  const untilMs = Date.now() + BUSY_MAX_MS;
  for (let waitMs = 1; ; waitMs = Math.min(20, waitMs * 2)) {
    try {
      note.begin();
      return work();
    } catch (error) {
      const { message } = error as Error;
      // The binding reports a statement's previous failure once more when that statement is used again.
      if (message.includes('Could not reset')) continue;
      if (!message.includes('database is locked') || Date.now() >= untilMs) throw error;
      note.waited();
      Atomics.wait(pause, 0, 0, waitMs);
    }
  }
}
