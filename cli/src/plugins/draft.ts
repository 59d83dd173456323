import {
  CosmicError,
  fromDagJson,
  isMap,
  type CustomKind,
  type NewBlock,
  type Ref,
  type Value,
  type ValueMap,
} from '@cosmicembeddings/sdk';
import type { KindInfo } from '@cosmicembeddings/sdk/api';
import { parseJson, type JsonMap, type JsonValue } from '@cosmicembeddings/sdk/codec';
import type { JsonSchema } from '@cosmicembeddings/sdk/schema';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { UsageError } from '../output.js';
import { fieldsOf, valuesOf } from './schema-flags.js';

/** All that an author says of a block; time, place and key come beside it. */
export type Draft = Omit<NewBlock<CustomKind>, 'kind' | 'timeMs' | 'place'>;

/** Names that stand beside a kind's own fields in the JSON form of a block (specs/block.md). */
const BESIDE = ['tags', 'linked_blocks', 'refs', 'prev'] as const;

/**
 * A block's content from JSON and flags; flags go before. `text`: an object of the kind's own fields with `tags`,
 * `linked_blocks`, `refs`, `prev` among them, or with the own fields in `fields`, as in the JSON form of blocks.
 * @throws CosmicError kind.malformed for what does not fit the schema; UsageError
 */
export function draftOf(kind: KindInfo, text: string | undefined, args: Readonly<Record<string, unknown>>): Draft {
  const names = fieldsOf(kind.schema);
  const json = text === undefined ? new Map<string, JsonValue>() : objectOf(text);
  const isOwn = (name: string): boolean => names.some((field) => field.name === name);
  const inner = json.get('fields');
  const nested = inner instanceof Map && !isOwn('fields') ? inner : undefined;
  const beside = BESIDE.filter((name) => nested !== undefined || !isOwn(name));
  const own: JsonMap = new Map(nested ?? [...json].filter(([name]) => !(beside as readonly string[]).includes(name)));
  if (nested !== undefined) {
    const unknown = [...json.keys()].find((name) => name !== 'fields' && !(BESIDE as readonly string[]).includes(name));
    if (unknown !== undefined) throw new CosmicError('kind.malformed', `${unknown}: unknown key beside fields`);
  }
  for (const [name, value] of Object.entries(valuesOf(names, args))) own.set(name, parseJson(JSON.stringify(value)));
  const given = (name: (typeof BESIDE)[number]): JsonValue | undefined =>
    beside.includes(name) ? json.get(name) : undefined;
  const fields = read('fields', own);
  if (!isMap(fields)) throw new CosmicError('kind.malformed', 'expected an object of fields');
  refuseMisfit(kind.schema, own);
  const tags = [...(textsOf(given('tags'), 'tags') ?? []), ...words(args['tag'])];
  const links = [...refsOf(given('linked_blocks'), 'linked_blocks'), ...words(args['link']).map(refOf)];
  const needs = [...(kind.refs ?? [])].flatMap(({ rel }) => words(args[rel]).map((id): Ref => ({ rel, id })));
  const refs = [...refsOf(given('refs'), 'refs'), ...words(args['ref']).map(refOf), ...needs];
  const prev = args['prev'] ?? given('prev');
  return {
    fields: fields as ValueMap,
    ...(tags.length === 0 ? {} : { tags }),
    ...(links.length === 0 ? {} : { links }),
    ...(refs.length === 0 ? {} : { refs }),
    ...(typeof prev === 'string' ? { prev } : {}),
  };
}

function objectOf(text: string): JsonMap {
  let json: JsonValue;
  try {
    json = parseJson(text);
  } catch (error) {
    throw new CosmicError('kind.malformed', `JSON: ${(error as Error).message}`);
  }
  if (!(json instanceof Map)) throw new CosmicError('kind.malformed', 'JSON: expected an object');
  return json;
}

function read(place: string, json: JsonValue): Value {
  try {
    return fromDagJson(json);
  } catch (error) {
    throw new CosmicError('kind.malformed', `${place}: ${(error as Error).message}`);
  }
}

/** The schema is the kind's, in DAG-JSON. */
function refuseMisfit(schema: JsonSchema, own: JsonMap): void {
  const check = new Ajv2020({ strict: false, logger: false, allErrors: false }).compile(schema);
  if (check(plainOf(own))) return;
  // Where none of several forms fits, the one that misses least says what is wrong.
  const [error] = [...(check.errors ?? [])].sort((a, b) => b.instancePath.length - a.instancePath.length);
  const unknown: unknown = error?.params['additionalProperty'];
  const place = `fields${(error?.instancePath ?? '').replaceAll('/', '.')}`;
  throw new CosmicError(
    'kind.malformed',
    typeof unknown === 'string'
      ? `${place}.${unknown}: unknown field`
      : `${place}: ${error?.message ?? 'does not fit'}`,
  );
}

function plainOf(json: JsonValue): unknown {
  if (Array.isArray(json)) return json.map(plainOf);
  if (!(json instanceof Map)) return json;
  return Object.fromEntries([...json].map(([key, value]) => [key, plainOf(value)]));
}

function textsOf(json: JsonValue | undefined, place: string): string[] | undefined {
  if (json === undefined) return undefined;
  if (Array.isArray(json) && json.every((item) => typeof item === 'string')) return json;
  throw new CosmicError('kind.malformed', `${place}: expected a list of texts`);
}

function refsOf(json: JsonValue | undefined, place: string): Ref[] {
  if (json === undefined) return [];
  const bad = new CosmicError('kind.malformed', `${place}: expected a list of {rel, id}`);
  if (!Array.isArray(json)) throw bad;
  return json.map((item) => {
    const [rel, id] = item instanceof Map ? [item.get('rel'), item.get('id')] : [];
    if (typeof rel !== 'string' || typeof id !== 'string') throw bad;
    return { rel, id };
  });
}

const words = (given: unknown): string[] =>
  given === undefined ? [] : (Array.isArray(given) ? given : [given]).map(String);

function refOf(text: string): Ref {
  const at = text.lastIndexOf(':');
  if (at <= 0) throw new UsageError(`${text}: write REL:ID`);
  return { rel: text.slice(0, at), id: text.slice(at + 1) };
}
