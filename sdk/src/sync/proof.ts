import { compareBytes, concatBytes, utf8 } from '../bytes.js';
import { hmacSha256, sha256 } from '../crypto/hash.js';
import { verify as portableVerify, type Verify } from '../crypto/ed25519.js';
import { publicKeyOfDid } from '../crypto/identity.js';

/** What this side brings to a handshake; all effects are handed in. */
export interface Prover {
  /** Dialled the other side, or was dialled. */
  readonly role: Role;
  /** 32 random bytes, used for this connection alone. */
  readonly nonce: Uint8Array;
  /** Ed25519 with this node's key → 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
  /** The address that was dialled, as its owner knows it. Dialler only. */
  readonly url?: string;
  /** The did:key that must answer there, where it is known. Dialler only. */
  readonly expects?: string;
  /**
   * 32 bytes that only both ends of the connection know. A dialler that has them demands that both proofs cover them; a
   * listener covers them where they are demanded.
   */
  readonly channel?: Uint8Array;
  /** Is this address one of this node's own? Listener only. */
  isOwnAddress?(url: string): boolean;
  /** Was this nonce given to any connection of this node? Then the connection leads back to it. */
  isOwnNonce?(nonce: Uint8Array): boolean;
  /** Nothing but a proven identity will do. */
  readonly required?: boolean;
  /** 32 bytes that all nodes of a private network hold. */
  readonly networkKey?: Uint8Array;
  readonly verify?: Verify;
}

export type Role = 'dialler' | 'listener';

export interface Proof {
  /** Ed25519 over the statement; empty from a listener that was dialled under an address which is none of its own. */
  readonly signature: Uint8Array;
  /** HMAC of the statement with the network's shared key, where there is one. */
  readonly mac?: Uint8Array;
}

/** The one binding to a connection that is spoken: RFC 9266. */
export const TLS_EXPORTER = 'tls-exporter';

const CONTEXT = 'cosmicembeddings/peer/2';

/**
 * What one side signs (specs/peer.md, *Proof of identity*): its role and both hellos byte for byte, and so both nonces, both
 * identities, network, version, the address dialled and the identity expected there. `channel`: what the connection itself is known by.
 */
export function statementOf(
  signer: Role,
  dialler: Uint8Array,
  listener: Uint8Array,
  channel: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return concatBytes(utf8(`${CONTEXT}\0${signer}\0`), sha256(dialler), sha256(listener), channel);
}

export function prove(statement: Uint8Array, prover: Prover, signed: boolean): Proof {
  const signature = signed ? prover.sign(statement) : new Uint8Array(0);
  return prover.networkKey === undefined ? { signature } : { signature, mac: hmacSha256(prover.networkKey, statement) };
}

/** Undefined when the signature is that of `did`. */
export function faultOf(
  proof: Proof,
  statement: Uint8Array,
  did: string,
  { networkKey, verify = portableVerify }: Pick<Prover, 'networkKey' | 'verify'>,
): string | undefined {
  if (networkKey !== undefined) {
    const expected = hmacSha256(networkKey, statement);
    // Whoever can compare times learns a prefix of a value that is never used again.
    if (proof.mac === undefined || compareBytes(proof.mac, expected) !== 0)
      return 'the shared key of this network is not held there';
  }
  if (proof.signature.length === 0) return undefined;
  return verify(proof.signature, statement, publicKeyOfDid(did)!) ? undefined : 'the signature is not that of its node';
}
