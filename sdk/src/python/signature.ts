import { concatBytes, fromBase64, utf8 } from '../bytes.js';
import type { Verify } from '../crypto/ed25519.js';
import { rejected, type Rejected } from '../errors.js';
import { compareCodePoints, dumps } from './dumps.js';
import type { PyDict, PyValue } from './read.js';

/** The two shapes of version-1 blocks: the Python SDK's own, and the block specification's. */
export type PythonShape = 'sdk' | 'specification';

export function shapeOf(block: PyDict): PythonShape {
  return block.has('embedding') || (block.has('input_type') && !block.has('embeddings')) ? 'specification' : 'sdk';
}

/**
 * What the original tools add after signing, in the steps in which they do: a sky stamp always comes whole. In the
 * specification's shape only the id.
 */
const LATE: Readonly<Record<PythonShape, readonly (readonly string[])[]>> = {
  sdk: [['id'], ['created_by'], ['cosmo_signature', 'cosmo_hash', 'cosmic_signature', 'cosmic_hash']],
  specification: [['id']],
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
 * Tries the text without `signature` and `public_key`, then also without what some of the late steps added, fewest steps
 * first; the first that verifies wins. A signature made with `public_key` inside is invalid. Each field is written once,
 * so that a try costs a hash of the text: eight at most.
 */
export function checkSignature(block: PyDict, verify: Verify): PythonSignature | Rejected {
  const publicKey = keyBytes(block.get('public_key'), 32);
  const signature = keyBytes(block.get('signature'), 64);
  if (block.get('signature') === undefined) return rejected('block.unsigned', 'the block has no signature');
  if (publicKey === undefined) return rejected('block.bad_signature', 'public_key is not 32 bytes of canonical base64');
  if (signature === undefined) return rejected('block.bad_signature', 'signature is not 64 bytes of canonical base64');
  const steps = LATE[shapeOf(block)]
    .map((step) => step.filter((field) => block.has(field)))
    .filter((step) => step.length > 0);
  const pieces = piecesOf(block, new Set(steps.flat()));
  for (const uncovered of subsets(steps)) {
    const signingBytes = joined(pieces, uncovered);
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

/** A late field, or all that stands between two of them: `"key": value` as Python writes it, in Python's order of keys. */
interface Piece {
  readonly late: string | undefined;
  readonly text: string;
}

function piecesOf(block: PyDict, late: ReadonlySet<string>): Piece[] {
  const pieces: Piece[] = [];
  let between: string[] = [];
  const close = (): void => {
    if (between.length > 0) pieces.push({ late: undefined, text: between.join(', ') });
    between = [];
  };
  for (const name of [...block.keys()].sort(compareCodePoints)) {
    if (name === 'signature' || name === 'public_key') continue;
    const text = `${dumps(name)}: ${dumps(block.get(name)!)}`;
    if (!late.has(name)) between.push(text);
    else {
      close();
      pieces.push({ late: name, text });
    }
  }
  close();
  return pieces;
}

function joined(pieces: readonly Piece[], without: readonly string[]): Uint8Array {
  const kept = pieces.filter(({ late }) => late === undefined || !without.includes(late));
  return utf8(`{${kept.map(({ text }) => text).join(', ')}}`);
}

/** The fields of each subset of steps, fewest steps first. */
function subsets(steps: readonly (readonly string[])[]): string[][] {
  const all = Array.from({ length: 1 << steps.length }, (_, bits) => steps.filter((_, i) => (bits & (1 << i)) !== 0));
  return all.sort((a, b) => a.length - b.length).map((chosen) => chosen.flat());
}
