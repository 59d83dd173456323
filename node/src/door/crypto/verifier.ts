import { createPublicKey, verify as verifyNative, type KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';
import { CosmicError, fromHex, isSoundSignature, verify as verifyPortable, type Verify } from '@cosmicembeddings/sdk';
import { assertRule } from './self-test.js';

export type VerifierName = 'sodium' | 'node' | 'portable';

export interface Verifier {
  readonly name: VerifierName;
  readonly verify: Verify;
}

/**
 * A verifier under the one Ed25519 rule. `auto` takes the fastest that is installed and passes its self-test: libsodium,
 * then OpenSSL through `node:crypto`, then the portable one. A named one that cannot be had is an error.
 * @throws CosmicError config.malformed
 */
export function verifierOf(wanted: VerifierName | 'auto'): Verifier {
  const order: readonly VerifierName[] = wanted === 'auto' ? ['sodium', 'node', 'portable'] : [wanted];
  const reasons: string[] = [];
  for (const name of order) {
    try {
      const verifier = { name, verify: makers[name]() };
      assertRule(verifier.verify);
      return verifier;
    } catch (error) {
      reasons.push(`${name}: ${(error as Error).message}`);
    }
  }
  throw new CosmicError('config.malformed', `no usable Ed25519 verifier (${reasons.join('; ')})`);
}

const makers: Readonly<Record<VerifierName, () => Verify>> = {
  sodium: sodiumVerify,
  node: nodeVerify,
  portable: () => verifyPortable,
};

interface Sodium {
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

function sodiumVerify(): Verify {
  const sodium = createRequire(import.meta.url)('sodium-native') as Sodium;
  return (signature, message, publicKey) =>
    isSoundSignature(signature, publicKey) && sodium.crypto_sign_verify_detached(signature, message, publicKey);
}

/** Parsed keys are kept, as parsing costs a tenth of a verification and authors repeat. */
const KEYS_MAX = 4096;

function nodeVerify(): Verify {
  const keys = new Map<string, KeyObject>();
  const keyOf = (publicKey: Uint8Array): KeyObject => {
    const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString('latin1');
    let key = keys.get(name);
    if (key === undefined) {
      key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
      if (keys.size >= KEYS_MAX) keys.delete(keys.keys().next().value!);
      keys.set(name, key);
    }
    return key;
  };
  return (signature, message, publicKey) =>
    isSoundSignature(signature, publicKey) && verifyNative(null, message, keyOf(publicKey), signature);
}

/** DER head of a SubjectPublicKeyInfo for Ed25519 (RFC 8410 section 4); the 32 key bytes follow. */
const SPKI_PREFIX = fromHex('302a300506032b6570032100');
