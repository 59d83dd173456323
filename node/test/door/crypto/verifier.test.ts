import { describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import {
  fromHex,
  isSoundEncoding,
  isSoundPoint,
  publicKeyOf,
  sign,
  toHex,
  utf8,
  type Verify,
} from '@cosmicembeddings/sdk';
import { verifierOf } from '../../../src/door/crypto/index.js';
import { sharedJson, sharedText } from '../../../../sdk/test/shared-data.ts';

/** Which verifiers are installed here; `portable` and `node` always are. */
const verifiers = (['portable', 'node', 'sodium'] as const).flatMap((name) => {
  try {
    return [verifierOf(name)];
  } catch (error) {
    process.stderr.write(`skipped in part: verifier ${name}: ${(error as Error).message}\n`);
    return [];
  }
});

interface Case {
  readonly source: string;
  readonly publicKey: string;
  readonly message: Uint8Array;
  readonly signature: string;
  /** Undefined where the source states no verdict for our rule: then the verifiers must agree. */
  readonly valid: boolean | undefined;
}

function bytesOf(hex: string): Uint8Array {
  return hex.length % 2 === 0 ? fromHex(hex) : new Uint8Array(0);
}

function cases(): Case[] {
  const all: Case[] = [];
  const rfc =
    sharedJson<{ name: string; public: string; message: string; signature: string }[]>('crypto/rfc8032_ed25519.json');
  for (const v of rfc ?? [])
    all.push({
      source: `RFC 8032 ${v.name}`,
      publicKey: v.public,
      message: fromHex(v.message),
      signature: v.signature,
      valid: true,
    });

  const speccheck =
    sharedJson<{ message: string; pub_key: string; signature: string }[]>('crypto/speccheck_cases.json');
  speccheck?.forEach((v, i) =>
    all.push({
      source: `speccheck ${i}`,
      publicKey: v.pub_key,
      message: fromHex(v.message),
      signature: v.signature,
      valid: i === 3,
    }),
  );

  interface Group {
    publicKey: { pk: string };
    tests: { tcId: number; msg: string; sig: string; result: string }[];
  }
  const wycheproof = sharedJson<{ testGroups: Group[] }>('crypto/wycheproof_ed25519_test.json');
  for (const group of wycheproof?.testGroups ?? [])
    for (const v of group.tests)
      all.push({
        source: `Wycheproof ${v.tcId}`,
        publicKey: group.publicKey.pk,
        message: fromHex(v.msg),
        signature: v.sig,
        valid: v.result === 'acceptable' ? undefined : v.result === 'valid',
      });

  const cctv = sharedJson<{ number: number; key: string; sig: string; msg: string; flags: string[] | null }[]>(
    'crypto/cctv_ed25519vectors.json',
  );
  for (const v of cctv ?? [])
    all.push({
      source: `CCTV ${v.number}`,
      publicKey: v.key,
      message: utf8(v.msg),
      signature: v.sig,
      valid: cctvVerdict(v.flags ?? []),
    });

  for (const [i, line] of (sharedText('crypto/ed25519_sign_input.txt') ?? '')
    .trim()
    .split('\n')
    .filter(Boolean)
    .entries()) {
    const [, publicKey, message, signed] = line.split(':');
    all.push({
      source: `sign.input ${i}`,
      publicKey: publicKey!,
      message: fromHex(message!),
      signature: signed!.slice(0, 128),
      valid: true,
    });
  }
  return all;
}

/** Our rule in CCTV's terms: what it refuses are points of small order, other encodings, and a left-over of small order. */
const REFUSED = [
  'low_order_R',
  'low_order_A',
  'non_canonical_R',
  'non_canonical_A',
  'low_order_residue',
  'reencoded_k',
];

function cctvVerdict(flags: readonly string[]): boolean {
  return !flags.some((flag) => REFUSED.includes(flag));
}

describe('one Ed25519 rule', () => {
  const table = cases();
  test.each(verifiers)('$name gives the expected verdict on all vectors', ({ verify }) => {
    const wrong = table
      .filter((c) => c.valid !== undefined && verify(bytesOf(c.signature), c.message, bytesOf(c.publicKey)) !== c.valid)
      .map((c) => `${c.source}: expected ${c.valid}`);
    expect(wrong).toEqual([]);
  });

  test('all verifiers agree on every vector', () => {
    const split = table
      .map((c) => ({
        c,
        verdicts: verifiers.map(({ verify }) => verify(bytesOf(c.signature), c.message, bytesOf(c.publicKey))),
      }))
      .filter(({ verdicts }) => new Set(verdicts).size > 1)
      .map(({ c, verdicts }) => `${c.source}: ${verdicts.join()}`);
    expect(split).toEqual([]);
    if (table.length > 0) expect(table.length).toBeGreaterThan(700);
  });

  test('speccheck: case 3 alone is valid', () => {
    const speccheck = table.filter((c) => c.source.startsWith('speccheck'));
    if (speccheck.length === 0) return;
    for (const { verify } of verifiers)
      expect(speccheck.map((c) => verify(bytesOf(c.signature), c.message, bytesOf(c.publicKey)))).toEqual(
        speccheck.map((_, i) => i === 3),
      );
  });

  test.each(verifiers)(
    '$name: signs and verifies, refuses flipped bits and wrong lengths without a throw',
    ({ verify }) => {
      const seed = randomBytes(32);
      const publicKey = publicKeyOf(seed);
      const message = randomBytes(300);
      const signature = sign(message, seed);
      expect(verify(signature, message, publicKey)).toBe(true);
      for (let bit = 0; bit < 512; bit += 7) {
        const bent = signature.slice();
        bent[bit >> 3]! ^= 1 << (bit & 7);
        expect(verify(bent, message, publicKey)).toBe(false);
      }
      expect(verify(signature.subarray(1), message, publicKey)).toBe(false);
      expect(verify(signature, message, publicKey.subarray(1))).toBe(false);
      expect(verify(new Uint8Array(0), message, new Uint8Array(0))).toBe(false);
    },
  );

  test('the check by bytes equals the check by arithmetic on all special encodings', () => {
    const p = 2n ** 255n - 19n;
    const ys = [...Array(40).keys()].flatMap((i) => [BigInt(i), p - 1n - BigInt(i), p + BigInt(Math.min(i, 18))]);
    for (const y of ys) {
      for (const signBit of [0n, 1n]) {
        const bytes = new Uint8Array(32);
        let rest = y | (signBit << 255n);
        for (let i = 0; i < 32; i++, rest >>= 8n) bytes[i] = Number(rest & 255n);
        const special = y >= p || y === 0n || y === 1n || y === p - 1n;
        expect([toHex(bytes), isSoundEncoding(bytes)]).toEqual([toHex(bytes), !special]);
        if (special) expect(isSoundPoint(bytes)).toBe(false);
      }
    }
    for (const orderEight of [
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    ]) {
      const bytes = fromHex(orderEight);
      expect(isSoundEncoding(bytes)).toBe(false);
      bytes[31]! |= 0x80;
      expect(isSoundEncoding(bytes)).toBe(false);
    }
  });

  test('auto takes a verifier; an unknown demand is an error with a code', () => {
    expect(['sodium', 'node', 'portable']).toContain(verifierOf('auto').name);
    expect(() => verifierOf('none' as 'auto')).toThrow(/config\.malformed/);
  });

  test('node:crypto’s cache of keys is bounded and stays right', () => {
    const { verify } = verifierOf('node');
    const check = (verifyOne: Verify, i: number): boolean => {
      const seed = new Uint8Array(32).fill(i & 255);
      seed[1] = i >> 8;
      const message = utf8(`m${i}`);
      return verifyOne(sign(message, seed), message, publicKeyOf(seed));
    };
    for (let i = 0; i < 40; i++) expect(check(verify, i)).toBe(true);
    for (let i = 0; i < 40; i++) expect(check(verify, i)).toBe(true);
  });
});
