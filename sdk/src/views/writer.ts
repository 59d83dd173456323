import { equalBytes, toHex } from '../bytes.js';
import type { BlockId } from '../block/types.js';
import type { KeyedStore } from './keyed-store.js';
import { rowLimitsOf, type ConeTable } from './plan.js';
import { bucketOf } from './reader.js';
import { entryOf, packKeys, rowOf, space, unpackKeys } from './rows.js';
import { encodeTuple, type KeyPart } from './tuple.js';
import type { Change, Row } from './view.js';

/** Bodies' rows are numbered from here on, so that they never meet those of headers. */
export const BODY_ORDINAL = 65_536;

/** Changes rows within one batch, and notes what changed. */
export interface Writer {
  readonly store: KeyedStore;
  /** By full name of the table. */
  readonly changes: ReadonlyMap<string, readonly Change[]>;
  /** Ranges that changed. */
  readonly buckets: ReadonlySet<number>;
  /** Puts these rows in place of all that `owner` has. `suffix`: what tells the owner's rows from others of the same key. Answers whether anything changed. */
  replace(
    owner: readonly KeyPart[],
    suffix: readonly KeyPart[],
    rows: readonly (readonly [ConeTable, readonly Row[]])[],
    firstOrdinal?: number,
  ): boolean;
  changed(table: ConeTable, row: Row, gone: boolean): void;
  /** Rows of a view's function that throws or gives too many: none, and a fault is noted. */
  guarded(table: ConeTable, at: readonly KeyPart[], work: () => readonly Row[]): readonly Row[];
  /** Notes a block's predecessors in a causal table. */
  link(table: ConeTable, id: BlockId, before: readonly BlockId[]): void;
  fault(view: string, at: readonly KeyPart[], detail: string): void;
}

export interface ConeOptions {
  /** Blocks that a view is not to see again. */
  isBarred?(view: string, block: BlockId): boolean;
  /** Which view works now, and on which block: for a watchdog. */
  step?(view: string, block?: BlockId): void;
  onFault?(view: string, at: string, detail: string): void;
}

const DETAIL_MAX = 300;
export const FAULTS_MAX = 10_000;

export function createWriter(
  store: KeyedStore,
  step: (view: string) => void,
  onFault: (view: string, at: string, detail: string) => void,
): Writer {
  const changes = new Map<string, Change[]>();
  const buckets = new Set<number>();

  const changed = (table: ConeTable, row: Row, gone: boolean): void => {
    const list = changes.get(table.name);
    if (list === undefined) changes.set(table.name, [{ table: table.name, row, gone }]);
    else list.push({ table: table.name, row, gone });
    buckets.add(bucketOf(table));
    if (table.key.length > 0) buckets.add(bucketOf(table, row[table.key[0]!] as KeyPart));
  };

  const writer: Writer = {
    store,
    changes,
    buckets,
    changed,
    replace(owner, suffix, groups, firstOrdinal = 0) {
      const record = encodeTuple([space.owned, ...owner]);
      const before = new Map(unpackKeys(store.get(record)).map((key) => [toHex(key), key]));
      const tables = new Map(groups.map(([table]) => [table.number, table]));
      if (before.size === 0 && groups.every(([, rows]) => rows.length === 0)) return false;
      let isChanged = false;
      const keys: Uint8Array[] = [];
      for (const [table, rows] of groups) {
        rows.forEach((row, i) => {
          const { key, value } = entryOf(table, row, suffix, firstOrdinal + i);
          keys.push(key);
          const old = before.delete(toHex(key)) ? store.get(key) : undefined;
          if (old !== undefined && equalBytes(old, value)) return;
          if (old !== undefined) changed(table, rowOf(table, key, old), true);
          store.set(key, value);
          changed(table, rowOf(table, key, value), false);
          isChanged = true;
        });
      }
      for (const key of before.values()) {
        const table = tables.get(tableNumber(key));
        if (table === undefined) throw new Error(`rows of ${toHex(record)} in a table that it does not fill`);
        changed(table, rowOf(table, key, store.get(key)!), true);
        store.delete(key);
        isChanged = true;
      }
      if (keys.length > 0) store.set(record, packKeys(keys));
      else store.delete(record);
      return isChanged;
    },
    guarded(table, at, work) {
      const { maxRows, maxRowBytes } = rowLimitsOf(table.view);
      step(table.view.name);
      try {
        const rows = work();
        if (rows.length > maxRows) throw new RangeError(`${rows.length} rows, at most ${maxRows}`);
        for (const row of rows) checkBytes(table, row, at, maxRowBytes);
        return rows;
      } catch (error) {
        writer.fault(table.view.name, [table.name, ...at], detailOf(error));
        return [];
      }
    },
    link(table, id, before) {
      const record = encodeTuple([space.owned, table.number, 'edges', id]);
      const old = unpackKeys(store.get(record));
      const next = before.map((other) => encodeTuple([space.edges, table.number, other, id]));
      const kept = new Set(next.map(toHex));
      for (const key of old) if (!kept.has(toHex(key))) store.delete(key);
      for (const key of next) store.set(key, new Uint8Array(0));
      if (next.length > 0) store.set(record, packKeys(next));
      else store.delete(record);
    },
    fault(view, at, detail) {
      onFault(view, at.map(String).join(' '), detail);
      store.set(encodeTuple([space.faults, view, ...at]), encodeTuple([detail.slice(0, DETAIL_MAX)]));
    },
  };
  return writer;
}

/** Without decoding the rest. */
function tableNumber(key: Uint8Array): number {
  // encodeTuple([space.rows, number]): 1 is two bytes, 0 is one byte, a number below 256 two, else three.
  const length = key[2]! - 0x14;
  return length === 0 ? 0 : length === 1 ? key[3]! : (key[3]! << 8) | key[4]!;
}

export function checkBytes(table: ConeTable, row: Row, owner: readonly KeyPart[], maxRowBytes: number): void {
  const { key, value } = entryOf(table, row, owner, 0);
  if (key.length + value.length > maxRowBytes)
    throw new RangeError(`a row of ${key.length + value.length} bytes in ${table.name}, at most ${maxRowBytes}`);
}

export function detailOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
