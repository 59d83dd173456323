import { fromBase64, toBase64 } from '../bytes.js';
import { Cid, parseCid } from './cid.js';
import { JsonDecimal, type JsonMap, type JsonValue } from './json-text.js';
import { isMap, type Value } from './value.js';

/**
 * DAG-JSON (IPLD) of a value: CIDs as {"/": "bafy…"}, bytes as {"/": {"bytes": "…"}} in base64 without padding. A map that
 * has the key "/" cannot be said in DAG-JSON; it is written {"/": {"map": {…}}}, so that every value has a form.
 */
export function toDagJson(value: Value): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return JSON.stringify(value);
  if (value instanceof Uint8Array) return `{"/":{"bytes":"${toBase64(value).replace(/=+$/, '')}"}}`;
  if (value instanceof Cid) return `{"/":"${value.text}"}`;
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(toDagJson).join(',')}]`;
  if (!isMap(value)) throw new TypeError(`cannot write ${typeof value}`);
  const map = value;
  const fields = Object.keys(map).map((key) => `${JSON.stringify(key)}:${toDagJson(map[key]!)}`);
  const text = `{${fields.join(',')}}`;
  return Object.hasOwn(map, '/') ? `{"/":{"map":${text}}}` : text;
}

/** @throws SyntaxError for what is no DAG-JSON of our profile (no floats, no integers beyond ±(2^53−1)). */
export function fromDagJson(json: JsonValue): Value {
  if (json instanceof JsonDecimal)
    throw new SyntaxError(`not an integer within ±(2^53−1), plainly written: ${json.spelling.slice(0, 40)}`);
  if (Array.isArray(json)) return json.map(fromDagJson);
  if (!(json instanceof Map)) return json;
  return json.has('/') ? reserved(json) : mapOf(json);
}

function mapOf(json: JsonMap): Value {
  const map: Record<string, Value> = {};
  for (const [key, item] of json) setKey(map, key, fromDagJson(item));
  return map;
}

/** Own property whatever its name; plain assignment would lose `__proto__`. */
export function setKey<T>(map: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__')
    Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
  else map[key] = value;
}

function reserved(json: JsonMap): Value {
  const inner = json.get('/');
  if (json.size !== 1) throw new SyntaxError('a map with the key "/" has to be written as {"/": {"map": {…}}}');
  if (typeof inner === 'string') return parseCid(inner);
  if (inner instanceof Map && inner.size === 1) {
    const bytes = inner.get('bytes');
    if (typeof bytes === 'string') return unpaddedBytes(bytes);
    const map = inner.get('map');
    if (map instanceof Map) return mapOf(map);
  }
  throw new SyntaxError('"/" stands for neither a CID nor bytes');
}

function unpaddedBytes(text: string): Uint8Array {
  if (text.includes('=')) throw new SyntaxError('bytes: base64 has to be without padding here');
  return fromBase64(text + '='.repeat((4 - (text.length % 4)) % 4));
}
