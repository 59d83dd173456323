import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import { CosmicError } from '../errors.js';
import type { Embedder } from '../ports/index.js';
import { spaceNamed } from '../space/index.js';

/** LangChain's embeddings as an embedder of a space of their own: nothing is known of the model but its name and dimensions. */
export async function embedderOf(embeddings: EmbeddingsInterface, model?: string): Promise<Embedder> {
  const named = embeddings as { readonly model?: unknown; readonly modelName?: unknown };
  const name = [model, named.model, named.modelName, embeddings.constructor.name].find(
    (one): one is string => typeof one === 'string' && one !== '',
  )!;
  const probe = await embeddings.embedQuery('How many dimensions are there?');
  if (probe.length === 0) throw new CosmicError('embedder.bad_answer', `${name}: a vector without numbers`);
  return {
    space: spaceNamed(`langchain:${name}`, probe.length),
    embed: async (texts, { role }) => {
      const rows =
        role === 'query' && texts.length === 1
          ? [await embeddings.embedQuery(texts[0]!)]
          : await embeddings.embedDocuments([...texts]);
      return {
        vectors: rows.map((row) => Float32Array.from(row)),
        truncated: texts.map(() => false),
        tokens: texts.map(() => null),
      };
    },
  };
}
