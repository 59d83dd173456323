import type { AnyWhere } from '@cosmicembeddings/sdk/metadata';
import { invalid } from './refusal.js';

type Given = Readonly<Record<string, unknown>>;

/** Chroma's `where` as ours. There a list equals nothing, here any of its elements does: so lists are left out by hand. */
export function whereOf(given: unknown): AnyWhere | undefined {
  if (given === undefined || given === null) return undefined;
  if (!isObject(given)) throw invalid('where: expected an object');
  const entries = Object.entries(given);
  if (entries.length === 0) return undefined;
  const all = entries.map(([key, value]) => entryOf(key, value));
  return all.length === 1 ? all[0]! : { $and: all };
}

function entryOf(key: string, value: unknown): AnyWhere {
  if (key === '$and' || key === '$or') {
    if (!Array.isArray(value)) throw invalid(`where.${key}: expected a list`);
    const inner = value.map((one) => whereOf(one)).filter((one) => one !== undefined);
    return { [key]: inner };
  }
  if (key.startsWith('$') || key.startsWith('#')) throw invalid(`where: there is no ${key} here`);
  if (!isObject(value)) return noList(key, { $eq: value });
  const operators = Object.entries(value);
  if (operators.length !== 1) throw invalid(`where.${key}: expected one operator`);
  const [[operator = '', operand] = []] = operators;
  switch (operator) {
    case '$eq':
    case '$in':
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return noList(key, value);
    case '$ne':
      return { $not: noList(key, { $eq: operand }) };
    case '$nin':
      return { $not: noList(key, { $in: operand }) };
    case '$contains':
    case '$not_contains':
      return { [key]: value } as AnyWhere;
    default:
      throw invalid(`where.${key}: there is no operator ${operator} here`);
  }
}

function noList(key: string, test: Given): AnyWhere {
  return { $and: [{ [key]: test } as AnyWhere, { $not: { [key]: { $type: 'list' } } }] };
}

/** Chroma's `where_document`, asked of a document's text. */
export function documentTest(given: unknown): ((text: string) => boolean) | undefined {
  if (given === undefined || given === null) return undefined;
  if (!isObject(given)) throw invalid('where_document: expected an object');
  const tests = Object.entries(given).map(([operator, value]): ((text: string) => boolean) => {
    if (operator === '$and' || operator === '$or') {
      if (!Array.isArray(value)) throw invalid(`where_document.${operator}: expected a list`);
      const inner = value.map((one) => documentTest(one) ?? (() => true));
      return operator === '$and'
        ? (text) => inner.every((test) => test(text))
        : (text) => inner.some((test) => test(text));
    }
    if (typeof value !== 'string') throw invalid(`where_document.${operator}: expected text`);
    if (operator === '$contains') return (text) => text.includes(value);
    if (operator === '$not_contains') return (text) => !text.includes(value);
    throw invalid(`where_document: there is no operator ${operator} here`);
  });
  return tests.length === 0 ? undefined : (text) => tests.every((test) => test(text));
}

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
