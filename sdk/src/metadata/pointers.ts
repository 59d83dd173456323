import { setKey } from '../codec/dag-json.js';
import type { Metadata, MetadataValue, Scalar } from './value.js';

/**
 * Nested metadata, flat: a value below another has a JSON pointer (RFC 6901) as its key, `/loc/lines/from`. Plain keys at
 * the top stay as they are, unless they begin with `/`.
 */
export function flatten(metadata: Readonly<Record<string, unknown>>): Metadata {
  const out: Record<string, MetadataValue> = {};
  for (const [key, value] of Object.entries(metadata))
    put(out, key, key.startsWith('/') ? pointer('', key) : key, value);
  return out;
}

function put(out: Record<string, MetadataValue>, key: string, at: string, value: unknown): void {
  if (value === undefined) return;
  if (isObject(value)) {
    const base = at.startsWith('/') ? at : pointer('', key);
    for (const [inner, item] of Object.entries(value)) put(out, inner, pointer(base, inner), item);
  } else setKey(out, at, plain(value));
}

/** Dates as RFC 3339; what has no flat form (lists of objects, functions) as its JSON. */
function plain(value: unknown): MetadataValue {
  if (value instanceof Date) return value.toISOString();
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (Array.isArray(value) && value.every((item) => ['string', 'number', 'boolean'].includes(typeof item)))
    return value as Scalar[];
  return JSON.stringify(value) ?? null;
}

/** What `flatten` flattened, nested again. */
export function nest(metadata: Metadata): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(metadata)) {
    const path = key.startsWith('/') ? key.slice(1).split('/').map(unescaped) : [key];
    let at = out;
    for (const step of path.slice(0, -1)) {
      const next = Object.hasOwn(at, step) ? at[step] : undefined;
      if (!isObject(next)) setKey(at, step, {});
      at = at[step] as Record<string, unknown>;
    }
    setKey(at, path.at(-1)!, value);
  }
  return out;
}

const pointer = (base: string, key: string): string => `${base}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
const unescaped = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~');

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
