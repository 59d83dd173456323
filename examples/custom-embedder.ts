import { openMemory, type OpenOptions } from '@cosmicembeddings/sdk/agent';
import type { Embedder } from '@cosmicembeddings/sdk';

const WORDS = ['kiln', 'glaze', 'clay', 'ship', 'tide', 'harbour'];

/** Any model: a space that says what makes its vectors comparable, and rows of unit length in the order of the texts. */
export const byWords: Embedder = {
  space: {
    model: 'example/six-words',
    revision: '1',
    weights: null,
    precision: null,
    dims: WORDS.length,
    metric: 'cosine',
    pooling: 'sum',
    normalized: true,
    query_prefix: null,
    passage_prefix: null,
    max_tokens: null,
    endpoint: null,
  },
  embed: (texts) => {
    const vectors = texts.map((text) => {
      const row = Float32Array.from(WORDS, (word) => 0.01 + text.toLowerCase().split(word).length - 1);
      const length = Math.hypot(...row);
      return row.map((x) => x / length);
    });
    return Promise.resolve({ vectors, truncated: texts.map(() => false), tokens: texts.map(() => null) });
  },
};

/** A memory in the embedder's own space: nothing but the embedder changes. */
export async function harbourNews(options: OpenOptions): Promise<string | undefined> {
  const memory = await openMemory({ ...options, embedder: byWords });
  await memory.remember(['The clay rests before the kiln.', 'Ships wait for the tide in the harbour.']);
  const [hit] = await memory.search('when does the tide let ships in?');
  return hit?.text;
}
