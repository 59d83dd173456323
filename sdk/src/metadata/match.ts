import { compareBytes, utf8 } from '../bytes.js';
import type { Metadata, MetadataValue, Scalar } from './value.js';
import type { Condition, Operand, RowFact, Test } from './where.js';

/** One value of a row, or of the whole block where `row` is −1; keys with `#` are facts that are not metadata. */
export interface Fact {
  readonly row: number;
  readonly key: string;
  readonly value: MetadataValue;
}

/** What a `where` is asked about: one row's metadata and the facts around it. */
export interface RowFacts {
  readonly metadata?: Metadata | undefined;
  readonly facts: Readonly<Partial<Record<RowFact, MetadataValue>>>;
}

/**
 * Whether a row passes. Two-valued: `$not` is an exact complement. Types never convert; a missing key fails every positive
 * test and so passes every negative one.
 */
export function matches(condition: Condition, row: RowFacts): boolean {
  switch (condition.node) {
    case 'and':
      return condition.of.every((one) => matches(one, row));
    case 'or':
      return condition.of.some((one) => matches(one, row));
    case 'not':
      return !matches(condition.of, row);
    case 'key':
      return passes(valueAt(row, condition.key), condition.test, condition.key === '#text');
  }
}

function valueAt(row: RowFacts, key: string): MetadataValue | undefined {
  const values: Readonly<Record<string, MetadataValue>> = key.startsWith('#')
    ? (row.facts as Readonly<Record<string, MetadataValue>>)
    : (row.metadata ?? {});
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

function passes(value: MetadataValue | undefined, test: Test, isText: boolean): boolean {
  if (value === undefined) return false;
  switch (test.test) {
    case 'exists':
      return true;
    case 'type':
      return typeOf(value) === test.type;
    case 'contains':
      if (isText) return holdsText(value, String(test.value));
      return isList(value) && value.some((item) => item === test.value);
    case 'eq':
      return isList(value) ? value.some((item) => test.values.includes(item)) : test.values.includes(value as Operand);
    default:
      return isList(value)
        ? value.some((item) => inOrder(item, test.test, test.than))
        : inOrder(value as Operand, test.test, test.than);
  }
}

/** A block without rows may carry several texts. Character by character: case and accents count. */
function holdsText(value: MetadataValue, part: string): boolean {
  return (isList(value) ? value : [value]).some((text) => typeof text === 'string' && text.includes(part));
}

function inOrder(value: Operand, test: 'gt' | 'gte' | 'lt' | 'lte', than: string | number): boolean {
  const order =
    typeof value === 'number' && typeof than === 'number'
      ? value - than
      : typeof value === 'string' && typeof than === 'string'
        ? compareBytes(utf8(value), utf8(than))
        : undefined;
  if (order === undefined) return false;
  if (test === 'gt') return order > 0;
  if (test === 'gte') return order >= 0;
  return test === 'lt' ? order < 0 : order <= 0;
}

function isList(value: MetadataValue): value is readonly Scalar[] {
  return Array.isArray(value);
}

function typeOf(value: MetadataValue): string {
  if (value === null) return 'null';
  if (isList(value)) return 'list';
  return typeof value === 'string' ? 'text' : typeof value;
}
