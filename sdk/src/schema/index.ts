import { utf8 } from '../bytes.js';
import { Cid, isBlockCid } from '../codec/cid.js';
import { isMap, type Value } from '../codec/value.js';

/**
 * Small checkers for decoded values. A checker answers undefined when the value fits, else one line that names the
 * place and what was expected; it never throws. Structs are closed: an unknown key is a fault.
 */
export type Check = (value: Value | undefined, path: string) => string | undefined;

export function text(maxBytes: number, options: { minBytes?: number; pattern?: RegExp } = {}): Check {
  return (value, path) => {
    if (typeof value !== 'string') return `${path}: expected text`;
    const tooLong = value.length > maxBytes || (value.length * 3 > maxBytes && utf8(value).length > maxBytes);
    if (tooLong) return `${path}: longer than ${maxBytes} bytes`;
    if (value.length < (options.minBytes ?? 0)) return `${path}: shorter than ${options.minBytes} bytes`;
    if (options.pattern !== undefined && !options.pattern.test(value))
      return `${path}: not of the form ${options.pattern.source}`;
    return undefined;
  };
}

export function integer(min: number, max: number): Check {
  return (value, path) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? undefined
      : `${path}: expected an integer in ${min}…${max}`;
}

export function bytes(min: number, max: number): Check {
  return (value, path) =>
    value instanceof Uint8Array && value.length >= min && value.length <= max
      ? undefined
      : `${path}: expected ${min === max ? min : `${min} to ${max}`} bytes`;
}

export const bool: Check = (value, path) =>
  typeof value === 'boolean' ? undefined : `${path}: expected true or false`;

/** A CID that can name a block or body: version 1, sha2-256, dag-cbor or raw. */
export const blockCid: Check = (value, path) =>
  value instanceof Cid && isBlockCid(value.bytes) ? undefined : `${path}: expected a CIDv1 (sha2-256; dag-cbor or raw)`;

export function oneOf(...allowed: readonly (string | number | boolean | null)[]): Check {
  return (value, path) =>
    allowed.includes(value as string | number | boolean | null)
      ? undefined
      : `${path}: expected one of ${allowed.map((a) => JSON.stringify(a)).join(', ')}`;
}

export function orNull(check: Check): Check {
  return (value, path) => (value === null ? undefined : check(value, path));
}

export function list(item: Check, max: number, min = 0): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path}: expected a list`;
    if (value.length < min || value.length > max)
      return `${path}: expected ${min} to ${max} items, got ${value.length}`;
    for (let i = 0; i < value.length; i++) {
      // The place is spelled out only where something is wrong with it.
      if (item(value[i] as Value, '') !== undefined) return item(value[i] as Value, `${path}[${i}]`);
    }
    return undefined;
  };
}

export interface StructOptions {
  /** Keys that may be absent. */
  readonly optional?: Readonly<Record<string, Check>>;
  /** Accept keys that are not named here (the common part of a body leaves the kind's own fields to its kind). */
  readonly open?: boolean;
}

export function struct(required: Readonly<Record<string, Check>>, options: StructOptions = {}): Check {
  const optional = options.optional ?? {};
  const requiredKeys = Object.keys(required);
  return (value, path) => {
    if (!isMap(value)) return `${path}: expected a map`;
    for (const key of requiredKeys) {
      if (!Object.hasOwn(value, key)) return `${path}.${key}: missing`;
    }
    for (const key of Object.keys(value)) {
      const check = Object.hasOwn(required, key)
        ? required[key]
        : Object.hasOwn(optional, key)
          ? optional[key]
          : undefined;
      if (check === undefined) {
        if (options.open === true) continue;
        return `${path}.${key}: unknown key`;
      }
      if (check(value[key], '') !== undefined) return check(value[key], `${path}.${key}`);
    }
    return undefined;
  };
}

export { dayStartOf, instantOf } from './instant.js';
