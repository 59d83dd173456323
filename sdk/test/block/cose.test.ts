import { describe, expect, test } from '@jest/globals';
import { readEnvelope, signedBytes, writeEnvelope } from '../../src/block/index.js';
import { fromHex, toHex, utf8 } from '../../src/bytes.js';
import { encode } from '../../src/codec/index.js';
import { publicKeyOf, sign, verify } from '../../src/crypto/index.js';
import { sharedJson } from '../shared-data.ts';

interface Example {
  readonly input: {
    readonly plaintext: string;
    readonly sign0?: {
      readonly external?: string;
      readonly key: { readonly kty: string; readonly d_hex?: string; readonly x_hex?: string };
    };
  };
  readonly intermediates: { readonly ToBeSign_hex?: string };
  readonly output: { readonly cbor: string };
}

describe('COSE_Sign1', () => {
  test.each(['01', '02'])('EdDSA example %s: its Sig_structure and signature', (number) => {
    const example = sharedJson<Example>(`cose/eddsa-examples/eddsa-sig-${number}.json`);
    if (example?.input.sign0?.key.kty !== 'OKP' || example.input.sign0.key.x_hex?.length !== 64) return;
    const key = example.input.sign0.key;
    const signed = fromHex(example.intermediates.ToBeSign_hex!.toLowerCase());
    const signature = fromHex(example.output.cbor.slice(-128).toLowerCase());
    // ["Signature1", protected, external, payload], built here from its parts; the protected header follows the tag and array heads
    const output = fromHex(example.output.cbor.toLowerCase());
    const protectedHeader = output.subarray(3, 3 + (output[2]! & 31));
    const rebuilt = encode([
      'Signature1',
      protectedHeader,
      fromHex(example.input.sign0.external ?? ''),
      utf8(example.input.plaintext),
    ]);
    expect(toHex(rebuilt)).toBe(toHex(signed));
    expect(toHex(publicKeyOf(fromHex(key.d_hex!)))).toBe(key.x_hex!.toLowerCase());
    expect(toHex(sign(signed, fromHex(key.d_hex!)))).toBe(toHex(signature));
    expect(verify(signature, signed, fromHex(key.x_hex!))).toBe(true);
    // its protected header is that of EdDSA (-8), which is not our one allowed form
    expect(readEnvelope(fromHex(example.output.cbor.toLowerCase()))).toMatchObject({ code: 'block.bad_envelope' });
  });

  test.each([
    'sign-pass-01',
    'sign-pass-02',
    'sign-pass-03',
    'sign-fail-01',
    'sign-fail-02',
    'sign-fail-03',
    'sign-fail-04',
    'sign-fail-06',
    'sign-fail-07',
  ])('%s: another algorithm or form is refused, never taken for ours', (name) => {
    const example = sharedJson<Example>(`cose/sign1-tests/${name}.json`);
    if (example === undefined) return;
    expect(readEnvelope(fromHex(example.output.cbor.toLowerCase()))).toMatchObject({ status: 'rejected' });
  });

  test('our Sig_structure is the one of RFC 9052 section 4.4', () => {
    const header = encode({ a: 1 });
    for (const [network, aad] of [
      ['dev', 'cosmicembeddings/block/2/dev'],
      ['', 'cosmicembeddings/block/2'],
    ] as const)
      expect(toHex(signedBytes(header, network))).toBe(
        toHex(encode(['Signature1', fromHex('a10132'), utf8(aad), header])),
      );
    expect(() => signedBytes(header, 'Not A Network')).toThrow(TypeError);
  });

  const header = encode({ a: 'x'.repeat(300) });
  const envelope = writeEnvelope(header, new Uint8Array(64).fill(9));
  test('the envelope reads back', () => {
    const read = readEnvelope(envelope);
    expect(read).toMatchObject({ status: 'ok' });
    if (read.status === 'ok') expect(toHex(read.envelope.header)).toBe(toHex(header));
  });

  test.each([
    ['no tag', (b: number[]) => b.slice(1), 'block.malformed'],
    ['tag 98', (b: number[]) => [0xd8, 98, ...b.slice(1)], 'block.malformed'],
    ['tag 18 in two bytes', (b: number[]) => [0xd8, 18, ...b.slice(1)], 'block.malformed'],
    ['five items', (b: number[]) => [b[0]!, 0x85, ...b.slice(2)], 'block.bad_envelope'],
    ['indefinite array', (b: number[]) => [b[0]!, 0x9f, ...b.slice(2), 0xff], 'block.bad_envelope'],
    ['EdDSA (-8)', (b: number[]) => [...b.slice(0, 5), 0x27, ...b.slice(6)], 'block.bad_envelope'],
    [
      'alg in two bytes',
      (b: number[]) => [b[0]!, b[1]!, 0x44, 0xa1, 0x01, 0x38, 0x12, ...b.slice(6)],
      'block.bad_envelope',
    ],
    [
      'an unprotected entry',
      (b: number[]) => [...b.slice(0, 6), 0xa1, 0x04, 0x00, ...b.slice(7)],
      'block.bad_envelope',
    ],
    ['detached payload', (b: number[]) => [...b.slice(0, 7), 0xf6, ...b.slice(-66)], 'block.bad_envelope'],
    [
      'header length not shortest',
      (b: number[]) => [...b.slice(0, 7), 0x5a, 0, 0, ...b.slice(8)],
      'block.bad_envelope',
    ],
    ['signature of 63 bytes', (b: number[]) => [...b.slice(0, -65), 63, ...b.slice(-63)], 'block.malformed'],
    ['signature as text', (b: number[]) => [...b.slice(0, -66), 0x78, ...b.slice(-65)], 'block.bad_envelope'],
    ['cut short', (b: number[]) => b.slice(0, -1), 'block.malformed'],
    ['nothing', () => [], 'block.malformed'],
  ])('refuses %s', (_what, change, code) => {
    expect(readEnvelope(Uint8Array.from(change([...envelope])))).toMatchObject({ status: 'rejected', code });
  });
});
