import type { JsonSchema } from '@cosmicembeddings/sdk/schema';
import type { Argv } from 'yargs';
import { UsageError } from '../output.js';

/** One field of an object that a JSON Schema describes, as a flag. */
export interface SchemaField {
  readonly name: string;
  readonly flag: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** Flags that every command has mean what they always mean; a field of such a name gets a longer one. */
const TAKEN = new Set([
  'node',
  'home',
  'key',
  'network',
  'embedder',
  'data',
  'token',
  'json',
  'help',
  'version',
  'body',
]);
const OWN = new Set(['tag', 'link', 'ref', 'prev', 'output', 'at', 'latitude', 'longitude', 'elevation', 'grid']);

/** The fields of an object, those of its alternatives too; required is what every alternative requires. */
export function fieldsOf(schema: JsonSchema): SchemaField[] {
  const alternatives = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])].map(fieldsOf);
  const required = new Set(Array.isArray(schema['required']) ? (schema['required'] as string[]) : []);
  const found = new Map<string, SchemaField>();
  const own = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);
  for (const [name, one] of own)
    found.set(name, { name, flag: flagOf(name), schema: one, required: required.has(name) });
  for (const part of listOf(schema['allOf']).flatMap(fieldsOf)) if (!found.has(part.name)) found.set(part.name, part);
  for (const part of alternatives.flat()) {
    if (found.has(part.name)) continue;
    const everywhere = alternatives.every((other) =>
      other.some(({ name, required: needed }) => name === part.name && needed),
    );
    found.set(part.name, { ...part, required: everywhere });
  }
  return [...found.values()];
}

function listOf(value: unknown): JsonSchema[] {
  return Array.isArray(value) ? (value as JsonSchema[]) : [];
}

function flagOf(name: string): string {
  return TAKEN.has(name) || OWN.has(name) ? `field-${name}` : name;
}

type Form = 'text' | 'integer' | 'number' | 'boolean' | 'cid' | 'bytes' | 'json';

function formOf(schema: JsonSchema): Form {
  if (schema['title'] === 'cid') return 'cid';
  if (schema['title'] === 'bytes') return 'bytes';
  const type = schema['type'];
  if (type === 'string') return 'text';
  if (type === 'integer' || type === 'number' || type === 'boolean') return type;
  const choices = schema['enum'];
  if (Array.isArray(choices) && choices.every((one) => typeof one === 'string')) return 'text';
  return 'json';
}

const shown: Readonly<Record<Form, string>> = {
  text: '',
  integer: 'whole number',
  number: 'number',
  boolean: '',
  cid: 'id',
  bytes: 'base64',
  json: 'JSON',
};

/** A flag for each field; a list takes its flag several times. */
export function schemaFlags<T>(yargs: Argv<T>, fields: readonly SchemaField[], demand: boolean): Argv<T> {
  for (const { flag, schema, required } of fields) {
    const item = itemOf(schema);
    const form = formOf(item ?? schema);
    const words = [schema['description'], shown[form], item === undefined ? '' : 'may be repeated'];
    const choices = (item ?? schema)['enum'];
    yargs.option(flag, {
      type: form === 'boolean' ? 'boolean' : 'string',
      describe: words.filter((word) => typeof word === 'string' && word !== '').join('; '),
      ...(item === undefined ? {} : { array: true, nargs: 1 }),
      ...(form === 'text' && Array.isArray(choices) ? { choices: choices as string[] } : {}),
      ...(demand && required ? { demandOption: true } : {}),
    });
  }
  return yargs;
}

/** Schema of a list's items, where each can be said in a word. */
function itemOf(schema: JsonSchema): JsonSchema | undefined {
  const item = schema['type'] === 'array' ? (schema['items'] as JsonSchema | undefined) : undefined;
  return item === undefined || formOf(item) === 'json' ? undefined : item;
}

/** The object that the flags say, in DAG-JSON. @throws UsageError that names the flag */
export function valuesOf(
  fields: readonly SchemaField[],
  args: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { name, flag, schema } of fields) {
    const given = args[flag];
    if (given === undefined) continue;
    const item = itemOf(schema);
    values[name] =
      item === undefined
        ? valueOf(flag, formOf(schema), given)
        : (Array.isArray(given) ? given : [given]).map((one) => valueOf(flag, formOf(item), one));
  }
  return values;
}

function valueOf(flag: string, form: Form, given: unknown): unknown {
  if (typeof given === 'boolean') return given;
  const text = String(given);
  switch (form) {
    case 'text':
      return text;
    case 'integer':
      if (!/^-?\d{1,16}$/.test(text)) throw new UsageError(`--${flag} ${text}: a whole number`);
      return Number(text);
    case 'number':
      if (text.trim() === '' || !Number.isFinite(Number(text))) throw new UsageError(`--${flag} ${text}: a number`);
      return Number(text);
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw new UsageError(`--${flag} ${text}: true or false`);
      return text === 'true';
    case 'cid':
      return { '/': text };
    case 'bytes':
      return { '/': { bytes: text.replace(/=+$/, '') } };
    case 'json':
      try {
        return JSON.parse(text);
      } catch {
        throw new UsageError(`--${flag}: not JSON: ${text.slice(0, 80)}`);
      }
  }
}
