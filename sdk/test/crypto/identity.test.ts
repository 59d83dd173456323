import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromBase58, fromHex, toBase58, toHex } from '../../src/bytes.js';
import { didOf, publicKeyOf, publicKeyOfDid, sign, signerOfSeed } from '../../src/crypto/index.js';
import { sharedJson, sharedText } from '../shared-data.ts';

describe('did:key', () => {
  test('vectors: seed → public key ⇄ did', () => {
    const vectors =
      sharedJson<Record<string, { seed: string; verificationKeyPair: { publicKeyBase58?: string } }>>(
        'json/did_key_ed25519.json',
      ) ?? {};
    for (const [did, v] of Object.entries(vectors)) {
      const key = publicKeyOf(fromHex(v.seed));
      if (v.verificationKeyPair.publicKeyBase58 !== undefined)
        expect(toBase58(key)).toBe(v.verificationKeyPair.publicKeyBase58);
      expect(didOf(key)).toBe(did);
      expect(toHex(publicKeyOfDid(did)!)).toBe(toHex(key));
    }
  });

  test('every key has one name and every name one key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        const did = didOf(key);
        expect(did).toMatch(/^did:key:z6Mk/);
        expect(toHex(publicKeyOfDid(did)!)).toBe(toHex(key));
      }),
    );
  });

  const did = didOf(publicKeyOf(new Uint8Array(32)));
  test.each([
    ['empty', ''],
    ['no key', 'did:key:'],
    ['another method', did.replace('did:key', 'did:web')],
    ['another multibase', did.replace(':z', ':m')],
    ['upper case', did.toUpperCase()],
    ['a fragment', `${did}#key`],
    ['white space', `${did} `],
    ['a leading 1, which would add a zero byte', did.replace(':z', ':z1')],
    ['an X25519 key', 'did:key:z6LShs9GGnqk85isEBzzshkuVWrVKsRp24GnDuHk8QWkARMW'],
    ['a letter outside of base58', did.slice(0, -1) + '0'],
    ['too short', did.slice(0, -2)],
    ['very long', did + 'z'.repeat(100_000)],
  ])('refuses %s', (_what, name) => {
    expect(publicKeyOfDid(name)).toBeUndefined();
  });
});

test('base58 round-trips, leading zeros included', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => toHex(fromBase58(toBase58(bytes))) === toHex(bytes)),
  );
});

test('signing is deterministic: sign.input line by line', () => {
  const lines = (sharedText('crypto/ed25519_sign_input.txt') ?? '').trim().split('\n').filter(Boolean).slice(0, 64);
  for (const line of lines) {
    const [secret, publicKey, message, signed] = line.split(':');
    const seed = fromHex(secret!.slice(0, 64));
    expect(toHex(publicKeyOf(seed))).toBe(publicKey);
    expect(toHex(sign(fromHex(message!), seed))).toBe(signed!.slice(0, 128));
  }
});

test('a signer keeps its own copy of the seed', () => {
  const seed = new Uint8Array(32).fill(3);
  const signer = signerOfSeed(seed);
  const expected = toHex(sign(Uint8Array.of(1), seed));
  seed.fill(0);
  expect(toHex(signer.sign(Uint8Array.of(1)) as Uint8Array)).toBe(expected);
});
