import { compareBytes, concatBytes } from '../bytes.js';
import { decode } from '../codec/decode.js';
import { encode } from '../codec/encode.js';
import type { Value, ValueMap } from '../codec/value.js';
import type { KeyedStore } from './keyed-store.js';
import type { ConeTable } from './plan.js';
import { afterParts, decodeTuple, encodeTuple, type KeyPart } from './tuple.js';
import type { Row } from './view.js';

/** First parts of keys: what is kept beside rows. */
export const space = {
  meta: 0,
  rows: 1,
  /** By owner (a block's part, a group's key): the keys of its rows. */
  owned: 2,
  versions: 3,
  faults: 4,
  fallen: 5,
  awaited: 6,
  watched: 7,
  /** By causal table and predecessor: the successors. */
  edges: 8,
} as const;

/** A row as it is kept: its key in the store, and its fields. */
export interface KeptRow {
  readonly key: Uint8Array;
  readonly row: Row;
}

/** Where the rows begin whose key in `table` begins with `key`. */
export function rowPrefix(table: ConeTable, key: readonly KeyPart[] = []): Uint8Array {
  return encodeTuple([space.rows, table.number, ...key]);
}

/** Entry of a row: declared key ‖ owner ‖ ordinal; the other fields are the value. @throws RangeError, TypeError for what no row can be */
export function entryOf(
  table: ConeTable,
  row: Row,
  owner: readonly KeyPart[],
  ordinal: number,
): { readonly key: Uint8Array; readonly value: Uint8Array } {
  const rest: Record<string, Value> = {};
  for (const [name, value] of Object.entries(row)) {
    if (table.key.includes(name) || value === undefined) continue;
    if (table.derived === undefined && name === 'block')
      throw new TypeError(`${table.name}: the field block is given by the host`);
    rest[name] = typeof value === 'bigint' ? { bigint: value.toString() } : value;
  }
  const key = table.key.map((field) => {
    const part = row[field];
    if (part === undefined) throw new TypeError(`${table.name}: a row without ${field}`);
    return part as KeyPart;
  });
  return { key: encodeTuple([space.rows, table.number, ...key, ...owner, ordinal]), value: encode(rest) };
}

export function rowOf(table: ConeTable, key: Uint8Array, value: Uint8Array): Row {
  const row: Record<string, Value | bigint> = {};
  const parts = decodeTuple(key, 2 + table.key.length + 1);
  table.key.forEach((field, i) => (row[field] = parts[2 + i] as Value));
  if (table.derived === undefined) row['block'] = parts[2 + table.key.length] as string;
  for (const [name, kept] of Object.entries(decode(value) as ValueMap)) row[name] = bigintOf(kept) ?? kept;
  return row;
}

function bigintOf(value: Value): bigint | undefined {
  const text =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ValueMap)['bigint'] : undefined;
  return typeof text === 'string' && /^-?\d+$/.test(text) ? BigInt(text) : undefined;
}

/** Rows of a table by the beginning of their keys. */
export function readRows(
  store: KeyedStore,
  table: ConeTable,
  key: readonly KeyPart[],
  options: { readonly limit: number; readonly after?: Uint8Array; readonly reverse?: boolean },
): KeptRow[] {
  const prefix = rowPrefix(table, key);
  const { after, reverse = false, limit } = options;
  const end = afterParts(prefix);
  const from = after === undefined || reverse ? prefix : concatBytes(after, Uint8Array.of(0));
  const to = after !== undefined && reverse ? after : end;
  if (compareBytes(from, to) >= 0) return [];
  return store.range(from, to, limit, reverse).map(([at, value]) => ({ key: at, row: rowOf(table, at, value) }));
}

/** Keys in one byte string, each behind its length (two bytes). */
export function packKeys(keys: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...keys.flatMap((key) => [Uint8Array.of(key.length >> 8, key.length & 255), key]));
}

export function unpackKeys(packed: Uint8Array | undefined): Uint8Array[] {
  const keys: Uint8Array[] = [];
  for (let at = 0; packed !== undefined && at < packed.length;) {
    const length = (packed[at]! << 8) | packed[at + 1]!;
    keys.push(packed.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return keys;
}
