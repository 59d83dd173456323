import { isMap, type Value } from '../codec/value.js';
import { CosmicError } from '../errors.js';
import { limits } from '../limits.js';
import { LONE_SURROGATE, type Metadata, type Scalar } from './value.js';

/** Facts of a row that are not its metadata: `#` in front tells them from the author's keys. */
export const rowFacts = [
  '#id',
  '#origin',
  '#collection',
  '#author',
  '#kind',
  '#tag',
  '#language',
  '#time',
  '#text',
] as const;
export type RowFact = (typeof rowFacts)[number];

export type Operand = Scalar | null;
type Ordered = string | number;

/** The operators that may stand under a key; all given ones hold. */
export interface Operators<T extends Operand = Operand> {
  readonly $eq?: T;
  readonly $ne?: T;
  readonly $gt?: Ordered;
  readonly $gte?: Ordered;
  readonly $lt?: Ordered;
  readonly $lte?: Ordered;
  readonly $in?: readonly T[];
  readonly $nin?: readonly T[];
  readonly $contains?: Scalar;
  readonly $not_contains?: Scalar;
  readonly $exists?: boolean;
  readonly $type?: 'text' | 'number' | 'boolean' | 'null' | 'list';
}

/** A filter over metadata and row facts: the operators of Chroma and LangChain (specs/kinds/metadata.md). */
export type Where<M extends Metadata = Metadata> = string extends keyof M ? AnyWhere : WhereOf<M>;

export interface AnyWhere {
  readonly [key: string]: Operand | Operators | AnyWhere | readonly AnyWhere[];
}

/** Where the keys of the metadata are known, others do not compile. */
type WhereOf<M extends Metadata> = { readonly [K in (keyof M & string) | RowFact]?: Operand | Operators } & {
  readonly $and?: readonly WhereOf<M>[];
  readonly $or?: readonly WhereOf<M>[];
  readonly $not?: WhereOf<M>;
};

/** One test of one key: what `where` is made of once it has been read. Negatives are exact complements of these. */
export type Test =
  | { readonly test: 'eq'; readonly values: readonly Operand[] }
  | { readonly test: 'gt' | 'gte' | 'lt' | 'lte'; readonly than: Ordered }
  | { readonly test: 'contains'; readonly value: Scalar }
  | { readonly test: 'exists' }
  | { readonly test: 'type'; readonly type: NonNullable<Operators['$type']> };

/** A `where` that was read: closed, bounded, without sugar. */
export type Condition =
  | { readonly node: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly node: 'not'; readonly of: Condition }
  | { readonly node: 'key'; readonly key: string; readonly test: Test };

const unsupported = (detail: string): CosmicError => new CosmicError('filter.unsupported', detail);
const malformed = (detail: string): CosmicError => new CosmicError('filter.malformed', detail);

/**
 * Reads a `where` as it came from outside.
 * @throws CosmicError filter.unsupported (an operator or `#` name that does not exist), filter.malformed (wrong form, or
 *   over 8 levels, 64 conditions, 16 of them on `#text`, 1,000 values of `$in`, 64 KiB)
 */
export function readWhere(where: unknown): Condition {
  const budget = { conditions: 0, texts: 0, bytes: 0 };
  return readNode(where, 'where', 1, budget);
}

interface Budget {
  conditions: number;
  texts: number;
  bytes: number;
}

function readNode(where: unknown, path: string, depth: number, budget: Budget): Condition {
  if (!isMap(where)) throw malformed(`${path}: expected an object`);
  if (depth > limits.whereDepthMax) throw malformed(`${path}: nested deeper than ${limits.whereDepthMax}`);
  const all: Condition[] = [];
  for (const key of Object.keys(where)) {
    const value = where[key];
    const at = `${path}.${key.slice(0, 80)}`;
    if (key === '$and' || key === '$or') {
      if (!Array.isArray(value) || value.length === 0 || value.length > limits.whereConditionsMax)
        throw malformed(`${at}: expected a list of 1 to ${limits.whereConditionsMax} objects`);
      const of = value.map((item, i) => readNode(item, `${at}[${i}]`, depth + 1, budget));
      all.push({ node: key === '$and' ? 'and' : 'or', of });
    } else if (key === '$not') all.push({ node: 'not', of: readNode(value, at, depth + 1, budget) });
    else if (key.startsWith('$')) throw unsupported(`${at}: there is no operator ${key.slice(0, 80)} here`);
    else if (key.startsWith('#') && !rowFacts.includes(key as RowFact))
      throw unsupported(`${at}: known are ${rowFacts.join(', ')}`);
    else all.push(...readKey(key, value, at, budget));
  }
  return all.length === 1 ? all[0]! : { node: 'and', of: all };
}

