import { Document, type DocumentInterface } from '@langchain/core/documents';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import { maximalMarginalRelevance } from '@langchain/core/utils/math';
import { VectorStore, type MaxMarginalRelevanceSearchOptions } from '@langchain/core/vectorstores';
import type { Hit, Memory } from '../agent/index.js';
import { CosmicError } from '../errors.js';
import { flatten, nest, type Where } from '../metadata/index.js';

/** What `addDocuments` takes besides the documents. */
export interface AddOptions {
  readonly ids?: readonly string[];
}

/**
 * LangChain's vector store over a node: documents are signed blocks of one's own, hits are verified before they are given.
 * Scores are cosines, higher is better.
 */
export class CosmicVectorStore extends VectorStore {
  declare FilterType: Where;
  private readonly memory: Memory;

  constructor(embeddings: EmbeddingsInterface, args: { readonly memory: Memory }) {
    super(embeddings, args);
    this.memory = args.memory;
  }

  override _vectorstoreType(): string {
    return 'cosmicembeddings';
  }

  /** Ids in order: those given, else each document's own, else made from the content. */
  override async addDocuments(documents: DocumentInterface[], options: AddOptions = {}): Promise<string[]> {
    return this.add(documents, options);
  }

  override async addVectors(
    vectors: number[][],
    documents: DocumentInterface[],
    options: AddOptions = {},
  ): Promise<string[]> {
    return this.add(documents, options, vectors);
  }

  private async add(documents: DocumentInterface[], { ids }: AddOptions, vectors?: number[][]): Promise<string[]> {
    if (ids !== undefined && ids.length !== documents.length)
      throw new CosmicError('request.malformed', `${ids.length} ids for ${documents.length} documents`);
    const written = await this.memory.remember(
      documents.map(({ pageContent, metadata, id: own }, i) => {
        const id = ids?.[i] ?? own;
        return {
          text: pageContent,
          metadata: flatten(metadata as Record<string, unknown>),
          ...(id === undefined ? {} : { id }),
          ...(vectors === undefined ? {} : { vectors: [Float32Array.from(vectors[i]!)] }),
        };
      }),
    );
    return written.map(({ id }) => id);
  }

  override async delete(params: { readonly ids?: readonly string[]; readonly filter?: Where }): Promise<void> {
    const { ids, filter } = params;
    if (ids !== undefined && ids.length > 0) await this.memory.forget(ids);
    else if (filter !== undefined) await this.memory.forget({ where: filter });
    else if (ids === undefined) throw new CosmicError('memory.empty_filter', 'delete needs ids or a filter');
  }

  async getByIds(ids: readonly string[]): Promise<Document[]> {
    const found = await this.memory.get(ids);
    return found.flatMap((item) => (item === undefined ? [] : [documentOf(item)]));
  }

  override async similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: Where,
  ): Promise<[Document, number][]> {
    const hits = await this.nearest(Float32Array.from(query), k, filter);
    return hits.map((hit) => [documentOf(hit), hit.cosine ?? 0]);
  }

  override async maxMarginalRelevanceSearch(
    query: string,
    { k, fetchK = 20, lambda = 0.5, filter }: MaxMarginalRelevanceSearchOptions<Where>,
  ): Promise<Document[]> {
    const vector = await this.embeddings.embedQuery(query);
    const hits = await this.nearest(Float32Array.from(vector), fetchK, filter);
    const texts = hits.map(({ text = '' }) => text);
    const vectors = await this.embeddings.embedDocuments(texts);
    return maximalMarginalRelevance(vector, vectors, lambda, k).map((i) => documentOf(hits[i]!));
  }

  private async nearest(vector: Float32Array, k: number, where?: Where): Promise<Hit[]> {
    if (k < 1) return [];
    const found = await this.memory.search({ vector }, { k, ...(where === undefined ? {} : { where }) });
    return [...found];
  }
}

function documentOf({ id, text = '', metadata }: Pick<Hit, 'id' | 'text' | 'metadata'>): Document {
  return new Document({ id, pageContent: text, metadata: nest(metadata) });
}
