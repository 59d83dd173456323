import { isBlockCid, parseCid } from '../codec/cid.js';
import { limits } from '../limits.js';
import { dayStartOf, instantOf } from '../schema/index.js';
import { readWhere, type Where } from '../metadata/index.js';
import type { JsonSchema } from '../schema/index.js';
import type { Test } from './test.js';

/** How one field of a filter is written: as JSON, and as texts in a query string or on a command line. */
export interface Form<T> {
  readonly schema: JsonSchema;
  /** The value in its one spelling, or one line that says what is wrong with it. */
  read(value: unknown): { readonly value: T } | string;
  /** Schema of the texts. */
  readonly texts: JsonSchema;
  /** What `read` takes, of texts; several only where `isList`. */
  ofTexts(texts: readonly string[]): unknown;
  /** The texts of a value; an empty list has none. */
  toTexts(value: T): readonly string[];
  readonly isList?: true;
}

/** One field of a filter. */
export interface Field<T> extends Form<T> {
  /** Its name in a query string, and with `--` in front on a command line. */
  readonly name: string;
  readonly says: string;
  tests(value: T): readonly Test[];
}

const TEXT_MAX = 1024;

/** A list of texts. */
export function texts(itemsMax: number): Form<readonly string[]> {
  const items = { type: 'string', maxLength: TEXT_MAX };
  const schema = { type: 'array', items, maxItems: itemsMax };
  return {
    schema,
    texts: schema,
    isList: true,
    read: (value) => {
      if (!Array.isArray(value)) return 'expected a list of texts';
      if (value.length > itemsMax) return `${value.length} items, at most ${itemsMax}`;
      return value.every((item) => typeof item === 'string' && item.length <= TEXT_MAX)
        ? { value: value as string[] }
        : `expected texts of at most ${TEXT_MAX} characters`;
    },
    ofTexts: (given) => given,
    toTexts: (value) => value,
  };
}

export interface LinkTest {
  readonly rel?: string;
  readonly id: string;
}

const REL = /^[a-z][a-z0-9_.-]*$/;

/** A list of `{rel?, id}`; as text `ID` or `REL:ID`. */
export function links(itemsMax: number): Form<readonly LinkTest[]> {
  const rel = { type: 'string', maxLength: limits.relMaxBytes, pattern: REL.source };
  const id = { type: 'string', maxLength: 128 };
  return {
    schema: {
      type: 'array',
      maxItems: itemsMax,
      items: { type: 'object', required: ['id'], additionalProperties: false, properties: { rel, id } },
    },
    texts: { type: 'array', maxItems: itemsMax, items: { type: 'string', maxLength: limits.relMaxBytes + 129 } },
    isList: true,
    read: (value) => {
      if (!Array.isArray(value)) return 'expected a list of {rel?, id}';
      if (value.length > itemsMax) return `${value.length} items, at most ${itemsMax}`;
      const read = value.map(readLink);
      return read.find((one) => typeof one === 'string') ?? { value: read as LinkTest[] };
    },
    ofTexts: (given) =>
      given.map((text) => {
        const at = text.lastIndexOf(':');
        return at < 0 ? { id: text } : { rel: text.slice(0, at), id: text.slice(at + 1) };
      }),
    toTexts: (value) => value.map((link) => (link.rel === undefined ? link.id : `${link.rel}:${link.id}`)),
  };
}

function readLink(value: unknown): LinkTest | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'expected {rel?, id}';
  const { rel, id, ...more } = value as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) return `unknown field ${unknown.slice(0, 80)}`;
  if (rel !== undefined && (typeof rel !== 'string' || rel.length > limits.relMaxBytes || !REL.test(rel)))
    return `rel: expected the name of a relation (${REL.source})`;
  const known = typeof id === 'string' && id.length <= 128 ? idOf(id) : undefined;
  if (known === undefined) return `not a block id: ${String(id).slice(0, 100)}`;
  return rel === undefined ? { id: known } : { rel, id: known };
}

function idOf(text: string): string | undefined {
  try {
    const cid = parseCid(text);
    return isBlockCid(cid.bytes) ? cid.text : undefined;
  } catch {
    return undefined;
  }
}

/** `*` or BCP 47 subtags; upper case is read as lower. */
const RANGE = /^(?:\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)$/;

export const language: Form<string> = one({
  schema: { type: 'string', maxLength: limits.languageMaxBytes, pattern: RANGE.source },
  read: (value) =>
    typeof value === 'string' && value.length <= limits.languageMaxBytes && RANGE.test(value)
      ? { value: value.toLowerCase() }
      : 'expected a language range, such as en or pt-BR',
  ofText: (text) => text,
  toText: (value) => value,
});

/** The widest time that ECMAScript has a date for (ECMA-262 section 21.4.1.1), milliseconds either way. */
const TIME_MAX_MS = 8.64e15;

/** Milliseconds since 1970-01-01T00:00Z; as text those, an RFC 3339 date-time, or a day, which begins in UTC. */
export const moment: Form<number> = one({
  schema: { type: 'integer', minimum: -TIME_MAX_MS, maximum: TIME_MAX_MS },
  texts: { type: 'string', maxLength: 40 },
  read: (value) =>
    Number.isInteger(value) && Math.abs(value as number) <= TIME_MAX_MS
      ? { value: value as number }
      : 'expected milliseconds since 1970, a time such as 2026-11-21T22:00:00Z, or a day',
  ofText: (text) => (/^-?\d+$/.test(text) ? Number(text) : (instantOf(text) ?? dayStartOf(text) ?? NaN)),
  toText: String,
});

/** A filter over metadata: an object; as text its JSON. */
export const where: Form<Where> = one({
  schema: { type: 'object' },
  texts: { type: 'string', maxLength: limits.whereMaxBytes },
  read: (value) => {
    readWhere(value);
    return { value: value as Where };
  },
  ofText: (text) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  },
  toText: (value) => JSON.stringify(value),
});

export const yesOrNo: Form<boolean> = one({
  schema: { type: 'boolean' },
  read: (value) => (typeof value === 'boolean' ? { value } : 'expected true or false'),
  ofText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  toText: String,
});

function one<T>(form: {
  readonly schema: JsonSchema;
  readonly texts?: JsonSchema;
  read(value: unknown): { readonly value: T } | string;
  ofText(text: string): unknown;
  toText(value: T): string;
}): Form<T> {
  return {
    schema: form.schema,
    texts: form.texts ?? form.schema,
    read: form.read,
    ofTexts: (given) => (given.length === 1 ? form.ofText(given[0]!) : given),
    toTexts: (value) => [form.toText(value)],
  };
}