function readKey(key: string, value: Value | undefined, path: string, budget: Budget): Condition[] {
  const tests = isMap(value)
    ? Object.keys(value).map((operator) => readOperator(operator, value[operator], `${path}.${operator}`))
    : [yes({ test: 'eq', values: [operand(value, path)] })];
  if (tests.length === 0) throw malformed(`${path}: expected a value or at least one operator`);
  if (key === '#text') for (const { test } of tests) checkText(test, path);
  if (key === '#text') budget.texts += tests.length;
  if (budget.texts > limits.whereTextsMax)
    throw malformed(`${path}: more than ${limits.whereTextsMax} conditions on #text`);
  budget.conditions += tests.length;
  if (budget.conditions > limits.whereConditionsMax)
    throw malformed(`${path}: more than ${limits.whereConditionsMax} conditions`);
  budget.bytes += key.length + JSON.stringify(value).length;
  if (budget.bytes > limits.whereMaxBytes) throw malformed(`${path}: more than ${limits.whereMaxBytes} bytes`);
  return tests.map(({ test, negated }): Condition => {
    const condition: Condition = { node: 'key', key, test };
    return negated ? { node: 'not', of: condition } : condition;
  });
}

/** Texts are looked through, not indexed whole: all that can be asked is what they contain. */
function checkText(test: Test, path: string): void {
  if (test.test !== 'contains') throw unsupported(`${path}: only $contains and $not_contains can be asked of #text`);
  if (typeof test.value !== 'string' || test.value === '') throw malformed(`${path}: expected at least one character`);
}

/** The texts that a condition asks for by `#text`, each once. */
export function textsAsked(condition: Condition): string[] {
  switch (condition.node) {
    case 'and':
    case 'or':
      return [...new Set(condition.of.flatMap(textsAsked))];
    case 'not':
      return textsAsked(condition.of);
    case 'key':
      return condition.key === '#text' && condition.test.test === 'contains' ? [String(condition.test.value)] : [];
  }
}

interface ReadTest {
  readonly test: Test;
  readonly negated: boolean;
}
const yes = (test: Test): ReadTest => ({ test, negated: false });
const no = (test: Test): ReadTest => ({ test, negated: true });
const types = ['text', 'number', 'boolean', 'null', 'list'] as const;

function readOperator(operator: string, value: Value | undefined, path: string): ReadTest {
  switch (operator) {
    case '$eq':
      return yes({ test: 'eq', values: [operand(value, path)] });
    case '$ne':
      return no({ test: 'eq', values: [operand(value, path)] });
    case '$in':
      return yes({ test: 'eq', values: operands(value, path) });
    case '$nin':
      return no({ test: 'eq', values: operands(value, path) });
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte': {
      const than = operand(value, path);
      if (typeof than !== 'string' && typeof than !== 'number') throw malformed(`${path}: expected a number or text`);
      return yes({ test: operator.slice(1) as 'gt' | 'gte' | 'lt' | 'lte', than });
    }
    case '$contains':
    case '$not_contains': {
      const item = operand(value, path);
      if (item === null) throw malformed(`${path}: expected text, a number, true or false`);
      const test: Test = { test: 'contains', value: item };
      return operator === '$contains' ? yes(test) : no(test);
    }
    case '$exists':
      if (typeof value !== 'boolean') throw malformed(`${path}: expected true or false`);
      return value ? yes({ test: 'exists' }) : no({ test: 'exists' });
    case '$type': {
      const type = types.find((name) => name === value);
      if (type === undefined) throw malformed(`${path}: expected one of ${types.join(', ')}`);
      return yes({ test: 'type', type });
    }
    default:
      throw unsupported(`${path}: there is no operator ${operator.slice(0, 80)} here`);
  }
}

function operand(value: Value | undefined, path: string): Operand {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string' && !LONE_SURROGATE.test(value)) return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  throw malformed(`${path}: expected text, a finite number, true, false or null`);
}

function operands(value: Value | undefined, path: string): Operand[] {
  if (!Array.isArray(value) || value.length > limits.whereValuesMax)
    throw malformed(`${path}: expected a list of at most ${limits.whereValuesMax} values`);
  return (value as readonly Value[]).map((item, i) => operand(item, `${path}[${i}]`));
}
