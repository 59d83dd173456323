import { hmac } from '@noble/hashes/hmac.js';
import { sha256 as portableSha256 } from '@noble/hashes/sha2.js';

/** SHA-256 (FIPS 180-4); a host may hand in a faster one with the same results. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export const sha256: Sha256 = (bytes) => portableSha256(bytes);

/** HMAC with SHA-256 (RFC 2104) → 32 bytes. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(portableSha256, key, message);
}
