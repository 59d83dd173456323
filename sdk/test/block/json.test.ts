import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromJson, toJson } from '../../src/block/index.js';
import { toHex } from '../../src/bytes.js';
import { Cid, cidOf, DAG_CBOR, parseJson, type Value, type ValueMap } from '../../src/codec/index.js';
import { sha256 } from '../../src/crypto/index.js';
import { createSky } from '../../src/sky/index.js';
import { float32Text, packRows } from '../../src/space/index.js';
import { encodeMetadata } from '../../src/metadata/index.js';
import { signBlock } from '../../src/testing/sign-block.js';

const seed = new Uint8Array(32).fill(7);
const network = 'dev';
const sky = createSky();
const timestamp = Date.UTC(2026, 4, 1, 12);
const stamp = sky.stamp({ timeMs: timestamp }) as unknown as ValueMap;
const salt = new Uint8Array(16).fill(1);
const otherId = cidOf(DAG_CBOR, sha256(Uint8Array.of(1)));

const space: ValueMap = {
  model: 'test',
  revision: null,
  weights: null,
  precision: 'fp32',
  dims: 3,
  metric: 'cosine',
  pooling: 'mean',
  normalized: false,
  query_prefix: '',
  passage_prefix: null,
  max_tokens: 256,
  endpoint: null,
};

function block(kind: string, fields: ValueMap, more: { header?: ValueMap; body?: ValueMap } = {}): Uint8Array {
  return signBlock({
    header: { version: 2, kind, timestamp, cosmic_signature: stamp, ...more.header },
    body: { salt, tags: [], linked_blocks: [], ...fields, ...more.body },
    seed,
    network,
  });
}

function embedding(vectors: readonly Float32Array[], dtype: 'f32' | 'f16' | 'i8' | 'b1'): ValueMap {
  const dims = vectors[0]!.length;
  return {
    space: { ...space, dims, metric: dtype === 'b1' ? 'hamming' : 'cosine' },
    embedding: packRows(vectors, dtype) as unknown as ValueMap,
    input_type: 'text',
    input_reference: vectors.map((_, i) => ({ hash: sha256(Uint8Array.of(i)), origin: `file:///a#${i}` })),
    texts: vectors.map((_, i) => (i % 2 === 0 ? `text ${i} "quoted" ⭐` : null)),
  };
}

function roundTrip(wire: Uint8Array, vectors: 'json' | 'base64' = 'json'): void {
  const text = toJson(wire, { vectors });
  const back = fromJson(text);
  expect(back).toBeInstanceOf(Uint8Array);
  expect(toHex(back as Uint8Array)).toBe(toHex(wire));
}

/** Any finite float32, by its bits: subnormals, powers of two and both zeros included. */
const float32 = fc
  .oneof(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.integer({ min: 0, max: 511 }).map((e) => (e << 23) >>> 0),
    fc.integer({ min: 0, max: 100 }),
  )
  .map((bits) => new Float32Array(Uint32Array.of(bits).buffer)[0]!)
  .filter((x) => Number.isFinite(x));

const value = fc.letrec<{ value: Value; map: ValueMap }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger().map((n) => n + 0),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 20 }),
    fc.boolean(),
    fc.constant(null),
    fc.constant(otherId),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('map'),
  ),
  map: fc.dictionary(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom('/', 'bytes', 'map', '__proto__', 'constructor', 'id', 'signature'),
    ),
    tie('value'),
    {
      maxKeys: 5,
      noNullPrototype: true,
    },
  ),
}));

