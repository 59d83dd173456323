import type { Condition } from '@cosmicembeddings/sdk/metadata';
import { COLUMNS, columnPart, postings, textOf, type KeyCondition, type LookUp, type Part } from './facts.js';
import type { LabelBits, RowSource } from './label-bits.js';

const FACT_ROWS: RowSource = {
  columns: 'b.first_label + max(f.row, 0) AS first_label, CASE WHEN f.row < 0 THEN b.row_count ELSE 1 END AS row_count',
  before: 'facts f CROSS JOIN ',
  after: ' JOIN facts f ON f.block = b.id',
};

/**
 * Labels of the rows that pass. Each test is a bitset that an index answers and that is kept and brought up to date; they are
 * joined bit by bit, so that a complement costs no walk over the rows.
 */
export function rowsPassing(condition: Condition, bits: LabelBits, lookUp: LookUp): Uint8Array {
  switch (condition.node) {
    case 'and':
      return condition.of.reduce((passing, one) => both(passing, rowsPassing(one, bits, lookUp)), bits.of('', []));
    case 'or':
      return condition.of.map((one) => rowsPassing(one, bits, lookUp)).reduce(either);
    case 'not':
      return without(bits.of('', []), rowsPassing(condition.of, bits, lookUp));
    case 'key':
      return rowsOf(condition, bits, lookUp);
  }
}

function rowsOf(condition: KeyCondition, bits: LabelBits, lookUp: LookUp): Uint8Array {
  const { key, test } = condition;
  const { nameId } = lookUp;
  if (key === '#text') return lookUp.holding(textOf(condition)).bits;
  if (COLUMNS.has(key)) {
    const [sql, ...values] = columnPart(key, test, nameId);
    return bits.of(` AND ${sql}`, values);
  }
  const withFact = ([sql, ...values]: Part): Uint8Array =>
    bits.of(` AND f.key = ? AND ${sql}`, [nameId(key), ...values], FACT_ROWS);
  const found = withFact(postings(test));
  const lists = (): Uint8Array => withFact(postings({ test: 'type', type: 'list' }));
  if (test.test === 'contains') return both(found, lists());
  return test.test === 'type' && test.type !== 'list' ? without(found, lists()) : found;
}

/** What is in both. */
export function both(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = a.slice(0, Math.min(a.length, b.length));
  for (let i = 0; i < out.length; i++) out[i]! &= b[i]!;
  return out;
}

/** The first `n` bits. */
export function firstBits(bits: Uint8Array, n: number): Uint8Array {
  const out = bits.slice(0, Math.ceil(n / 8));
  if (out.length * 8 > n) out[out.length - 1]! &= 0xff >> (8 - (n & 7));
  return out;
}

function either(a: Uint8Array, b: Uint8Array): Uint8Array {
  const [longer, shorter] = a.length >= b.length ? [a, b] : [b, a];
  const out = longer.slice();
  for (let i = 0; i < shorter.length; i++) out[i]! |= shorter[i]!;
  return out;
}

function without(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = a.slice();
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) out[i]! &= ~b[i]!;
  return out;
}
