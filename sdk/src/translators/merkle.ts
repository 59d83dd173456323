import { concatBytes, utf8 } from '../bytes.js';
import { sha256 } from '../crypto/hash.js';
import type { Pair } from './parameters.js';

/**
 * Root over pairs in the order given, as of RFC 9162 section 2.1.1. A leaf is the pair's reference, then both vectors as
 * little-endian float32: whoever has the pairs can tell whether these were the anchors.
 */
export function anchorsRoot(pairs: readonly Pair[]): Uint8Array {
  return pairs.length === 0 ? sha256(utf8('')) : root(pairs.map(leafOf));
}

function leafOf({ reference, from, to }: Pair): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(0), reference, bytesOf(from), bytesOf(to)));
}

function root(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(concatBytes(Uint8Array.of(1), root(leaves.slice(0, split)), root(leaves.slice(split))));
}

function bytesOf(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * vector.length);
  const view = new DataView(bytes.buffer);
  vector.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return bytes;
}
