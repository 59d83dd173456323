import { compareBytes, fromBase32, fromBase58, toBase32, toBase58 } from '../bytes.js';

/** Multicodec numbers that a block's CIDs use. */
export const DAG_CBOR = 0x71;
export const RAW = 0x55;
const SHA2_256 = 0x12;
const DIGEST_BYTES = 32;

/** A plug-in may bring a copy of this SDK along: a CID is one whichever of them made it. */
const IS_CID = Symbol.for('cosmicembeddings.cid');

/**
 * A content identifier (CID, multiformats). Binary inside; `text` is its canonical spelling: base32 for
 * version 1 (`bafyrei…` for our blocks), base58btc for version 0. Immutable.
 */
export class Cid {
  static [Symbol.hasInstance](value: unknown): boolean {
    return (value as { readonly [IS_CID]?: true } | null | undefined)?.[IS_CID] === true;
  }

  private spelled: string | undefined;

  constructor(readonly bytes: Uint8Array) {}

  get [IS_CID](): true {
    return true;
  }

  get text(): string {
    return (this.spelled ??= this.bytes[0] === 1 ? 'b' + toBase32(this.bytes) : toBase58(this.bytes));
  }

  /** The sha2-256 digest when this is a CIDv1 of `dag-cbor` or `raw`; else undefined. Shares the memory of `bytes`. */
  get digest(): Uint8Array | undefined {
    return isBlockCid(this.bytes) ? this.bytes.subarray(4) : undefined;
  }

  get codec(): number | undefined {
    return this.bytes[0] === 1 ? this.bytes[1] : undefined;
  }

  equals(other: Cid): boolean {
    return compareBytes(this.bytes, other.bytes) === 0;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): { '/': string } {
    return { '/': this.text };
  }
}

/** CIDv1, sha2-256. `digest`: 32 bytes. */
export function cidOf(codec: typeof DAG_CBOR | typeof RAW, digest: Uint8Array): Cid {
  if (digest.length !== DIGEST_BYTES) throw new RangeError(`digest: expected 32 bytes, got ${digest.length}`);
  const bytes = new Uint8Array(4 + DIGEST_BYTES);
  bytes[0] = 1;
  bytes[1] = codec;
  bytes[2] = SHA2_256;
  bytes[3] = DIGEST_BYTES;
  bytes.set(digest, 4);
  return new Cid(bytes);
}

/** Is this the binary form of a CIDv1 with sha2-256 and codec `dag-cbor` or `raw`? */
export function isBlockCid(bytes: Uint8Array): boolean {
  return (
    bytes.length === 4 + DIGEST_BYTES &&
    bytes[0] === 1 &&
    (bytes[1] === DAG_CBOR || bytes[1] === RAW) &&
    bytes[2] === SHA2_256 &&
    bytes[3] === DIGEST_BYTES
  );
}

/** Is this the binary form of some CID (version 0 or 1 with well-formed varints and the digest's length)? */
export function isCid(bytes: Uint8Array): boolean {
  if (bytes.length === 34 && bytes[0] === SHA2_256 && bytes[1] === DIGEST_BYTES) return true;
  let at = 0;
  const fields: number[] = [];
  for (let field = 0; field < 4; field++) {
    let value = 0;
    let shift = 1;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 2 ** 49) return false;
      value += (byte & 127) * shift;
      if (byte < 128) {
        if (byte === 0 && shift > 1) return false;
        break;
      }
      shift *= 128;
    }
    fields.push(value);
  }
  return fields[0] === 1 && bytes.length - at === fields[3];
}

/**
 * Parses the one canonical text of a CID: `b` + base32 (version 1) or base58btc (version 0).
 * @throws SyntaxError for any other spelling.
 */
export function parseCid(text: string): Cid {
  const bytes = text.startsWith('b') ? fromBase32(text.slice(1)) : text.startsWith('Qm') ? fromBase58(text) : undefined;
  if (bytes === undefined || !isCid(bytes) || (text.startsWith('b') && bytes[0] !== 1))
    throw new SyntaxError(`not a CID: ${text.slice(0, 80)}`);
  return new Cid(bytes);
}
