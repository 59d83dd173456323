import { CosmicError } from '../errors.js';
import type { Embedder } from '../ports/index.js';
import { spaceNamed } from '../space/index.js';

/** An embedding model of LlamaIndex.TS. */
export interface LlamaEmbedding {
  readonly model?: string;
  getTextEmbedding(text: string): Promise<number[]>;
  getTextEmbeddings?(texts: string[]): Promise<number[][]>;
  getQueryEmbedding(query: { type: 'text'; text: string }): Promise<number[] | null>;
}

/**
 * A model of LlamaIndex as the embedder of `openMemory`; nothing is known of it but its name and dimensions. One text is
 * embedded to learn these. @throws CosmicError embedder.bad_answer; what the model throws
 */
export async function embedderOf(embedModel: LlamaEmbedding, model?: string): Promise<Embedder> {
  const name = model ?? embedModel.model ?? embedModel.constructor.name;
  const row = (numbers: number[] | null): Float32Array => {
    if (numbers === null || numbers.length === 0)
      throw new CosmicError('embedder.bad_answer', `${name}: a vector without numbers`);
    return Float32Array.from(numbers);
  };
  const probe = row(await embedModel.getTextEmbedding('How many dimensions are there?'));
  const ofTexts = (texts: string[]): Promise<number[][]> =>
    embedModel.getTextEmbeddings?.(texts) ?? Promise.all(texts.map((text) => embedModel.getTextEmbedding(text)));
  return {
    space: spaceNamed(`llamaindex:${name}`.slice(0, 256), probe.length),
    embed: async (texts, { role }) => ({
      vectors:
        role === 'query'
          ? await Promise.all(
              texts.map(async (text) => row(await embedModel.getQueryEmbedding({ type: 'text', text }))),
            )
          : (await ofTexts([...texts])).map(row),
      truncated: texts.map(() => false),
      tokens: texts.map(() => null),
    }),
  };
}
