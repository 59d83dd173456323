import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromHex, toHex } from '../../src/bytes.js';
import { decode, encode, type Value } from '../../src/codec/index.js';
import { CosmicError } from '../../src/errors.js';
import { limits } from '../../src/limits.js';
import { fractionOf } from '../../src/metadata/number.js';
import {
  decodeMetadata,
  encodeMetadata,
  matches,
  metadataFault,
  readWhere,
  type Condition,
  type Metadata,
} from '../../src/metadata/index.js';
import { root } from '../shared-data.ts';

interface Vectors {
  readonly values: readonly { json: Metadata; hex: string }[];
  readonly numbers: { readonly valid: readonly string[]; readonly invalid: readonly string[] };
  readonly invalid: readonly { why: string; json: unknown }[];
  readonly rows: readonly Metadata[];
  readonly where: readonly { where: unknown; pass: readonly number[] }[];
  readonly refused: readonly { where: unknown; code: string }[];
}
const vectors = JSON.parse(readFileSync(join(root, 'specs/vectors/metadata.json'), 'utf8')) as Vectors;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CosmicError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

describe('values', () => {
  test.each(vectors.values.map((one) => [JSON.stringify(one.json), one] as const))('%s', (_, { json, hex }) => {
    expect(toHex(encode(encodeMetadata(json)))).toBe(hex);
    expect(decodeMetadata(decode(fromHex(hex)))).toEqual(json);
  });

  test.each(vectors.invalid.map((one) => [one.why, one.json] as const))('refused: %s', (_, json) => {
    expect(metadataFault(json)).toEqual(expect.any(String));
    expect(codeOf(() => encodeMetadata(json as Metadata))).toBe('kind.malformed');
  });

  test('a fraction has one text', () => {
    for (const text of vectors.numbers.valid) expect(fractionOf(text)).toBe(Number(text));
    for (const text of vectors.numbers.invalid) expect([text, fractionOf(text)]).toEqual([text, undefined]);
  });

  test('whatever passes comes back as it went, -0 as 0, in one form', () => {
    const scalar = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
    );
    const value = fc.oneof(scalar, fc.constant(null), fc.array(scalar, { maxLength: 5 }));
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), value, { maxKeys: 8 }), (metadata) => {
        if (metadataFault(metadata) !== undefined) return;
        const bytes = encode(encodeMetadata(metadata));
        const back = decodeMetadata(decode(bytes)) as Metadata;
        const plain = (x: unknown): unknown => (Array.isArray(x) ? x.map(plain) : typeof x === 'number' ? x + 0 : x);
        expect(Object.keys(back).sort()).toEqual(Object.keys(metadata).sort());
        for (const key of Object.keys(metadata)) expect(back[key]).toEqual(plain(metadata[key]));
        expect(encode(encodeMetadata(back))).toEqual(bytes);
      }),
    );
  });

  test('bounds, from inside and from outside', () => {
    const keys = (n: number): Metadata => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i]));
    expect(metadataFault(keys(limits.metadataKeysMax))).toBeUndefined();
    expect(metadataFault(keys(limits.metadataKeysMax + 1))).toMatch('65 keys');
    expect(metadataFault({ a: 'x'.repeat(limits.metadataTextMaxBytes) })).toBeUndefined();
    expect(metadataFault({ a: 'ß'.repeat(limits.metadataTextMaxBytes / 2) + 'x' })).toMatch('4096 bytes');
    expect(metadataFault({ a: Array<number>(limits.metadataListMax).fill(1) })).toBeUndefined();
    expect(metadataFault({ a: Array<number>(limits.metadataListMax + 1).fill(1) })).toMatch('65 items');
    const texts = (n: number): Metadata =>
      Object.fromEntries(Array.from({ length: n }, (_, i) => [String(i), 'x'.repeat(4000)]));
    expect(metadataFault(texts(4))).toBeUndefined();
    expect(metadataFault(texts(5))).toMatch('16384 a row');
  });

  test.each([
    ['a fraction as text', 'a16161633 02e35'],
    ['an integer in the map of fractions', 'a16161a1616e6131'],
    ['another key', 'a16161a1616d63302e35'],
    ['bytes', 'a161614101'],
  ])('decoded: %s', (why, hex) => {
    const decoded = decodeMetadata(decode(fromHex(hex.replace(' ', ''))));
    if (why === 'a fraction as text') expect(decoded).toEqual({ a: '0.5' });
    else expect(decoded).toEqual(expect.stringContaining('metadata.a'));
  });
});

