import { CosmicError, type Embedder, type SpaceDescriptor } from '@cosmicembeddings/sdk';

/** Texts into vectors, as many at a time as take a moment. */
export interface Texts {
  readonly space: SpaceDescriptor;
  /** Characters that were embedded in so much time, by what was measured; always some. */
  inMs(ms: number): number;
  /** Undefined for a text that has no vector (no token in it). @throws CosmicError embedder.unavailable */
  embed(texts: readonly string[]): Promise<(Float32Array | undefined)[]>;
}

const FIRST_CHARS = 8_000;
const LEAST_CHARS = 500;
const MOST_CHARS = 200_000;

export function createTexts(embedder: Embedder, nowMs: () => number = () => performance.now()): Texts {
  let charsPerMs = FIRST_CHARS / 25;
  return {
    space: embedder.space,
    inMs: (ms) => Math.max(LEAST_CHARS, Math.min(MOST_CHARS, charsPerMs * ms)),
    embed: async (texts) => {
      if (texts.length === 0) return [];
      const startedMs = nowMs();
      const vectors = await embedAll(embedder, texts);
      const chars = texts.reduce((sum, text) => sum + text.length + 20, 0);
      const seen = chars / Math.max(0.1, nowMs() - startedMs);
      charsPerMs = 0.7 * charsPerMs + 0.3 * seen;
      return vectors;
    },
  };
}

/** A text that cannot be embedded must not take the others with it. */
async function embedAll(embedder: Embedder, texts: readonly string[]): Promise<(Float32Array | undefined)[]> {
  try {
    const { vectors } = await embedder.embed(texts, { role: 'passage' });
    return vectors.map((vector) => (vector.some((x) => x !== 0) ? vector : undefined));
  } catch (error) {
    if (!(error instanceof CosmicError) || error.code === 'embedder.unavailable') throw error;
    if (texts.length === 1) return [undefined];
    const vectors: (Float32Array | undefined)[] = [];
    for (const text of texts) vectors.push(...(await embedAll(embedder, [text])));
    return vectors;
  }
}
