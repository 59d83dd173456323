import { fromBase58, toBase58 } from '../bytes.js';
import { publicKeyOf, sign } from './ed25519.js';

/** An author's name: `did:key:z6Mk…`, the did:key of an Ed25519 public key. */
export type Did = `did:key:z${string}`;

/** The signing half of an identity; implementations may ask a file, an agent or hardware. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Ed25519 over `message` → 64 bytes. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

const MULTICODEC_ED25519 = [0xed, 0x01];

/** `publicKey`: 32 bytes. */
export function didOf(publicKey: Uint8Array): Did {
  return `did:key:z${toBase58(Uint8Array.from([...MULTICODEC_ED25519, ...publicKey]))}`;
}

const known = new Map<string, Uint8Array>();

/** The 32-byte public key of a did:key, or undefined when it is none of an Ed25519 key in canonical spelling. */
export function publicKeyOfDid(did: string): Uint8Array | undefined {
  const cached = known.get(did);
  if (cached !== undefined) return cached;
  if (!did.startsWith('did:key:z') || did.length > 64) return undefined;
  try {
    const bytes = fromBase58(did.slice('did:key:z'.length));
    if (bytes.length !== 34 || bytes[0] !== MULTICODEC_ED25519[0] || bytes[1] !== MULTICODEC_ED25519[1])
      return undefined;
    const key = bytes.slice(2);
    if (didOf(key) !== did) return undefined;
    if (known.size >= 4096) known.clear();
    known.set(did, key);
    return key;
  } catch {
    return undefined;
  }
}

/** A signer that holds its 32-byte seed in memory. */
export function signerOfSeed(seed: Uint8Array): Signer {
  const kept = seed.slice();
  return { publicKey: publicKeyOf(kept), sign: (message) => sign(message, kept) };
}
