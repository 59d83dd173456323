import { CosmicError } from '../../errors.js';
import type { Embedded, Embedder } from '../../ports/index.js';
import type { SpaceDescriptor } from '../../space/descriptor.js';
import type { Table } from './file.js';
import { unitVector } from './integers.js';
import { LEXICAL_DIMS } from './lexical.js';
import type { Tokens } from './tokens.js';
import { Words, type Reading, type Word } from './words.js';

/** What an embedder reads texts by. */
export interface StaticModel {
  readonly table: Table;
  tokensOf(text: string): Tokens;
  readonly reading: Reading;
}

/**
 * An embedder that sums the vectors of words. Same bits on every engine. `embed` throws input.empty for a text without any
 * letter, digit or emoji: such a text has no meaning to embed. `readModel` is called with the first text: whoever only has an
 * embedder at hand does not wait for its tables.
 */
export function createStaticEmbedder(space: SpaceDescriptor, readModel: () => StaticModel): Embedder {
  let embedding: ((texts: readonly string[], signal?: AbortSignal) => Embedded) | undefined;
  return {
    space,
    embed: async (texts, { signal }): Promise<Embedded> => (embedding ??= embeddingBy(readModel()))(texts, signal),
  };
}

function embeddingBy({ table, tokensOf, reading }: StaticModel) {
  const words = new Words(table, reading);
  const sums = new Float64Array(table.semanticDims + LEXICAL_DIMS);
  const met: Word[] = [];

  function vectorOf(tokens: readonly string[]): Float32Array {
    met.length = 0;
    for (const token of tokens) {
      const word = words.of(token);
      if (word.count++ === 0) met.push(word);
    }
    sums.fill(0);
    for (const word of met) {
      const factor = table.counts[Math.min(word.count, table.counts.length) - 1]!;
      const { vector } = word;
      for (let i = 0; i < sums.length; i++) sums[i]! += factor * vector[i]!;
      word.count = 0;
    }
    words.trim();
    return unitVector(sums);
  }

  return (texts: readonly string[], signal?: AbortSignal): Embedded => {
    const vectors: Float32Array[] = [];
    const truncated: boolean[] = [];
    const counts: number[] = [];
    for (let i = 0; i < texts.length; i++) {
      if (i % 1024 === 0) signal?.throwIfAborted();
      const read = tokensOf(texts[i]!);
      if (read.tokens.length === 0) throw new CosmicError('input.empty', `text ${i} holds no letter, digit or emoji`);
      vectors.push(vectorOf(read.tokens));
      truncated.push(read.truncated);
      counts.push(read.tokens.length);
    }
    return { vectors, truncated, tokens: counts };
  };
}
