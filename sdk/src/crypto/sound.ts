import { fromHex } from '../bytes.js';

/**
 * The parts of the Ed25519 rule (specs/identity.md) that bytes alone decide, at the price of a comparison: canonical
 * y coordinate, not of small order, S < L. That A lies on the curve, and R with it, the verification itself shows.
 */

/** Is A or R canonical (y < 2^255 − 19, no negative zero) and not of small order? `bytes`: 32. */
export function isSoundEncoding(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  const top = bytes[31]! & 0x7f;
  if (top === 0x7f && bytes[0]! >= 0xec) {
    let all = true;
    for (let i = 1; i < 31 && all; i++) all = bytes[i] === 0xff;
    if (all) return false;
  }
  if (top === 0 && bytes[0]! <= 1) {
    let zero = true;
    for (let i = 1; i < 31 && zero; i++) zero = bytes[i] === 0;
    if (zero) return false;
  }
  return !isOrderEight(bytes, ORDER_EIGHT_A) && !isOrderEight(bytes, ORDER_EIGHT_B);
}

/*
 * The eight points of small order have y = 1 (order 1), −1 (order 2), 0 (order 4) and the two values below (order 8),
 * each with both signs of x. y = p − 1 and every y ≥ p are caught above by their first byte, 0xec or more.
 */
const ORDER_EIGHT_A = fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
const ORDER_EIGHT_B = fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');

function isOrderEight(bytes: Uint8Array, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (bytes[i] !== y[i]) return false;
  return (bytes[31]! & 0x7f) === y[31];
}

/** L = 2^252 + 27742317777372353535851937790883648493, least byte first. */
const L = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

/** Is S, the second half of a signature, below the group's order? `signature`: 64 bytes. */
export function isReducedScalar(signature: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = signature[32 + i]! - L[i]!;
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** All of the rule that needs no arithmetic on the curve. A verifier that does the rest runs behind it. */
export function isSoundSignature(signature: Uint8Array, publicKey: Uint8Array): boolean {
  return (
    signature.length === 64 &&
    isReducedScalar(signature) &&
    isSoundEncoding(publicKey) &&
    isSoundEncoding(signature.subarray(0, 32))
  );
}
