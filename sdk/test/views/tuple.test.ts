import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareBytes } from '../../src/bytes.js';
import { blockId } from '../../src/testing/index.js';
import { afterPrefix, decodeTuple, encodeTuple, type KeyPart } from '../../src/views/index.js';

const part = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n }),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array({ maxLength: 20 }),
  fc.string().map(blockId),
);
const parts = fc.array(part as fc.Arbitrary<KeyPart>, { maxLength: 5 });

/** Small integers come back as numbers, whatever they went in as. */
const plain = (value: KeyPart): KeyPart =>
  typeof value === 'bigint' && value === BigInt(Number(value)) && Number.isSafeInteger(Number(value))
    ? Number(value)
    : value;

test('tuples come back as they went in', () => {
  fc.assert(fc.property(parts, (list) => expect(decodeTuple(encodeTuple(list))).toEqual(list.map(plain))));
});

test('bytes are ordered as the values are', () => {
  const order = <T extends KeyPart>(of: fc.Arbitrary<T>, compare: (a: T, b: T) => number): void =>
    fc.assert(
      fc.property(of, of, parts, (a, b, rest) => {
        const difference = compareBytes(encodeTuple([a, ...rest]), encodeTuple([b, ...rest]));
        expect(Math.sign(difference)).toBe(Math.sign(compare(a, b)));
      }),
    );
  order(fc.maxSafeInteger(), (a, b) => (a < b ? -1 : a > b ? 1 : 0));
  order(fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n }), (a, b) => (a < b ? -1 : a > b ? 1 : 0));
  order(fc.uint8Array({ maxLength: 6 }), compareBytes);
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
  order(fc.string({ unit: 'grapheme', maxLength: 6 }), (a, b) => compareBytes(utf8(a), utf8(b)));
});

test('a prefix covers what begins with it, and nothing else', () => {
  fc.assert(
    fc.property(parts, part, parts, (list, next, rest) => {
      const prefix = encodeTuple(list);
      const inside = encodeTuple([...list, next as KeyPart, ...rest]);
      const end = afterPrefix(prefix);
      expect(compareBytes(prefix, inside)).toBeLessThan(0);
      if (end !== undefined) expect(compareBytes(inside, end)).toBeLessThan(0);
    }),
  );
});

test('what no key can hold is refused', () => {
  expect(() => encodeTuple([0.5])).toThrow(/safe integer/);
  expect(() => encodeTuple([2n ** 200n])).toThrow(/bytes/);
});
