import { PyFloat, PyInt, type PyValue } from './read.js';

/** A plain JavaScript value where JSON has one: what callers build version-1 blocks from. */
export type Plain = null | boolean | number | bigint | string | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * A plain value as Python would hold it. Whole numbers become ints, as from Python's own integers; wrap a number in
 * `PyFloat` for `1.0`. @throws TypeError for undefined, functions and class instances
 */
export function toPython(value: Plain | PyValue): PyValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (value instanceof PyInt || value instanceof PyFloat || value instanceof Map) return value as PyValue;
  if (typeof value === 'bigint') return new PyInt(value);
  if (typeof value === 'number')
    return Number.isInteger(value) && !Object.is(value, -0) ? new PyInt(BigInt(value)) : new PyFloat(value);
  if (Array.isArray(value)) return value.map((item) => toPython(item as Plain));
  if (typeof value === 'object')
    return new Map(Object.entries(value as { [key: string]: Plain }).map(([key, item]) => [key, toPython(item)]));
  throw new TypeError(`not a JSON value: ${typeof value}`);
}

/** Back to plain values; integers beyond ±(2^53−1) become bigint. Floats lose their mark. */
export function toPlain(value: PyValue): Plain {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (value instanceof PyInt) return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : value.value;
  if (value instanceof PyFloat) return value.value;
  if (value instanceof Map)
    return Object.fromEntries([...(value as ReadonlyMap<string, PyValue>)].map(([key, item]) => [key, toPlain(item)]));
  return (value as readonly PyValue[]).map(toPlain);
}
