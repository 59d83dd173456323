import { expect, test } from '@jest/globals';
import * as dagCbor from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import fc from 'fast-check';
import {
  Cid,
  compareKeys,
  decode,
  encode,
  integerUnder,
  parseCid,
  valueUnder,
  type Value,
} from '../../src/codec/index.js';
import { fromBase64, fromHex, toBase64, toHex } from '../../src/bytes.js';

const leaf = fc.oneof(
  fc.maxSafeInteger(),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array({ maxLength: 40 }),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(
      fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 6, noNullPrototype: true },
    ),
  ),
}));

test('encodes as @ipld/dag-cbor does, and decoding gives the value back', () => {
  fc.assert(
    fc.property(value, (v) => {
      const bytes = encode(v);
      expect(toHex(bytes)).toBe(toHex(dagCbor.encode(v)));
      expect(toHex(encode(decode(bytes)))).toBe(toHex(bytes));
    }),
    { numRuns: 500 },
  );
});

test('a value is found by skipping over the others, as decoding finds it', () => {
  const map = fc.dictionary(fc.stringMatching(/^[a-z]{1,20}$/), value, { maxKeys: 12, noNullPrototype: true });
  fc.assert(
    fc.property(map, (fields) => {
      const bytes = encode(fields);
      for (const [key, field] of Object.entries(fields)) {
        expect(toHex(valueUnder(bytes, key)!)).toBe(toHex(encode(field)));
        expect(integerUnder(bytes, key)).toBe(typeof field === 'number' && field >= 0 ? field : undefined);
        for (let cut = 0; cut < bytes.length; cut += 7) valueUnder(bytes.subarray(0, cut), key);
      }
      expect(valueUnder(bytes, 'never_a_key')).toBeUndefined();
    }),
    { numRuns: 300 },
  );
  for (const bytes of [
    [],
    [0x9f],
    [0xbf, 0xff],
    [0xa1, 0x61],
    [0xa1, 0x61, 0x61, 0x9b, 255, 255, 255, 255, 255, 255, 255, 255],
  ])
    expect(valueUnder(Uint8Array.from(bytes), 'a')).toBeUndefined();
});

test('accepts exactly what re-encodes to the same bytes', () => {
  fc.assert(
    fc.property(value, fc.nat(), fc.integer({ min: 0, max: 255 }), (v, at, byte) => {
      const bytes = encode(v).slice();
      bytes[at % bytes.length] = byte;
      let decoded: Value;
      try {
        decoded = decode(bytes);
      } catch {
        return;
      }
      expect(toHex(encode(decoded))).toBe(toHex(bytes));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['1817', 'head not shortest'],
  ['a2616101616102', 'duplicate key'],
  ['a2616201616101', 'keys out of order'],
  ['9f01ff', 'indefinite length'],
  ['f93c00', 'float'],
  ['f7', 'undefined'],
  ['c11a514b67b0', 'another tag'],
  ['62c328', 'bad UTF-8'],
  ['1b0020000000000000', 'above 2^53−1'],
  ['0000', 'two items'],
  ['a10101', 'integer key'],
  ['d82a4100', 'empty CID'],
  ['', 'nothing'],
])('refuses %s (%s)', (hex) => {
  expect(() => decode(fromHex(hex))).toThrow();
});

test('keys of one length stand in the order of their bytes, whatever order they came in', () => {
  const few = fc.uniqueArray(fc.stringMatching(/^[a-cé]{1,2}$/), { minLength: 2, maxLength: 8 });
  fc.assert(
    fc.property(few, (keys) => {
      const map = Object.fromEntries(keys.map((key) => [key, key]));
      expect(toHex(encode(map))).toBe(toHex(dagCbor.encode(map)));
      for (const [i, key] of keys.entries())
        for (const other of keys.slice(i + 1)) {
          const [left, right] = [Buffer.from(key), Buffer.from(other)];
          const expected = Math.sign(left.length - right.length || Buffer.compare(left, right));
          expect([Math.sign(compareKeys(key, other)), Math.sign(compareKeys(other, key))]).toEqual([
            expected,
            -expected,
          ]);
        }
    }),
    { numRuns: 200 },
  );
});

test('the edges: how deep, and which halves of a pair', () => {
  const nested = (depth: number): Value => (depth === 0 ? 0 : [nested(depth - 1)]);
  expect(decode(encode(nested(16)))).toEqual(nested(16));
  expect(() => decode(encode(nested(17)))).toThrow(/nested/);
  expect(encode(nested(128))).toHaveLength(129);
  expect(() => encode(nested(129))).toThrow(/nested/);
  for (const half of ['\ud800', '\udbff', '\udc00', '\udfff', 'a\udfffb', '\udbff\udbff', '\ud800a'])
    expect(() => encode(half)).toThrow(/surrogate/);
  for (const pair of ['\ud800\udc00', '\ud800\udfff', '\udbff\udc00', '\udbff\udfff', '\ud7ff', '\ue000'])
    expect(toHex(encode(pair))).toBe(toHex(dagCbor.encode(pair)));
});

test('CIDs spell as multiformats does', () => {
  const text = 'bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua';
  const cid = parseCid(text);
  expect(cid.text).toBe(CID.parse(text).toString());
  expect(decode(encode(cid))).toEqual(new Cid(cid.bytes));
  expect(() => parseCid(text.toUpperCase())).toThrow(SyntaxError);
  expect(() => parseCid(text.slice(0, -1))).toThrow(SyntaxError);
});

test('base64 is canonical only', () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      (b) => toHex(fromBase64(toBase64(b))) === toHex(b) && toBase64(b) === Buffer.from(b).toString('base64'),
    ),
  );
  for (const bad of ['QQ', 'QQ=', 'QR==', 'QUI', 'QUJ=', 'Q===', 'Q Q=', 'QQ==QQ=='])
    expect(() => fromBase64(bad)).toThrow(SyntaxError);
});
