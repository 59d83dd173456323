import { CosmicError } from '../../errors.js';
import type { Embedded, Embedder } from '../../ports/index.js';
import { unitVector } from './integers.js';
import { LEXICAL_DIMS } from './lexical.js';
import { readModel } from './model.js';
import { englishSpace } from './space.js';
import { tokensOf } from './tokens.js';
import { Words, type Word } from './words.js';

/**
 * The built-in English embedder over the bytes of its model file (which must not change afterwards). Same bits on every
 * engine. `embed` throws input.empty for a text without any letter, digit or emoji: such a text has no meaning to embed.
 * @throws CosmicError embedder.unavailable when the bytes are another file
 */
export function createEnglishEmbedder(modelBytes: Uint8Array): Embedder {
  const model = readModel(modelBytes);
  const words = new Words(model);
  const sums = new Float64Array(model.semanticDims + LEXICAL_DIMS);
  const met: Word[] = [];
  const maxTokens = englishSpace.max_tokens!;

  function vectorOf(tokens: readonly string[]): Float32Array {
    met.length = 0;
    for (const token of tokens) {
      const word = words.of(token);
      if (word.count++ === 0) met.push(word);
    }
    sums.fill(0);
    for (const word of met) {
      const factor = model.counts[Math.min(word.count, model.counts.length) - 1]!;
      const { vector } = word;
      for (let i = 0; i < sums.length; i++) sums[i]! += factor * vector[i]!;
      word.count = 0;
    }
    words.trim();
    return unitVector(sums);
  }

  return {
    space: englishSpace,
    embed: async (texts, { signal }): Promise<Embedded> => {
      const vectors: Float32Array[] = [];
      const truncated: boolean[] = [];
      const counts: number[] = [];
      for (let i = 0; i < texts.length; i++) {
        if (i % 1024 === 0) signal?.throwIfAborted();
        const read = tokensOf(texts[i]!, model.fold, maxTokens);
        if (read.tokens.length === 0) throw new CosmicError('input.empty', `text ${i} holds no letter, digit or emoji`);
        vectors.push(vectorOf(read.tokens));
        truncated.push(read.truncated);
        counts.push(read.tokens.length);
      }
      return { vectors, truncated, tokens: counts };
    },
  };
}
