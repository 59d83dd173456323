import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { CosmicError } from '@cosmicembeddings/sdk';
import { durationMsOf, sizeBytesOf, wholeOf, type JsonSchema } from '@cosmicembeddings/sdk/schema';

/** Texts get their types from the schema, one of several stands for a list; values have theirs, which are not bent. */
export type Given = 'texts' | 'values';

const compilers: Partial<Record<Given, Ajv2020>> = {};

/** A check of JSON Schema 2020-12; it fills in defaults. What it finds wrong stands in its `errors`. */
export function compileSchema(schema: JsonSchema, given: Given = 'values'): ValidateFunction {
  const compiler = (compilers[given] ??= new Ajv2020({
    coerceTypes: given === 'texts' ? 'array' : false,
    useDefaults: true,
    allErrors: false,
    // Schemas of plug-ins may carry words of other tools.
    strict: false,
    // To check a schema by the schema of schemas, and to make its code short, takes longer than all that most are asked.
    meta: false,
    validateSchema: false,
    code: { optimize: false },
    logger: false,
  }));
  return compiler.compile(schema);
}

/** One line: where, and what was expected. */
export function faultText(errors: readonly ErrorObject[] | null | undefined, root: string): string {
  const [error] = errors ?? [];
  if (error === undefined) return `${root}: not of its form`;
  const place = root + error.instancePath.replaceAll('/', '.');
  const unknown: unknown = error.params['additionalProperty'];
  if (typeof unknown === 'string') return `${place}: unknown field ${unknown.slice(0, 80)}`;
  const allowed: unknown = error.params['allowedValues'];
  return Array.isArray(allowed) ? `${place}: one of ${allowed.join(', ')}` : `${place}: ${error.message ?? 'wrong'}`;
}

/**
 * Schema of settings: besides JSON Schema, `unit` of a whole number takes it as a text too (30s, 64MiB), and `writeOnly` values
 * are never repeated.
 */
export interface SettingSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly unit?: 'ms' | 'bytes';
  readonly writeOnly?: boolean;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly items?: SettingSchema;
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SettingSchema | false;
}

/** By what of a schema is asked, as JSON. */
const checks = new Map<string, ValidateFunction>();

/**
 * Settings as their schema has them, defaults filled in. What is empty is not set. `given`: texts are of a command line, where
 * whole numbers are texts too. `value` stays as it is. @throws CosmicError config.malformed with the setting's path
 */
export function readSettings<T>(schema: SettingSchema, value: unknown, root = '', given: Given = 'values'): T {
  const set = readSet(schema, value ?? {}, root, given);
  const settings = withDefaults(schema, set);
  const asked = askedBy(schema, set);
  const key = JSON.stringify(asked);
  let check = checks.get(key);
  if (check === undefined) checks.set(key, (check = compileSchema(asked)));
  if (check(settings)) return settings as T;
  throw malformed(schema, settings, root, check.errors?.[0]);
}

/** The part of a schema that what is set is held to. A check of all settings takes 50 ms to make, and few are set. */
function askedBy(schema: SettingSchema, set: unknown): JsonSchema {
  const { properties } = schema;
  if (properties === undefined || !isObject(set)) return schema as unknown as JsonSchema;
  const asked = Object.entries(properties).map(([name, one]) => [
    name,
    set[name] === undefined ? {} : askedBy(one, set[name]),
  ]);
  return { ...schema, properties: Object.fromEntries(asked) } as unknown as JsonSchema;
}

