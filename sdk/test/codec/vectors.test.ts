import { describe, expect, test } from '@jest/globals';
import { fromBase32, fromBase58, fromBase64, fromHex, toBase32, toBase58, toHex, utf8 } from '../../src/bytes.js';
import {
  cidOf,
  DAG_CBOR,
  decode,
  DecodeError,
  encode,
  fromDagJson,
  isCid,
  JsonDecimal,
  parseCid,
  parseJson,
  toDagJson,
  type JsonValue,
} from '../../src/codec/index.js';
import { sha256 } from '../../src/crypto/index.js';
import { sharedJson } from '../shared-data.ts';

/** Bytes are accepted exactly when they are inside our profile, and then come back unchanged. */
function accepted(hex: string): boolean {
  try {
    const value = decode(fromHex(hex));
    expect(toHex(encode(value))).toBe(hex.toLowerCase());
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return false;
  }
}

describe('RFC 8949 appendix A', () => {
  const vectors =
    sharedJson<{ hex: string; roundtrip: boolean; decoded?: unknown; diagnostic?: string }[]>(
      'cbor/rfc8949_appendix_a.json',
    ) ?? [];
  /**
   * What the appendix holds of our profile: integers within ±(2^53−1), definite strings, arrays, maps with text keys in
   * length-first order, false, true, null. Floats, undefined, other simple values, tags, bignums, indefinite lengths and
   * integer keys are outside.
   */
  const inside = (v: (typeof vectors)[number]): boolean => {
    const first = parseInt(v.hex.slice(0, 2), 16);
    const major = first >> 5;
    if (!v.roundtrip) return false;
    if (major === 6) return false;
    if (major === 7) return first >= 0xf4 && first <= 0xf6;
    if (v.hex === '1bffffffffffffffff' || v.hex === '3bffffffffffffffff') return false;
    if (v.hex === 'a201020304') return false;
    return true;
  };
  test('is decoded or refused as the profile says', () => {
    const wrong = vectors.filter((v) => accepted(v.hex) !== inside(v)).map((v) => v.hex);
    expect(wrong).toEqual([]);
    if (vectors.length > 0) expect(vectors.filter(inside).length).toBeGreaterThan(30);
  });
  test('decodes to the stated values', () => {
    for (const v of vectors.filter(inside)) {
      if (!('decoded' in v)) continue;
      expect(plainOf(decode(fromHex(v.hex)))).toEqual(v.decoded);
    }
  });
});

function plainOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('deterministic CBOR vectors: accepted ones are re-encoded to the same bytes', () => {
  const vectors = sharedJson<{ hex: string }[]>('cbor/dcbor_valid.json') ?? [];
  const kept = vectors.filter((v) => accepted(v.hex));
  if (vectors.length > 0) expect(kept.length).toBeGreaterThan(10);
});

describe('IPLD', () => {
  type Fixture = Record<string, { cid: string; hex?: string; text?: string }>;
  const fixtures = Object.entries(sharedJson<Record<string, Fixture>>('cbor/ipld_dag_cbor_fixtures.json') ?? {});
  /** Does a fixture hold floats or integers beyond ±(2^53−1), which our profile leaves out? Its DAG-JSON says so. */
  const outside = (name: string): boolean =>
    holdsDecimal(parseJson(fixtures.find(([n]) => n === name)![1]['dag-json']!.text!));

  test('dag-cbor fixtures are byte-exact with their CIDs', () => {
    let kept = 0;
    for (const [name, forms] of fixtures) {
      const { hex, cid } = forms['dag-cbor']!;
      expect([name, accepted(hex!)]).toEqual([name, !outside(name)]);
      if (outside(name)) continue;
      kept++;
      expect(cidOf(DAG_CBOR, sha256(fromHex(hex!))).text).toBe(cid);
      expect(isCid(parseCid(cid).bytes)).toBe(true);
    }
    if (fixtures.length > 0) expect(kept).toBeGreaterThan(40);
  });

  test('their DAG-JSON reads to the same bytes and is written to mean the same', () => {
    for (const [name, forms] of fixtures) {
      const text = forms['dag-json']?.text;
      if (text === undefined || outside(name)) continue;
      const value = fromDagJson(parseJson(text));
      expect([name, toHex(encode(value))]).toEqual([name, forms['dag-cbor']!.hex]);
      expect(JSON.parse(toDagJson(value))).toEqual(JSON.parse(text));
    }
  });

  test('what must be refused is', () => {
    for (const v of sharedJson<{ hex: string }[]>('cbor/ipld_dag_cbor_negative.json') ?? [])
      expect(accepted(v.hex)).toBe(false);
  });
});

