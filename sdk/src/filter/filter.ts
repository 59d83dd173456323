import { CosmicError } from '../errors.js';
import type { JsonSchema } from '../schema/index.js';
import type { Field } from './field.js';
import { filterFields, type Filter, type FilterField } from './fields.js';
import type { Test } from './test.js';

export const fields = Object.entries(filterFields) as unknown as readonly (readonly [FilterField, Field<unknown>])[];

/** Schema of a filter as JSON. */
export const filterSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(fields.map(([key, { schema, says }]) => [key, { ...schema, description: says }])),
};

/** Schemas of a filter's texts in a query string, by their names. */
export const filterTexts: Readonly<Record<string, JsonSchema>> = Object.fromEntries(
  fields.map(([, { name, texts, says }]) => [name, { ...texts, description: says }]),
);

/**
 * Takes a filter from outside: closed, bounded, in its one spelling.
 * @throws CosmicError request.malformed with the field's name
 */
export function readFilter(value: unknown): Filter {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed('filter', 'expected an object');
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(filterFields, key));
  if (unknown !== undefined) throw malformed('filter', `unknown field ${unknown.slice(0, 80)}`);
  const given = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    fields.flatMap(([key, field]) => {
      if (given[key] === undefined) return [];
      const read = field.read(given[key]);
      if (typeof read === 'string') throw malformed(`filter.${key}`, read);
      return [[key, read.value]];
    }),
  );
}

/** As `readFilter`, of texts by name: a query string's or a command line's. Other names are left alone. */
export function filterOfTexts(given: Readonly<Record<string, unknown>>): Filter {
  const json: Partial<Record<FilterField, unknown>> = {};
  for (const [key, field] of fields) {
    const value = given[field.name];
    if (value !== undefined) json[key] = field.ofTexts((Array.isArray(value) ? value : [value]).map(String));
  }
  try {
    return readFilter(json);
  } catch (error) {
    if (!(error instanceof CosmicError)) throw error;
    // Named as it was written: --tag, not tagsAll.
    const named = fields.find(([key]) => error.detail.startsWith(`filter.${key}:`));
    if (named === undefined) throw error;
    throw malformed(named[1].name, error.detail.slice(`filter.${named[0]}: `.length));
  }
}

/** The texts of a filter by name; an empty list of alternatives cannot be said in them, and is refused. */
export function textsOfFilter(filter: Filter): [name: string, text: string][] {
  return fields.flatMap(([key, field]) => {
    const value = filter[key];
    if (value === undefined) return [];
    const texts = field.toTexts(value);
    if (texts.length === 0) throw malformed(field.name, 'an empty list cannot be said in texts');
    return texts.map((text): [string, string] => [field.name, text]);
  });
}

/** What a filter asks of a block. @throws CosmicError request.malformed */
export function testsOf(filter: Filter): readonly Test[] {
  const read = readFilter(filter);
  return fields.flatMap(([key, field]) => (read[key] === undefined ? [] : field.tests(read[key])));
}

function malformed(place: string, detail: string): CosmicError {
  return new CosmicError('request.malformed', `${place}: ${detail}`);
}
