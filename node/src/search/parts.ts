import type { BlockStore, Catalogue, Clock, Cursor, Embedder, Registry, TextIndex } from '@cosmicembeddings/sdk';

/** One row of a space's answer. */
export interface VectorHit {
  readonly label: number;
  /** Exact similarity of query and row. */
  readonly score: number;
  /** What the guard takes off before rows are ordered; absent where it takes nothing. */
  readonly demotion?: number;
}

/** Mean and spread of a query's similarities to a space's background sample of `n` rows. */
export interface Background {
  readonly mean: number;
  readonly spread: number;
  readonly n: number;
}

export interface VectorAnswer {
  /** At most k, best (score − demotion) first. */
  readonly hits: readonly VectorHit[];
  readonly indexedTo: Cursor;
  /** Absent while the space is too small to have a sample, or where none is kept. */
  readonly background?: Background;
}

/** What a search needs of the vector index: the rows of every space behind one call. An unknown space answers no hits. */
export interface VectorSearch {
  search(space: string, query: Float32Array, k: number, options?: { readonly allow?: Uint8Array; readonly background?: boolean; readonly signal?: AbortSignal }): Promise<VectorAnswer>;
}

/** How much each part of a hybrid score counts; bench/search-quality chose the defaults. */
export interface Weights {
  readonly vectors: number;
  readonly words: number;
}

export const defaultWeights: Weights = { vectors: 1, words: 0.5 };

export interface SearchParts {
  readonly store: Pick<BlockStore, 'get' | 'head'>;
  readonly catalogue: Catalogue;
  readonly text: TextIndex;
  readonly vectors: VectorSearch;
  /** Embedders at hand, at most one a space. */
  readonly embedders: () => Promise<readonly Embedder[]>;
  /** Bitset of the row labels that stay out of answers; a changed set is another buffer. */
  readonly hidden: () => Uint8Array;
  /** Is this block, which has no rows, to stay out of answers? */
  readonly isHidden?: (id: string) => boolean;
  /** Default: the core's kinds. */
  readonly registry?: Registry;
  readonly clock: Pick<Clock, 'now'>;
  readonly weights?: Partial<Weights>;
  /** Memory for decoded hits. Default 32 MiB. */
  readonly cacheMaxBytes?: number;
}