describe('where', () => {
  test.each(vectors.where.map((one) => [JSON.stringify(one.where), one] as const))('%s', (_, { where, pass }) => {
    const condition = readWhere(where);
    const passed = vectors.rows.flatMap((metadata, i) => (matches(condition, { metadata, facts: {} }) ? [i + 1] : []));
    expect(passed).toEqual(pass);
  });

  test.each(vectors.refused.map((one) => [JSON.stringify(one.where), one] as const))('%s', (_, { where, code }) => {
    expect(codeOf(() => readWhere(where))).toBe(code);
  });

  test('facts of the row, and its text', () => {
    const row = { facts: { '#author': 'did:key:z', '#tag': ['a', 'b'], '#time': 5, '#text': 'The kiln is hot.' } };
    const passes = (where: unknown): boolean => matches(readWhere(where), row);
    expect(passes({ '#author': 'did:key:z', '#tag': 'b', '#time': { $gte: 5 } })).toBe(true);
    expect(passes({ '#tag': { $contains: 'c' } })).toBe(false);
    expect(passes({ '#text': { $contains: 'kiln' } })).toBe(true);
    expect(passes({ '#text': { $not_contains: 'kiln' } })).toBe(false);
    expect(passes({ '#origin': { $exists: true } })).toBe(false);
  });

  test('bounds', () => {
    const deep = (n: number): unknown => (n === 0 ? { a: 1 } : { $not: deep(n - 1) });
    expect(codeOf(() => readWhere(deep(limits.whereDepthMax - 1)))).toBe('nothing thrown');
    expect(codeOf(() => readWhere(deep(limits.whereDepthMax)))).toBe('filter.malformed');
    const wide = (n: number): unknown => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i]));
    expect(codeOf(() => readWhere(wide(64)))).toBe('nothing thrown');
    expect(codeOf(() => readWhere(wide(65)))).toBe('filter.malformed');
    const values = (n: number): unknown => ({ a: { $in: Array.from({ length: n }, (_, i) => i) } });
    expect(codeOf(() => readWhere(values(1000)))).toBe('nothing thrown');
    expect(codeOf(() => readWhere(values(1001)))).toBe('filter.malformed');
    expect(codeOf(() => readWhere({ a: 'x'.repeat(70_000) }))).toBe('filter.malformed');
  });

  test('total over anything, and a negation is the exact complement', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (any) => {
        expect(['nothing thrown', 'filter.malformed', 'filter.unsupported']).toContain(codeOf(() => readWhere(any)));
      }),
    );
    const operand = fc.oneof(
      fc.constantFrom<unknown>(0, 1, '1', 'a', true, null, 0.5),
      fc.integer({ max: 3, min: -1 }),
    );
    const test_ = fc.oneof(
      operand,
      fc.record({ $gt: fc.constantFrom<unknown>(0, '0') }),
      fc.record({ $in: fc.array(operand, { maxLength: 3 }) }),
      fc.record({ $exists: fc.boolean() }),
      fc.record({ $contains: fc.constantFrom<unknown>(1, 'a', true) }),
    );
    const { where } = fc.letrec<{ where: unknown }>((tie) => ({
      where: fc.oneof(
        { maxDepth: 3 },
        fc.dictionary(fc.constantFrom('a', 'b'), test_, { maxKeys: 2 }),
        fc.record({ $not: tie('where') }),
        fc.record({ $or: fc.array(tie('where'), { minLength: 1, maxLength: 3 }) }),
      ),
    }));
    fc.assert(
      fc.property(where, (given) => {
        let condition: Condition;
        try {
          condition = readWhere(given);
        } catch {
          return;
        }
        for (const metadata of vectors.rows) {
          const row = { metadata, facts: {} };
          expect(matches({ node: 'not', of: condition }, row)).toBe(!matches(condition, row));
        }
      }),
    );
  });
});

test('what a body carries is a Value', () => {
  const field: Value = encodeMetadata({ a: [1.5, 2] });
  expect(field).toEqual({ a: [{ n: '1.5' }, 2] });
});
