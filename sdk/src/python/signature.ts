import { concatBytes, fromBase64, utf8 } from '../bytes.js';
import type { Verify } from '../crypto/ed25519.js';
import { rejected, type Rejected } from '../errors.js';
import { dumps } from './dumps.js';
import type { PyDict, PyValue } from './read.js';

/** The two shapes of version-1 blocks: the Python SDK's own, and the block specification's. */
export type PythonShape = 'sdk' | 'specification';

export function shapeOf(block: PyDict): PythonShape {
  return block.has('embedding') || (block.has('input_type') && !block.has('embeddings')) ? 'specification' : 'sdk';
}

/** Fields that the original tools add after signing; in the specification's shape only the id. */
const LATE: Readonly<Record<PythonShape, readonly string[]>> = {
  sdk: ['id', 'created_by', 'cosmo_signature', 'cosmo_hash', 'cosmic_signature', 'cosmic_hash'],
  specification: ['id'],
};

export interface PythonSignature {
  readonly status: 'ok';
  readonly publicKey: Uint8Array;
  /** What was signed: `json.dumps(block, sort_keys=True)` of the covered fields, UTF-8. */
  readonly signingBytes: Uint8Array;
  /** Fields of the text that the signature does not cover, `signature` and `public_key` apart. */
  readonly uncovered: readonly string[];
}

/**
 * Tries the text without `signature` and `public_key`, then also without each subset of the late fields, smallest
 * first; the first that verifies wins. A signature made with `public_key` inside is invalid.
 */
export function checkSignature(block: PyDict, verify: Verify): PythonSignature | Rejected {
  const publicKey = keyBytes(block.get('public_key'), 32);
  const signature = keyBytes(block.get('signature'), 64);
  if (block.get('signature') === undefined) return rejected('block.unsigned', 'the block has no signature');
  if (publicKey === undefined) return rejected('block.bad_signature', 'public_key is not 32 bytes of canonical base64');
  if (signature === undefined) return rejected('block.bad_signature', 'signature is not 64 bytes of canonical base64');
  const late = LATE[shapeOf(block)].filter((field) => block.has(field));
  for (const uncovered of subsets(late)) {
    const signingBytes = utf8(dumps(without(block, uncovered)));
    if (verify(signature, signingBytes, publicKey)) return { status: 'ok', publicKey, signingBytes, uncovered };
  }
  return rejected('block.bad_signature', 'no set of covered fields fits the signature');
}

/** What the id of a version-1 block is the hash of: independent of spaces and key order in the text. */
export function identityBytes(signature: PythonSignature): Uint8Array {
  return concatBytes(signature.signingBytes, signature.publicKey);
}

function keyBytes(value: PyValue | undefined, length: number): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    const bytes = fromBase64(value);
    return bytes.length === length ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function without(block: PyDict, fields: readonly string[]): PyDict {
  const covered = new Map(block);
  for (const field of ['signature', 'public_key', ...fields]) covered.delete(field);
  return covered;
}

function subsets(fields: readonly string[]): string[][] {
  const all = Array.from({ length: 1 << fields.length }, (_, bits) => fields.filter((_, i) => (bits & (1 << i)) !== 0));
  return all.sort((a, b) => a.length - b.length);
}
