import { CosmicError } from '../errors.js';
import type { Embedded, Embedder } from '../ports/index.js';
import type { SpaceDescriptor } from '../space/descriptor.js';

const DIMS = 384;

/**
 * Hashed words and character n-grams: similar spelling, not similar meaning. Deterministic, offline, no data file. Two
 * texts are near when they share words or parts of words.
 */
export const lexicalSpace: SpaceDescriptor = {
  model: 'builtin/lexical',
  revision: '1',
  weights: null,
  precision: 'fp32',
  dims: DIMS,
  metric: 'cosine',
  pooling: 'sum',
  normalized: true,
  query_prefix: '',
  passage_prefix: '',
  max_tokens: null,
  endpoint: null,
};

export function createLexicalEmbedder(): Embedder {
  return {
    space: lexicalSpace,
    embed: async (texts): Promise<Embedded> => {
      const vectors: Float32Array[] = [];
      const tokens: number[] = [];
      texts.forEach((text, i) => {
        const words = wordsOf(text);
        if (words.length === 0) throw new CosmicError('input.empty', `text ${i} holds no letter or digit`);
        vectors.push(vectorOf(words));
        tokens.push(words.length);
      });
      return { vectors, tokens, truncated: texts.map(() => false) };
    },
  };
}

/** Lower case, compatibility forms and accents folded; runs of letters and digits of any script. */
function wordsOf(text: string): string[] {
  const folded = text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '');
  return folded.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Feature weight: a whole word counts 1, each of its n-grams a share, so that long words do not dominate. */
function vectorOf(words: readonly string[]): Float32Array {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const sums = new Float64Array(DIMS);
  for (const [word, count] of counts) {
    const weight = Math.sqrt(count);
    add(sums, `w:${word}`, weight);
    const grams = gramsOf(word);
    const share = weight / Math.sqrt(grams.length || 1);
    for (const gram of grams) add(sums, `g:${gram}`, share);
  }
  let squares = 0;
  for (const x of sums) squares += x * x;
  const vector = new Float32Array(DIMS);
  if (squares === 0) vector[0] = 1;
  else for (let i = 0; i < DIMS; i++) vector[i] = sums[i]! / Math.sqrt(squares);
  return vector;
}

function gramsOf(word: string): string[] {
  const marked = `<${word}>`;
  const grams: string[] = [];
  for (const n of [3, 4]) for (let i = 0; i + n <= marked.length; i++) grams.push(marked.slice(i, i + n));
  return grams;
}

/** Signed hashing into two dimensions a feature, which halves the noise of collisions. */
function add(sums: Float64Array, feature: string, weight: number): void {
  const hash = fnv1a(feature);
  const half = weight * Math.SQRT1_2;
  sums[hash % DIMS]! += (hash & 0x40000000) === 0 ? half : -half;
  const other = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  sums[other % DIMS]! += (other & 0x40000000) === 0 ? half : -half;
}

/** FNV-1a, 32 bits, over UTF-16 code units. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
