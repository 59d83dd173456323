import { CosmicError } from '../errors.js';
import type { AnyWhere, Operators } from '../metadata/index.js';

type Value = string | number | readonly (string | number)[];

/** A condition of LlamaIndex.TS. */
export interface LlamaFilter {
  readonly key: string;
  readonly value?: Value;
  readonly operator: string;
}
export interface LlamaFilters {
  readonly filters: readonly LlamaFilter[];
  readonly condition?: 'and' | 'or';
}

/**
 * The same in our language, with the meaning of LlamaIndex's own store in memory: a key that is missing meets `is_empty`
 * alone, `!=` and `nin` included. An empty list is not empty here: nothing asks for it.
 * @throws CosmicError filter.unsupported: `text_match`, which looks inside of texts of metadata
 */
export function whereOf({ filters, condition = 'and' }: LlamaFilters): AnyWhere {
  const all = filters.map(one);
  if (all.length === 0) return condition === 'or' ? { '#id': { $in: [] } } : {};
  return condition === 'or' ? { $or: all } : { $and: all };
}

function one({ key, value, operator }: LlamaFilter): AnyWhere {
  switch (operator) {
    case '==':
      return scalar(key, { $eq: single(value, key) });
    case '!=':
      return { $and: [{ [key]: { $exists: true } }, { $not: scalar(key, { $eq: single(value, key) }) }] };
    case '>':
      return scalar(key, { $gt: single(value, key) });
    case '>=':
      return scalar(key, { $gte: single(value, key) });
    case '<':
      return scalar(key, { $lt: single(value, key) });
    case '<=':
      return scalar(key, { $lte: single(value, key) });
    case 'in':
      return scalar(key, { $in: many(value, key) });
    case 'nin':
      return { $and: [{ [key]: { $exists: true } }, { $not: scalar(key, { $in: many(value, key) }) }] };
    case 'any':
      return { [key]: { $type: 'list', $in: many(value, key) } };
    case 'all':
      return {
        $and: [{ [key]: { $type: 'list' } }, ...many(value, key).map((each) => ({ [key]: { $contains: each } }))],
      };
    case 'contains':
      return { [key]: { $contains: single(value, key) } };
    case 'is_empty':
      return { $or: [{ [key]: { $exists: false } }, { [key]: null }, { [key]: '' }] };
    default:
      throw new CosmicError('filter.unsupported', `${operator} of LlamaIndex, on ${key}`);
  }
}

const single = (value: Value | undefined, key: string): string | number => {
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new CosmicError('filter.malformed', `${key}: expected a text or a number`);
};
const many = (value: Value | undefined, key: string): readonly (string | number)[] => {
  if (typeof value === 'object') return value;
  throw new CosmicError('filter.malformed', `${key}: expected a list`);
};

/** A list is not what one of its elements is. */
function scalar(key: string, operators: Operators): AnyWhere {
  return { $and: [{ [key]: operators }, { $not: { [key]: { $type: 'list' } } }] };
}
