/** SQLite engines, best first: compiled, Node's own (from 22.13 on), WebAssembly with file access. */
export type SqliteEngine = 'better-sqlite3' | 'node:sqlite' | 'wasm';

export type Value = number | string | Uint8Array | null;
export type Row = Record<string, Value>;

export interface Statement {
  run(...values: Value[]): void;
  get(...values: Value[]): Row | undefined;
  all(...values: Value[]): Row[];
}

/** The part of SQLite that the adapter uses, the same over every engine. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export interface OpenOptions {
  readonly readOnly?: boolean;
}
