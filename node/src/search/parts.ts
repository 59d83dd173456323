import type {
  BlockStore,
  Catalogue,
  Clock,
  Cursor,
  Embedder,
  Registry,
  SpaceDescriptor,
  TextHit,
  TextIndex,
} from '@cosmicembeddings/sdk';
import type { WaysToAsk } from './askers.js';
import type { Background, OwnBackground } from '../index/vectors/background.js';
import type { Bm25, WordAnswer } from '../index/words/index.js';

export type { Background, Bm25, OwnBackground, WordAnswer };

/** One row of a space's answer. */
export interface VectorHit {
  readonly label: number;
  /** Exact similarity of query and row. */
  readonly score: number;
  /** What the guard takes off before rows are ordered; absent where it takes nothing. */
  readonly demotion?: number;
  /** Label of a row ranked before it that is nearly equal. */
  readonly copyOf?: number;
}

export interface VectorAnswer {
  /** At most k, best (score − demotion) first. */
  readonly hits: readonly VectorHit[];
  readonly indexedTo: Cursor;
  /** Absent while the space is too small to have a sample, or where none is kept. */
  readonly background?: Background;
  /** Mean and spread of the cosines of the space's rows to each other, and how many rows it has. */
  readonly own?: OwnBackground;
}

/** What a search needs of the vector index: the rows of every space behind one call. An unknown space answers no hits. */
export interface VectorSearch {
  search(
    space: string,
    query: Float32Array,
    k: number,
    options?: {
      readonly allow?: Uint8Array;
      /** Labels of the rows to score, and of no others: where they are known, none has to be looked for. */
      readonly among?: Uint32Array;
      readonly background?: boolean;
      readonly signal?: AbortSignal;
    },
  ): Promise<VectorAnswer>;
}

/** A text index that can do what hybrid searches want in one go; undefined while it cannot yet. */
export interface WordMatcher {
  match(
    query: string,
    question: { readonly k: number; readonly allow?: Uint8Array; readonly also?: Uint32Array; readonly bm25: Bm25 },
  ): Promise<WordAnswer | undefined>;
  /** Texts that hold what stands in quotes, best first. */
  phrases(query: string, k: number, allow?: Uint8Array): Promise<TextHit[]>;
  /** Follows the store to the head of now, or until the deadline (ms since the epoch). */
  catchUp(deadlineMs: number): Promise<Cursor>;
}

/** How much each part of a hybrid score counts. */
export interface Weights {
  readonly vectors: number;
  readonly words: number;
}

export interface SearchParts {
  readonly store: Pick<BlockStore, 'get' | 'head'>;
  readonly catalogue: Catalogue;
  readonly text: TextIndex & Partial<WordMatcher>;
  readonly vectors: VectorSearch;
  /** Embedders at hand, at most one a space. */
  readonly embedders: () => Promise<readonly Embedder[]>;
  /** Those of them that run in this process: rows are looked at whether they are their texts' by these. Default none. */
  readonly ownEmbedders?: () => Promise<readonly Embedder[]>;
  /** Ways into spaces for which there is no embedder: translators. Default none. */
  readonly waysToAsk?: WaysToAsk;
  /** Spaces of questions that translators take, though nothing here is in them. Default none. */
  readonly translatable?: () => Promise<readonly SpaceDescriptor[]>;
  /** Rows that this node made of texts for itself, by the labels of the rows that carry them, in these spaces. Default none. */
  readonly home?: VectorSearch;
  readonly homeSpaces?: readonly string[];
  /** How questions stand to texts that are the same in every space; no entry for a space that has too few of them. */
  readonly common?: (queries: ReadonlyMap<string, Float32Array>) => ReadonlyMap<string, Background>;
  /** What speaks against the rows of a space being vectors of their texts. Default nothing. */
  readonly doubts?: (space: string) => readonly string[];
  /** Bitset of the row labels that stay out of answers; a changed set is another buffer. */
  readonly hidden: () => Uint8Array;
  /** Is this block to stay out of answers? */
  readonly isHidden?: (id: string) => boolean;
  /** Resolves when the two above cover all that could hide a block, or all blocks up to `seq`; undefined where they do. */
  readonly settled?: (seq?: number) => Promise<void> | undefined;
  /** Counts up with every erasure. Without it, rows that were read are asked for again whenever the store has moved. */
  readonly erasures?: () => number;
  /** Default: the core's kinds. */
  readonly registry?: Registry;
  /** Resolves when so many milliseconds of reading large blocks may begin, with what is to be called after it. */
  readonly pace?: (estimateMs: number) => Promise<() => void>;
  /** A question has come: what can wait gives way to it. */
  readonly onAsked?: () => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly weights?: Partial<Weights>;
  /** Memory for decoded hits. Default 32 MiB. */
  readonly cacheMaxBytes?: number;
}
