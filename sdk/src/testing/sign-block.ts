import { concatBytes } from '../bytes.js';
import { signedBytes, writeEnvelope } from '../block/envelope.js';
import { cidOf, DAG_CBOR } from '../codec/cid.js';
import { encode } from '../codec/encode.js';
import type { Value, ValueMap } from '../codec/value.js';
import { didOf } from '../crypto/identity.js';
import { publicKeyOf, sign } from '../crypto/ed25519.js';
import { sha256 } from '../crypto/hash.js';

export interface Draft {
  /** Header fields as they are to be encoded, however wrong; `created_by`, `body` and `body_bytes` are filled in where absent. */
  readonly header: ValueMap;
  /** A value to encode, bytes to take as they are, or null for a header-only block. */
  readonly body: ValueMap | Uint8Array | null;
  readonly seed: Uint8Array;
  readonly network: string;
}

/** A correctly signed block with whatever is wrong in it, for tests of everything behind the signature. */
export function signBlock({ header, body, seed, network }: Draft): Uint8Array {
  const bodyBytes = body === null ? undefined : body instanceof Uint8Array ? body : encode(body);
  const filled: Record<string, Value> = { created_by: didOf(publicKeyOf(seed)) };
  if (bodyBytes !== undefined) {
    filled['body'] = cidOf(DAG_CBOR, sha256(bodyBytes));
    filled['body_bytes'] = bodyBytes.length;
  }
  return signHeader(encode({ ...filled, ...header }), bodyBytes ?? null, seed, network);
}

/** As `signBlock` for header bytes that need not be a header at all. */
export function signHeader(header: Uint8Array, body: Uint8Array | null, seed: Uint8Array, network: string): Uint8Array {
  return concatBytes(writeEnvelope(header, sign(signedBytes(header, network), seed)), body ?? Uint8Array.of(0xf6));
}
