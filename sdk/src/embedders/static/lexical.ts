import { integerSqrt } from './integers.js';

export const LEXICAL_DIMS = 128;

/**
 * The computed part of a word's vector: its 3- and 4-grams hashed into 128 dimensions, rare grams counting more; brought
 * to length 4096. `out` gets the 128 whole numbers.
 */
export function lexicalUnit(word: string, gramWeights: Uint8Array, out: Int32Array): void {
  const marked = `<${word}>`;
  const chars = isPlain(marked) ? undefined : Array.from(marked);
  const length = chars?.length ?? marked.length;
  out.fill(0);
  for (let size = 3; size <= 4; size++)
    for (let at = 0; at + size <= length; at++) {
      const hash = hashOf(marked, chars, at, size);
      const weight = gramWeights[hash & 0xffff]!;
      out[(hash >>> 16) & 127]! += (hash >>> 23) & 1 ? -weight : weight;
    }
  let squares = 0;
  for (let i = 0; i < LEXICAL_DIMS; i++) squares += out[i]! * out[i]!;
  if (squares === 0) return;
  const norm = integerSqrt(squares * 65536);
  for (let i = 0; i < LEXICAL_DIMS; i++) out[i] = Math.floor((out[i]! * 1048576) / norm + 0.5);
}

function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0xd800) return false;
  return true;
}

/** FNV-1a over the characters' code points, then mixed, 32 bits. */
function hashOf(text: string, chars: readonly string[] | undefined, at: number, size: number): number {
  let hash = 0x811c9dc5;
  for (let i = at; i < at + size; i++)
    hash = Math.imul(hash ^ (chars === undefined ? text.charCodeAt(i) : chars[i]!.codePointAt(0)!), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}
