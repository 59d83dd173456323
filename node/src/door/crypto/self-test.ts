import { fromHex, utf8, type Verify } from '@cosmicembeddings/sdk';

/**
 * Signatures on which lenient and strict libraries part ways, made for this purpose: a verifier that misjudges one is
 * not used. The two points in them have a part of order 8, which a cofactored verification would not notice.
 */
const cases: readonly { what: string; valid: boolean; key: string; message: string; signature: string }[] = [
  {
    what: 'ordinary',
    valid: true,
    key: '84498000538028bd0181ffa964fddd2ad9081acbce2c76c3501ddb0dbf9b9e41',
    message: 'one rule',
    signature:
      '843e894b33d614d77ef7957b7935ecf6255562041ae26f5e65d2acf024411f8864abd4ef1d9ec6a72488ff6493e0c667aa58a4b0bd55de1f05d6ea70e6b68b02',
  },
  {
    what: 'A of mixed order, equation holds without the cofactor',
    valid: true,
    key: 'c984e5e29fd8cb70b27e0ddb9b5eb84a555ba0aedd296197226a1d3576be68f4',
    message: 'mixed 4',
    signature:
      '843e894b33d614d77ef7957b7935ecf6255562041ae26f5e65d2acf024411f88166ad1b99934e6a03045bae662c4748137d02a8f7c9c79035a0a30a596799c0e',
  },
  {
    what: 'A of mixed order, equation holds with the cofactor only',
    valid: false,
    key: 'c984e5e29fd8cb70b27e0ddb9b5eb84a555ba0aedd296197226a1d3576be68f4',
    message: 'residue 0',
    signature:
      '843e894b33d614d77ef7957b7935ecf6255562041ae26f5e65d2acf024411f888922ad62a4d109e934b209f50ba633042b75d2b90c5e4e16f4cfde38055d310b',
  },
  {
    what: 'R of mixed order',
    valid: false,
    key: '84498000538028bd0181ffa964fddd2ad9081acbce2c76c3501ddb0dbf9b9e41',
    message: 'torsion in R',
    signature:
      'cb44d07e9d617482336fe39d19e90fdfb44b3efaa441c18305838e37caabba5fb7af984e3a200a95315e79e3ec71ad2158d1f7755c23942ea7e9525e7d64810e',
  },
  {
    what: 'S not reduced',
    valid: false,
    key: '84498000538028bd0181ffa964fddd2ad9081acbce2c76c3501ddb0dbf9b9e41',
    message: 'one rule',
    signature:
      '843e894b33d614d77ef7957b7935ecf6255562041ae26f5e65d2acf024411f88517fca4c3801d9fffa24f70772daa57caa58a4b0bd55de1f05d6ea70e6b68b12',
  },
  {
    what: 'A of small order',
    valid: false,
    key: '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    message: 'small A 13',
    signature:
      '843e894b33d614d77ef7957b7935ecf6255562041ae26f5e65d2acf024411f883376662f0d874c831fc7ee8b41e3f69f1ac14f62f76f3ceb2ea1198aea0be00b',
  },
];

/** @throws Error naming the case that `verify` misjudges */
export function assertRule(verify: Verify): void {
  for (const { what, valid, key, message, signature } of cases) {
    if (verify(fromHex(signature), utf8(message), fromHex(key)) !== valid) throw new Error(`self-test failed: ${what}`);
  }
}