/** What is not set has its default, and what that is has those inside it. */
function withDefaults(schema: SettingSchema, set: unknown): unknown {
  const { properties } = schema;
  if (properties === undefined || !isObject(set)) return set;
  const filled = { ...set };
  for (const [name, one] of Object.entries(properties)) {
    const value = filled[name] ?? structuredClone(one.default);
    if (value !== undefined) filled[name] = withDefaults(one, value);
  }
  return filled;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What of settings is set, quantities read, nothing else checked yet. @throws CosmicError config.malformed */
export function whatIsSet(schema: SettingSchema, value: object, given: Given): Readonly<Record<string, unknown>> {
  return readSet(schema, value, '', given) as Readonly<Record<string, unknown>>;
}

function readSet(schema: SettingSchema, value: unknown, path: string, given: Given): unknown {
  if (value === '' || value === null) return undefined;
  if (typeof value === 'string' && schema.type === 'integer') return numberOf(schema, value, path, given);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    return (value as unknown[]).flatMap((one, i) => readSet(items, one, `${path}.${i}`, given) ?? []);
  }
  if (typeof value !== 'object' || (schema.properties ?? schema.additionalProperties) === undefined) return value;
  return Object.fromEntries(
    Object.entries(value as object).flatMap(([key, one]) => {
      const inner = fieldOf(schema, key);
      const read = inner === undefined ? one : readSet(inner, one, path === '' ? key : `${path}.${key}`, given);
      return read === undefined ? [] : [[key, read]];
    }),
  );
}

function fieldOf({ properties = {}, additionalProperties }: SettingSchema, key: string): SettingSchema | undefined {
  return Object.hasOwn(properties, key) ? properties[key] : additionalProperties || undefined;
}

const QUANTITIES = {
  ms: { read: durationMsOf, says: 'whole milliseconds, or a duration such as 250ms, 90s, 12h or 7d' },
  bytes: { read: sizeBytesOf, says: 'whole bytes, or a size such as 500kB, 64MiB or 20GB' },
};

function numberOf({ unit }: SettingSchema, text: string, path: string, given: Given): number | string {
  const number = given === 'texts' ? wholeOf(text) : undefined;
  if (number !== undefined) return number;
  if (unit === undefined) return text;
  const read = QUANTITIES[unit].read(text);
  if (read === undefined) throw new CosmicError('config.malformed', `${path}: expected ${QUANTITIES[unit].says}`);
  return read;
}

function malformed(schema: SettingSchema, settings: unknown, root: string, error?: ErrorObject): CosmicError {
  const steps = (error?.instancePath ?? '')
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  let [inner, got, path]: [SettingSchema | undefined, unknown, string] = [schema, settings, root];
  for (const step of steps) {
    inner = inner?.items ?? (inner === undefined ? undefined : fieldOf(inner, step));
    got = (got as Readonly<Record<string, unknown>> | undefined)?.[step];
    path += (path === '' ? '' : '.') + step;
  }
  const where = path === '' ? '' : `${path}: `;
  const unknown: unknown = error?.params['additionalProperty'];
  if (typeof unknown === 'string') {
    const known = Object.keys(inner?.properties ?? {}).join(', ');
    const name = `${path === '' ? '' : `${path}.`}${unknown.slice(0, 80)}`;
    return new CosmicError('config.malformed', `${name}: unknown setting; known: ${known}`);
  }
  const allowed: unknown = error?.params['allowedValues'];
  const expected = Array.isArray(allowed) ? `one of ${allowed.join(', ')}` : expectation(inner, error);
  const shown =
    inner?.writeOnly === true || (typeof got === 'object' && got !== null) || error?.keyword === 'required'
      ? ''
      : `, got ${JSON.stringify(got)?.slice(0, 200)}`;
  return new CosmicError('config.malformed', `${where}expected ${expected}${shown}`);
}

function expectation(schema: SettingSchema | undefined, error?: ErrorObject): string {
  const missing: unknown = error?.params['missingProperty'];
  if (typeof missing === 'string') return `${missing} as well`;
  if (schema?.pattern !== undefined && error?.keyword === 'pattern') return schema.description ?? schema.pattern;
  switch (schema?.type) {
    case 'integer':
    case 'number': {
      const { minimum = -Infinity, maximum = Infinity, unit, type } = schema;
      const form = unit === undefined ? (type === 'integer' ? 'a whole number' : 'a number') : QUANTITIES[unit].says;
      if (minimum === -Infinity && maximum === Infinity) return form;
      return `${form}, ${maximum === Infinity ? `at least ${minimum}` : `in ${minimum}…${maximum}`}`;
    }
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'a text';
    case 'array':
      return 'a list';
    case 'object':
      return 'an object';
    default:
      return error?.message ?? 'something else';
  }
}
