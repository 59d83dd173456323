/**
 * Where rows are kept: an ordered map from bytes to bytes. Keys are compared bytewise, a prefix first. Memory in
 * sdk/memory, SQLite on a node; one suite (`keyedSuite`) for both.
 */
export interface KeyedStore {
  get(key: Uint8Array): Uint8Array | undefined;
  /** Entries from `from` on and before `to` (none: to the end), at most `limit`, in order, or from the end back. */
  range(from: Uint8Array, to: Uint8Array | undefined, limit: number, reverse?: boolean): KeyedEntry[];
  set(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** All of the work or, where it throws, nothing of it. Not nested. */
  transaction<T>(work: () => T): T;
}

export type KeyedEntry = readonly [key: Uint8Array, value: Uint8Array];
