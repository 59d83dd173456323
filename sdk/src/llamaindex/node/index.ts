import { openMemory } from '../../agent/node/index.js';
import type { OpenOptions } from '../../agent/types.js';
import { embedderOf, type LlamaEmbedding } from '../embedder.js';
import { CosmicVectorStore, type LlamaIndexParts, type LlamaNode } from '../store.js';

export * from '../index.js';

export interface LlamaStoreOptions extends Omit<OpenOptions, 'embedder'> {
  /** Name of the embedding model: what tells this space from others of as many dimensions. Default: that of the model. */
  readonly model?: string;
}

/**
 * A vector store with Node's way to open one: the keys of the `cosmic` command. `parts`: all of `llamaindex`, or of
 * `@llamaindex/core/vector-store`. @throws CosmicError as `openMemory`
 */
export async function openVectorStore<Node extends LlamaNode, Model extends LlamaEmbedding>(
  parts: LlamaIndexParts<Node>,
  embedModel: Model,
  options: LlamaStoreOptions = {},
): Promise<CosmicVectorStore<Node, Model>> {
  const { model, ...rest } = options;
  const embedder = await embedderOf(embedModel, model);
  const memory = await openMemory({ collection: 'llamaindex', ...rest, embedder });
  return new CosmicVectorStore(parts, { memory, embedModel });
}
