import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonSchema } from '@cosmicembeddings/sdk/schema';

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
