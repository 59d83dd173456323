import { fromBase64, toBase64, utf8 } from '../bytes.js';
import type { Author, CreatedBlock, NewBlock } from '../block/create.js';
import { createBlock } from '../block/create.js';
import { publicKeyOf, sign, verify } from '../crypto/ed25519.js';
import { signerOfSeed, type Signer as SigningKey } from '../crypto/identity.js';
import { CosmicError } from '../errors.js';
import { dumps } from './dumps.js';
import { readPythonJson, type PyDict, type PyValue } from './read.js';
import { checkSignature } from './signature.js';

/** The Python `Signer`: keys as base64, version-1 blocks signed in place of their text; version 2 through `signDraft`. */
export class Signer {
  private constructor(private readonly seed: Uint8Array) {}

  /** `seed`: 32 bytes; random ones make a new identity. */
  static fromSeed(seed: Uint8Array): Signer {
    if (seed.length !== 32) throw new CosmicError('key.malformed', `a seed has 32 bytes, got ${seed.length}`);
    return new Signer(seed.slice());
  }

  /** A new identity from 32 bytes of the platform's randomness. */
  static generate(random: (bytes: Uint8Array) => Uint8Array = (bytes) => crypto.getRandomValues(bytes)): Signer {
    return new Signer(random(new Uint8Array(32)));
  }

  static fromPrivateKey(base64: string): Signer {
    return Signer.fromSeed(fromBase64(base64));
  }

  getPublicKey(): string {
    return toBase64(publicKeyOf(this.seed));
  }

  getPrivateKey(): string {
    return toBase64(this.seed);
  }

  /** The signing half as the rest of the SDK takes it. */
  get key(): SigningKey {
    return signerOfSeed(this.seed);
  }

  /** Version 1: the text of `block` with signature and public key, as `json.dumps` would print it in insertion order. */
  signBlock(block: PyDict): PyDict {
    const unsigned = new Map(block);
    unsigned.delete('signature');
    unsigned.delete('public_key');
    const signature = sign(utf8(dumps(unsigned)), this.seed);
    return new Map<string, PyValue>([
      ...unsigned,
      ['signature', toBase64(signature)],
      ['public_key', this.getPublicKey()],
    ]);
  }

  /** Version 2: a draft made by `BlockBuilder`, signed. */
  signDraft(draft: NewBlock, author: Omit<Author, 'signer'>): Promise<CreatedBlock> {
    return createBlock(draft, { ...author, signer: this.key });
  }

  /** Version 1: does the signature of this text or block verify? Never throws. */
  static verifyBlock(block: string | PyDict): boolean {
    try {
      const value = typeof block === 'string' ? readPythonJson(block) : block;
      return value instanceof Map && checkSignature(value as PyDict, verify).status === 'ok';
    } catch {
      return false;
    }
  }
}