function holdsDecimal(json: JsonValue): boolean {
  if (json instanceof JsonDecimal) return true;
  if (Array.isArray(json)) return json.some(holdsDecimal);
  return json instanceof Map && [...json.values()].some(holdsDecimal);
}

test('multibase vectors: base32, base58btc, base64 with padding', () => {
  const files = sharedJson<Record<string, string>>('cbor/multibase_tests.json') ?? {};
  let seen = 0;
  for (const csv of Object.values(files)) {
    const [head, ...lines] = csv.trim().split('\n');
    const text = /"(.*)"$/.exec(head!)?.[1];
    if (text === undefined || /non-canonical/.test(head!)) continue;
    const bytes = utf8(text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))));
    for (const line of lines) {
      const [, encoding, spelled] = /^(\S+),\s*"(.*)"$/.exec(line) ?? [];
      const body = spelled?.slice(1);
      if (encoding === 'base32')
        [toBase32(bytes), toHex(fromBase32(body!))].forEach((got, i) =>
          expect(got).toBe(i === 0 ? body : toHex(bytes)),
        );
      else if (encoding === 'base58btc')
        [toBase58(bytes), toHex(fromBase58(body!))].forEach((got, i) =>
          expect(got).toBe(i === 0 ? body : toHex(bytes)),
        );
      else if (encoding === 'base64pad')
        [toBase64Text(bytes), toHex(fromBase64(body!))].forEach((got, i) =>
          expect(got).toBe(i === 0 ? body : toHex(bytes)),
        );
      else continue;
      seen++;
    }
  }
  if (Object.keys(files).length > 0) expect(seen).toBeGreaterThan(5);
});

function toBase64Text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

describe('limits of decoding', () => {
  test('nesting: 16 levels pass, 17 do not; a bomb of brackets fails at once', () => {
    const nested = (levels: number): string => '81'.repeat(levels) + '00';
    expect(accepted(nested(16))).toBe(true);
    expect(accepted(nested(17))).toBe(false);
    expect(accepted('81'.repeat(1_000_000) + '00')).toBe(false);
    const maps = (levels: number): string => 'a16161'.repeat(levels) + '00';
    expect(accepted(maps(16))).toBe(true);
    expect(accepted(maps(17))).toBe(false);
  });

  test.each([
    ['array of 2^32 items', '9affffffff'],
    ['array of 2^53−1 items', '9b001fffffffffffff'],
    ['map of 2^32 entries', 'baffffffff'],
    ['byte string of 2^53−1 bytes', '5b001fffffffffffff'],
    ['text of 2^32−1 bytes', '7affffffff'],
    ['map with more entries than bytes left', 'b90fff6161'],
  ])('claims of size cost no memory: %s', (_what, hex) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(accepted(hex)).toBe(false);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });

  test.each([
    ['20', true, -1],
    ['3b001ffffffffffffe', true, -(2 ** 53 - 1)],
    ['3b001fffffffffffff', false, 0],
    ['1b001fffffffffffff', true, 2 ** 53 - 1],
    ['1b0020000000000000', false, 0],
  ])('integers: %s', (hex, ok, value) => {
    expect(accepted(hex)).toBe(ok);
    if (ok) expect(decode(fromHex(hex))).toBe(value);
  });

  test('a map of 10,000 keys decodes in linear time and comes back', () => {
    const map = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i]));
    const bytes = encode(map);
    expect(encode(decode(bytes))).toEqual(bytes);
  });

  test('encode refuses what the profile cannot say', () => {
    for (const bad of [1.5, NaN, Infinity, 2 ** 53, undefined, '\ud800', new Date(), new Map(), () => 1, 1n])
      expect(() => encode(bad as never)).toThrow(TypeError);
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => encode(loop as never)).toThrow(TypeError);
  });
});
