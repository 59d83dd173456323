import { utf8 } from '../bytes.js';
import { Cid, isBlockCid } from '../codec/cid.js';
import { isMap, type Value } from '../codec/value.js';

/** What a checker says of itself to others: JSON Schema (2020-12) of the DAG-JSON form of what fits. */
export type JsonSchema = { readonly [key: string]: unknown };

/**
 * Small checkers for decoded values. A checker answers undefined when the value fits, else one line that names the
 * place and what was expected; it never throws. Structs are closed: an unknown key is a fault. `json` says the same as
 * JSON Schema, from which forms, command lines and OpenAPI are made.
 */
export interface Check {
  (value: Value | undefined, path: string): string | undefined;
  readonly json: JsonSchema;
}

/** A checker of one's own. `json`: all that is known of what fits. */
export function checker(
  check: (value: Value | undefined, path: string) => string | undefined,
  json: JsonSchema,
): Check {
  return Object.assign(check, { json });
}

/** The same check with words for people: what the value is. */
export function described(check: Check, description: string): Check {
  return checker((value, path) => check(value, path), { ...check.json, description });
}

export function text(maxBytes: number, options: { minBytes?: number; pattern?: RegExp } = {}): Check {
  return checker(
    (value, path) => {
      if (typeof value !== 'string') return `${path}: expected text`;
      const tooLong = value.length > maxBytes || (value.length * 3 > maxBytes && utf8(value).length > maxBytes);
      if (tooLong) return `${path}: longer than ${maxBytes} bytes`;
      if (value.length < (options.minBytes ?? 0)) return `${path}: shorter than ${options.minBytes} bytes`;
      if (options.pattern !== undefined && !options.pattern.test(value))
        return `${path}: not of the form ${options.pattern.source}`;
      return undefined;
    },
    {
      type: 'string',
      maxLength: maxBytes,
      ...(options.minBytes === undefined ? {} : { minLength: options.minBytes }),
      ...(options.pattern === undefined ? {} : { pattern: options.pattern.source }),
    },
  );
}

export function integer(min: number, max: number): Check {
  return checker(
    (value, path) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
        ? undefined
        : `${path}: expected an integer in ${min}…${max}`,
    { type: 'integer', minimum: min, maximum: max },
  );
}

export function bytes(min: number, max: number): Check {
  return checker(
    (value, path) =>
      value instanceof Uint8Array && value.length >= min && value.length <= max
        ? undefined
        : `${path}: expected ${min === max ? min : `${min} to ${max}`} bytes`,
    {
      type: 'object',
      title: 'bytes',
      required: ['/'],
      properties: {
        '/': {
          type: 'object',
          required: ['bytes'],
          properties: { bytes: { type: 'string', contentEncoding: 'base64', maxLength: Math.ceil(max / 3) * 4 } },
        },
      },
    },
  );
}

export const bool: Check = checker(
  (value, path) => (typeof value === 'boolean' ? undefined : `${path}: expected true or false`),
  { type: 'boolean' },
);

/** A CID that can name a block or body: version 1, sha2-256, dag-cbor or raw. */
export const blockCid: Check = checker(
  (value, path) =>
    value instanceof Cid && isBlockCid(value.bytes)
      ? undefined
      : `${path}: expected a CIDv1 (sha2-256; dag-cbor or raw)`,
  { type: 'object', title: 'cid', required: ['/'], properties: { '/': { type: 'string', maxLength: 64 } } },
);

export function oneOf(...allowed: readonly (string | number | boolean | null)[]): Check {
  return checker(
    (value, path) =>
      allowed.includes(value as string | number | boolean | null)
        ? undefined
        : `${path}: expected one of ${allowed.map((a) => JSON.stringify(a)).join(', ')}`,
    { enum: allowed },
  );
}

export function orNull(check: Check): Check {
  return checker((value, path) => (value === null ? undefined : check(value, path)), {
    anyOf: [check.json, { type: 'null' }],
  });
}

/** Fits where one of several does; the fault of the last one is told. */
export function either(...checks: readonly [Check, ...Check[]]): Check {
  return checker(
    (value, path) => {
      let fault: string | undefined;
      for (const check of checks) if ((fault = check(value, path)) === undefined) return undefined;
      return fault;
    },
    { anyOf: checks.map(({ json }) => json) },
  );
}

export function list(item: Check, max: number, min = 0): Check {
  return checker(
    (value, path) => {
      if (!Array.isArray(value)) return `${path}: expected a list`;
      if (value.length < min || value.length > max)
        return `${path}: expected ${min} to ${max} items, got ${value.length}`;
      for (let i = 0; i < value.length; i++) {
        // The place is spelled out only where something is wrong with it.
        if (item(value[i] as Value, '') !== undefined) return item(value[i] as Value, `${path}[${i}]`);
      }
      return undefined;
    },
    { type: 'array', items: item.json, maxItems: max, ...(min === 0 ? {} : { minItems: min }) },
  );
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
  return checker(
    (value, path) => {
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
    },
    {
      type: 'object',
      ...(requiredKeys.length === 0 ? {} : { required: requiredKeys }),
      properties: Object.fromEntries(
        Object.entries({ ...required, ...optional }).map(([key, { json }]) => [key, json]),
      ),
      additionalProperties: options.open === true,
    },
  );
}

export { dayStartOf, instantOf } from './instant.js';
export { decimalOf, durationMsOf, sizeBytesOf, wholeOf } from './quantity.js';
