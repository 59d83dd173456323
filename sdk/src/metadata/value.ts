import { utf8 } from '../bytes.js';
import { setKey } from '../codec/dag-json.js';
import { isMap, type Value, type ValueMap } from '../codec/value.js';
import { CosmicError } from '../errors.js';
import { limits } from '../limits.js';
import { fractionOf, fractionText } from './number.js';

export type Scalar = string | number | boolean;
export type MetadataValue = Scalar | null | readonly Scalar[];
/** What an author says about one row: flat, keys to scalars, null or lists of scalars (specs/kinds/metadata.md). */
export type Metadata = Readonly<Record<string, MetadataValue>>;

/** One line that says why this is no metadata of a row, or undefined. Sizes are in UTF-8 bytes. */
export function metadataFault(value: unknown, path = 'metadata'): string | undefined {
  if (!isPlain(value)) return `${path}: expected an object of keys and values`;
  const keys = Object.keys(value);
  if (keys.length > limits.metadataKeysMax) return `${path}: ${keys.length} keys, at most ${limits.metadataKeysMax}`;
  let total = 0;
  for (const key of keys) {
    const fault = keyFault(key) ?? valueFault(value[key]);
    if (fault !== undefined) return `${path}.${key.slice(0, 80)}: ${fault}`;
    total += utf8(key).length + sizeOf(value[key] as MetadataValue);
  }
  return total > limits.metadataRowMaxBytes
    ? `${path}: ${total} bytes, at most ${limits.metadataRowMaxBytes} a row`
    : undefined;
}

export const LONE_SURROGATE = /\p{Surrogate}/u;
// eslint-disable-next-line no-control-regex -- control characters are what a key must not hold
const KEY = /^(?![$#])[^\u0000-\u001f\u007f-\u009f]+$/;

function keyFault(key: string): string | undefined {
  const length = utf8(key).length;
  if (length === 0 || length > limits.metadataKeyMaxBytes)
    return `a key has 1 to ${limits.metadataKeyMaxBytes} bytes, this one ${length}`;
  if (LONE_SURROGATE.test(key)) return 'the key holds a lone surrogate';
  return KEY.test(key) ? undefined : 'a key holds no control characters and does not begin with $ or #';
}

function valueFault(value: unknown): string | undefined {
  if (value === null) return undefined;
  if (!Array.isArray(value)) return scalarFault(value);
  if (value.length > limits.metadataListMax) return `${value.length} items, at most ${limits.metadataListMax}`;
  for (const [i, item] of value.entries()) {
    const fault = scalarFault(item);
    if (fault !== undefined) return `[${i}]: ${fault}`;
  }
  return undefined;
}

function scalarFault(value: unknown): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return undefined;
    case 'string':
      if (LONE_SURROGATE.test(value)) return 'text holds a lone surrogate';
      return utf8(value).length > limits.metadataTextMaxBytes
        ? `text of at most ${limits.metadataTextMaxBytes} bytes`
        : undefined;
    case 'number':
      if (!Number.isFinite(value)) return 'a number is finite';
      return Number.isInteger(value) && !Number.isSafeInteger(value)
        ? 'a whole number lies within ±(2^53−1); write longer ones as text'
        : undefined;
    default:
      return 'expected text, a number, true, false, null or a list of them (nested objects: flatten their keys)';
  }
}

function sizeOf(value: MetadataValue): number {
  if (Array.isArray(value)) return (value as readonly Scalar[]).reduce<number>((sum, item) => sum + sizeOf(item), 0);
  return typeof value === 'string' ? utf8(value).length : 8;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return isMap(value) && Object.getOwnPropertySymbols(value).length === 0;
}

/** The body's field of one row: whole numbers as integers, −0 as 0, fractions as `{n: text}`. @throws CosmicError kind.malformed */
export function encodeMetadata(metadata: Metadata): ValueMap {
  const fault = metadataFault(metadata);
  if (fault !== undefined) throw new CosmicError('kind.malformed', fault);
  const out: Record<string, Value> = {};
  for (const key of Object.keys(metadata)) setKey(out, key, encodeValue(metadata[key]!));
  return out;
}

function encodeValue(value: MetadataValue): Value {
  if (Array.isArray(value)) return (value as readonly Scalar[]).map(encodeValue);
  if (typeof value !== 'number') return value as Value;
  return Number.isInteger(value) ? value + 0 : { n: fractionText(value) };
}

/** What such a field of a decoded body stands for, or one line that says what is wrong with it. */
export function decodeMetadata(field: Value | undefined, path = 'metadata'): Metadata | string {
  if (!isMap(field)) return `${path}: expected a map`;
  const out: Record<string, MetadataValue> = {};
  for (const key of Object.keys(field)) {
    const value = decodeValue(field[key]!, true);
    if (value === undefined) return `${path}.${key.slice(0, 80)}: not a value of metadata in its one form`;
    setKey(out as Record<string, Value>, key, value as Value);
  }
  return metadataFault(out, path) ?? out;
}

function decodeValue(value: Value, listed: boolean): MetadataValue | undefined {
  if (Array.isArray(value)) {
    if (!listed) return undefined;
    const items = (value as readonly Value[]).map((item) => (item === null ? undefined : decodeValue(item, false)));
    return items.includes(undefined) ? undefined : (items as Scalar[]);
  }
  if (isMap(value)) {
    const text = value['n'];
    return Object.keys(value).length === 1 && typeof text === 'string' ? fractionOf(text) : undefined;
  }
  if (value instanceof Uint8Array || (typeof value === 'object' && value !== null)) return undefined;
  return value;
}
