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

/** Chroma's `where_document` as ours: what a text holds. */
export function documentWhereOf(given: unknown): AnyWhere | undefined {
  if (given === undefined || given === null) return undefined;
  if (!isObject(given)) throw invalid('where_document: expected an object');
  const all = Object.entries(given).map(([operator, value]): AnyWhere => {
    if (operator === '$and' || operator === '$or') {
      if (!Array.isArray(value)) throw invalid(`where_document.${operator}: expected a list`);
      return { [operator]: value.map(documentWhereOf).filter((one) => one !== undefined) };
    }
    if (operator !== '$contains' && operator !== '$not_contains')
      throw invalid(`where_document: there is no operator ${operator} here`);
    if (typeof value !== 'string') throw invalid(`where_document.${operator}: expected text`);
    return { '#text': { [operator]: value } };
  });
  return all.length === 0 ? undefined : all.length === 1 ? all[0]! : { $and: all };
}

/** What is asked of metadata and of texts, together. */
export function bothOf(where: unknown, document: unknown): AnyWhere | undefined {
  const all = [whereOf(where), documentWhereOf(document)].filter((one) => one !== undefined);
  return all.length === 2 ? { $and: all } : all[0];
}

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
