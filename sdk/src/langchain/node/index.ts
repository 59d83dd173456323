import { Document, type DocumentInterface } from '@langchain/core/documents';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import { openMemory } from '../../agent/node/index.js';
import type { OpenOptions } from '../../agent/types.js';
import { embedderOf } from '../embedder.js';
import { CosmicVectorStore as AnyStore } from '../store.js';

export { embedderOf } from '../embedder.js';
export type { AddOptions } from '../store.js';

export interface CosmicStoreOptions extends Omit<OpenOptions, 'embedder'> {
  /** Name of the embedding model: what tells this space from others of as many dimensions. Default: that of the embeddings. */
  readonly model?: string;
}

/** The vector store with Node's way to open one: the keys of the `cosmic` command. */
export class CosmicVectorStore extends AnyStore {
  /** @throws CosmicError as `openMemory` */
  static async open(embeddings: EmbeddingsInterface, options: CosmicStoreOptions = {}): Promise<CosmicVectorStore> {
    const { model, ...rest } = options;
    const embedder = await embedderOf(embeddings, model);
    return new CosmicVectorStore(embeddings, {
      memory: await openMemory({ collection: 'langchain', ...rest, embedder }),
    });
  }

  static override async fromTexts(
    texts: string[],
    metadatas: object[] | object,
    embeddings: EmbeddingsInterface,
    options: CosmicStoreOptions = {},
  ): Promise<CosmicVectorStore> {
    const of = (i: number): object => (Array.isArray(metadatas) ? ((metadatas as object[])[i] ?? {}) : metadatas);
    const documents = texts.map((pageContent, i) => new Document({ pageContent, metadata: { ...of(i) } }));
    return CosmicVectorStore.fromDocuments(documents, embeddings, options);
  }

  static override async fromDocuments(
    documents: DocumentInterface[],
    embeddings: EmbeddingsInterface,
    options: CosmicStoreOptions = {},
  ): Promise<CosmicVectorStore> {
    const store = await CosmicVectorStore.open(embeddings, options);
    await store.addDocuments(documents);
    return store;
  }
}