describe('bytes → JSON → bytes is the identity', () => {
  test.each(['f32', 'f16', 'i8', 'b1'] as const)('embedding/1 with %s rows', (dtype) => {
    fc.assert(
      fc.property(
        fc.array(fc.array(float32, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 3 }),
        (rows) => {
          const wire = block(
            'embedding/1',
            embedding(
              rows.map((row) => Float32Array.from(row)),
              dtype,
            ),
          );
          roundTrip(wire);
          roundTrip(wire, 'base64');
        },
      ),
      { numRuns: 60 },
    );
  });

  test('bodies of unknown kinds, whatever they hold', () => {
    fc.assert(
      fc.property(value.map, (fields) => {
        roundTrip(block('thing.example/1', fields));
      }),
      { numRuns: 200 },
    );
  });

  test('collection, own id, metadata of rows, a row without an input hash', () => {
    const rows = [Float32Array.of(0.6, 0.8, 0), Float32Array.of(0, 0.6, 0.8)];
    const plain = embedding(rows, 'f32');
    const [first, second] = plain['input_reference'] as readonly ValueMap[];
    const wire = block('embedding/1', {
      ...plain,
      collection: 'kilns',
      document: 'raku/1',
      metadata: [encodeMetadata({ hot: true, ratio: 0.5, list: [1, '1', -1e-7], none: null }), null],
      input_reference: [first!, { ...second, hash: null }],
    });
    roundTrip(wire);
    const json = JSON.parse(toJson(wire)) as Record<string, unknown>;
    expect(json).toMatchObject({
      collection: 'kilns',
      document: 'raku/1',
      metadata: [{ hot: true, ratio: 0.5, list: [1, '1', -1e-7], none: null }, null],
      input_reference: [{}, { hash: null }],
    });
    // Numbers may be spelled otherwise; the bytes are the same.
    expect(fromJson(toJson(wire).replace('0.5', '5.0e-1').replace('[1,', '[1.0,'))).toEqual(wire);
    for (const bad of [{}, { n: '1' }, { a: { n: '1' } }, { a: { n: '0.50' } }, { $a: 1 }])
      roundTrip(block('embedding/1', { ...plain, metadata: [bad, null] }));
  });

  test('an embedding that its kind refuses', () => {
    const nan = embedding([Float32Array.of(NaN, 1, 2)], 'f32');
    roundTrip(block('embedding/1', nan));
    roundTrip(block('embedding/1', { surprise: 1 }));
  });

  test('place, prev, refs, tags, links; and a block whose body is gone', () => {
    const place = { lat: 48137000, lon: 11575000, elevation: 520000 };
    const header: ValueMap = {
      observer_location: place,
      cosmic_signature: sky.stamp({ timeMs: timestamp, place }) as unknown as ValueMap,
      prev: otherId,
      refs: [{ rel: 'supersedes', id: otherId }],
    };
    const body: ValueMap = { tags: ['a', 'ä⭐'], linked_blocks: [{ rel: 'cites', id: otherId }] };
    const wire = block('embedding/1', embedding([Float32Array.of(1, 0, 0)], 'f32'), { header, body });
    roundTrip(wire);
    const gone = signBlock({
      header: { version: 2, kind: 'embedding/1', timestamp, cosmic_signature: stamp, body: otherId, body_bytes: 77 },
      body: null,
      seed,
      network,
    });
    roundTrip(gone);
  });
});

