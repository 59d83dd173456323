import type { Cid } from './cid.js';

/** What our DAG-CBOR profile can carry: no floats, no undefined, text keys (specs/codec.md). */
export type Value = null | boolean | number | string | Uint8Array | Cid | readonly Value[] | ValueMap;
export interface ValueMap {
  readonly [key: string]: Value;
}

export function isMap(value: unknown): value is ValueMap {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
