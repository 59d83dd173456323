import * as ed from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../bytes.js';
import { isSoundEncoding, isSoundSignature } from './sound.js';

/**
 * Ed25519 (RFC 8032) under one rule for all verifiers, libsodium's: A and R decode canonically and are not of small
 * order, S < L, and R' = [S]B − [k]A, the cofactor not cleared, encodes to R byte for byte. (specs/identity.md)
 * Inputs of a wrong length are `false`, never a throw.
 */
export type Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;

ed.hashes.sha512 = (message) => sha512(message);

const L = 2n ** 252n + 27742317777372353535851937790883648493n;

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

function pointOf(bytes: Uint8Array): ed.Point | undefined {
  try {
    return ed.Point.fromBytes(bytes, false);
  } catch {
    return undefined;
  }
}

/** Does a public key meet the rule: on the curve, canonical, not of small order? */
export function isSoundPoint(bytes: Uint8Array): boolean {
  return isSoundEncoding(bytes) && pointOf(bytes) !== undefined;
}

/** The portable verifier. */
export const verify: Verify = (signature, message, publicKey) => {
  if (!isSoundSignature(signature, publicKey)) return false;
  const a = pointOf(publicKey);
  const r = pointOf(signature.subarray(0, 32));
  if (a === undefined || r === undefined) return false;
  const s = littleEndian(signature.subarray(32));
  const k = littleEndian(sha512(concatBytes(signature.subarray(0, 32), publicKey, message))) % L;
  const sB = s === 0n ? ed.Point.ZERO : ed.Point.BASE.multiply(s, false);
  const kA = k === 0n ? ed.Point.ZERO : a.multiply(k, false);
  return sB.add(kA.negate()).equals(r);
};

/** RFC 8032 section 5.1.6. `seed`: 32 bytes → signature, 64 bytes. */
export function sign(message: Uint8Array, seed: Uint8Array): Uint8Array {
  return ed.sign(message, seed);
}

/** `seed`: 32 bytes → public key, 32 bytes. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  return ed.getPublicKey(seed);
}