describe('JSON in any spelling gives the one byte string or an error', () => {
  const wire = block('embedding/1', embedding([Float32Array.of(0.1, -2.5, 3e-20)], 'f32'));
  const json = JSON.parse(toJson(wire)) as Record<string, unknown>;

  test('order of keys, white space, escapes, digits beyond a float32', () => {
    const reversed = JSON.stringify(Object.fromEntries(Object.entries(json).reverse()), null, 3);
    expect(fromJson(reversed)).toEqual(wire);
    const escaped = toJson(wire)
      .replace(/text 0/, '\\u0074\\u0065xt 0')
      .replace('file:///a', 'file:\\/\\/\\/a');
    expect(fromJson(escaped)).toEqual(wire);
    expect(toJson(wire)).toContain('"values":[[0.1,-2.5,3e-20]]');
    expect(fromJson(toJson(wire).replace('[0.1,', '[0.10000000149011612,'))).toEqual(wire);
    expect(fromJson(toJson(wire).replace('[0.1,-2.5,', '[1E-1,-25e-1,'))).toEqual(wire);
  });

  test('id, body and body_bytes may be left out, but not be wrong', () => {
    const { id: _id, body: _body, body_bytes: _bytes, ...rest } = json;
    expect(fromJson(JSON.stringify(rest))).toEqual(wire);
    expect(fromJson(JSON.stringify({ ...json, id: otherId.text }))).toMatchObject({ code: 'block.malformed' });
    expect(fromJson(JSON.stringify({ ...json, body: otherId.text }))).toMatchObject({ code: 'block.body_mismatch' });
    expect(fromJson(JSON.stringify({ ...json, body_bytes: 5 }))).toMatchObject({ code: 'block.body_mismatch' });
  });

  test.each([
    ['no JSON', '{', 'block.malformed'],
    ['no object', '[]', 'block.malformed'],
    ['a key twice', '{"version":2,"version":2}', 'block.malformed'],
    ['deep nesting', '['.repeat(100_000), 'block.malformed'],
    ['a lone surrogate', '{"kind":"\\ud800"}', 'block.malformed'],
    ['unsigned', '{"version":2}', 'block.unsigned'],
  ])('%s', (_what, text, code) => {
    expect(fromJson(text)).toMatchObject({ status: 'rejected', code });
  });

  test.each([
    ['an unknown key', { surprise: 1 }, 'block.bad_body'],
    ['a signature of 63 bytes', { signature: 'A'.repeat(84) }, 'block.bad_envelope'],
    ['a signature in base64url', { signature: '-'.repeat(86) + '==' }, 'block.bad_envelope'],
    ['a time that is no integer', { timestamp: 1.5 }, 'block.bad_header'],
    ['another version', { version: 3 }, 'block.unknown_version'],
    ['a name that is no key', { created_by: 'did:key:abc' }, 'identity.malformed'],
    ['a link to nowhere', { linked_blocks: [{ rel: 'cites', id: 'x' }] }, 'block.bad_body'],
    ['tags that are no texts', { tags: [1] }, 'block.bad_body'],
    ['rows of unequal length', { embedding: { dtype: 'f32', rows: 2, values: [[1, 2, 3], [1]] } }, 'block.bad_body'],
    ['a number beyond float32', { embedding: { dtype: 'f32', rows: 1, values: [[1e39, 2, 3]] } }, 'block.bad_body'],
    ['fields beside flat ones', { fields: {} }, 'block.malformed'],
  ])('%s', (_what, change, code) => {
    expect(fromJson(JSON.stringify({ ...json, ...change }))).toMatchObject({ status: 'rejected', code });
  });

  test('the view without vectors is smaller and is not taken for the block', () => {
    const view = toJson(wire, { vectors: 'none' });
    expect(JSON.parse(view)).toMatchObject({ embedding: { dtype: 'f32', rows: 1 } });
    expect(fromJson(view)).toMatchObject({ code: 'block.bad_body', detail: expect.stringContaining('left out') });
  });

  test('never throws, whatever is changed in the text', () => {
    const text = toJson(block('embedding/1', embedding([Float32Array.of(1, 2, 3)], 'f32')));
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 3 }), fc.string({ maxLength: 3 }), (where, cut, put) => {
        const at = where % text.length;
        const changed = text.slice(0, at) + put + text.slice(at + cut);
        const read = fromJson(changed);
        if (read instanceof Uint8Array) {
          const again = fromJson(toJson(read));
          expect(again).toEqual(read);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('JSON text', () => {
  test('agrees with JSON.parse on what it accepts', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false } as never), (v) => {
        const text = JSON.stringify(v);
        expect(plain(parseJson(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each([
    '',
    ' ',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '"\t"',
    '"\\x"',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    'nul',
    '1 2',
    "'a'",
    '[1 2]',
    '\ufeff1',
  ])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(/at character/);
    expect(() => JSON.parse(text) as unknown).toThrow();
  });
});

function plain(value: ReturnType<typeof parseJson>): unknown {
  if (value instanceof Map) {
    const object: Record<string, unknown> = {};
    for (const [key, item] of value)
      Object.defineProperty(object, key, { value: plain(item), enumerable: true, configurable: true, writable: true });
    return object;
  }
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'object' && value !== null ? value.value : value;
}

describe('float32 text', () => {
  test('reads back to the same bits and no shorter decimal does', () => {
    fc.assert(
      fc.property(float32, (x) => {
        const text = float32Text(x);
        expect(Object.is(Math.fround(Number(text)), x)).toBe(true);
        const digits = text
          .replace(/e.*$/, '')
          .replace(/[-.]/g, '')
          .replace(/^0+|0+$/g, '').length;
        if (digits > 1) {
          // neither neighbour with a digit less reads back
          const shorter = x.toPrecision(digits - 1);
          const unit = 10 ** (Math.floor(Math.log10(Math.abs(Number(shorter)))) + 2 - digits);
          for (const candidate of [Number(shorter), Number(shorter) + unit, Number(shorter) - unit])
            expect(Math.fround(Number(candidate.toPrecision(digits - 1)))).not.toBe(x);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    [Math.fround(0.1), '0.1'],
    [-0, '-0'],
    [2 ** -149, '1e-45'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [16777216, '16777216'],
    [2 ** -44, '5.684342e-14'],
  ])('%p is written %s', (x, text) => {
    expect(float32Text(x)).toBe(text);
  });
});

test('a CID in a body survives as a CID', () => {
  const wire = block('thing.example/1', { about: otherId, list: [otherId] });
  expect(toJson(wire)).toContain(`{"/":"${otherId.text}"}`);
  expect(otherId).toBeInstanceOf(Cid);
  roundTrip(wire);
});
