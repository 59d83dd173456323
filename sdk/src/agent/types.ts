import type { BlockId } from '../block/types.js';
import type { Did, Signer } from '../crypto/identity.js';
import type { BuiltinName, EmbedderConfig } from '../embedders/index.js';
import type { CosmicError } from '../errors.js';
import type { Metadata, Where } from '../metadata/index.js';
import type { Embedder, NodeApi } from '../ports/index.js';
import type { TimeTier } from '../sky/index.js';
import type { SpaceDescriptor } from '../space/index.js';
import type { Verdict } from '../views/index.js';

/** Names of one's own for keys, and for groups of keys. */
export type Trust = Readonly<Record<string, Did | readonly Did[]>>;
/** Whose memories: one's own, those and the ones in `trust`, everybody's, or these keys' and names' in `trust`. */
export type Authors = 'mine' | 'trusted' | 'all' | readonly (Did | (string & {}))[];
/** How good a match is, from the space's own background; `unknown` where there is none to compare with. */
export type Strength = 'strong' | 'fair' | 'weak' | 'unknown';

export interface OpenOptions {
  /**
   * Address of a node, addresses of several of one network (reads are spread over them, writing goes to the first that is
   * well, what one cannot do the next is asked), or a node; default `COSMIC_NODE`, several with commas, else http://127.0.0.1:8080.
   */
  readonly node?: string | readonly string[] | NodeApi;
  /** Name of a key in the platform's key store (default `default`, made when it is missing), a signer, or a key for this process alone. */
  readonly key?: string | Signer | 'ephemeral';
  /** `english-1` (default), another built-in one, a configuration, or an embedder. */
  readonly embedder?: BuiltinName | EmbedderConfig | Embedder;
  /** The set of documents that verbs are about unless they say otherwise; default `memory`. */
  readonly collection?: string;
  /** Names for keys, or for groups of keys, whose blocks are searched beside one's own. */
  readonly trust?: Trust;
  /** `AGE-SECRET-KEY-1…`: memories that were sealed for one of them are opened here and found like others. */
  readonly identities?: readonly string[];
  /** What happens to a hit that does not verify: left out and listed (default), shown as such, or nothing is verified. */
  readonly verify?: 'drop' | 'mark' | 'off';
}

export interface About<M extends Metadata = Metadata> {
  /** One's own id; writing to it again makes the next version. Default: made from the content. */
  readonly id?: string;
  readonly metadata?: M;
  readonly tags?: readonly string[];
  /** Where the text came from: a URL, a path, a title. */
  readonly origin?: string;
  /** BCP 47. */
  readonly language?: string;
}

export interface Write {
  /** Default `searchable`. */
  readonly wait?: 'searchable' | 'stored';
  /**
   * Age recipients (`age1…`) who alone can read what is written; those of one's own `identities` are among them. Text, id,
   * metadata and tags are inside; author, time and size stay visible. Each call makes a new version.
   */
  readonly for?: readonly string[];
  /** Of many: answers refusals in their places instead of throwing `memory.partial` with them. */
  readonly settle?: boolean;
  readonly signal?: AbortSignal;
}

export type NewMemory<M extends Metadata = Metadata> = About<M> &
  ({ readonly text: string } | { readonly passages: readonly string[] }) & {
    /** Rows of the memory's space, one for each passage, where they are known already; else the embedder makes them. */
    readonly vectors?: readonly Float32Array[];
  };

export interface Remembered {
  readonly id: string;
  readonly status: 'stored' | 'replaced' | 'unchanged' | 'refused';
  readonly block?: BlockId;
  /** Versions that this one replaces. */
  readonly supersedes: readonly BlockId[];
  readonly searchable: boolean;
  readonly error?: CosmicError;
}

export interface Scope<M extends Metadata = Metadata> {
  readonly where?: Where<M>;
  /** Default `trusted`. */
  readonly authors?: Authors;
  readonly collection?: string | readonly string[];
  readonly signal?: AbortSignal;
}

export interface SearchOptions<M extends Metadata = Metadata> extends Scope<M> {
  /** Default 8. */
  readonly k?: number;
  readonly minStrength?: Exclude<Strength, 'unknown'>;
  readonly minCosine?: number;
  readonly mode?: 'hybrid' | 'vectors' | 'words';
  /** `all` (default): wherever the question can be put; `same`: among authors' own vectors alone; or space ids. */
  readonly spaces?: 'all' | 'same' | readonly string[];
  readonly after?: string;
  /** The question leaves this process for nobody but the embedder: only sealed memories, opened here, are searched. */
  readonly private?: boolean;
  /** Say of each hit what views say of its block. */
  readonly verdicts?: boolean;
}

export interface Item<M extends Metadata = Metadata> {
  /** The author's own id, else the block's. */
  readonly id: string;
  readonly block: BlockId;
  /** Which passage of the document; 0 is the first. */
  readonly row: number;
  readonly text?: string;
  readonly metadata: M;
  readonly tags: readonly string[];
  readonly origin?: string;
  /** Claimed by the author; the sky agrees with it. */
  readonly timeMs: number;
  /** What is known about when it was made: the author's claim alone, or more. */
  readonly timeTier: TimeTier;
  /** Versions that stand beside each other: more than one where writers raced. */
  readonly versions: number;
  /** Only those can read it for whom it was sealed. */
  readonly sealed: boolean;
  readonly author: {
    readonly did: Did;
    readonly name?: string;
    readonly mine: boolean;
    readonly trusted: boolean;
  };
}

export interface Hit<M extends Metadata = Metadata> extends Item<M> {
  readonly cosine?: number;
  /** The node made the vector of the signed text for itself: `verified` says nothing of the cosine then. */
  readonly computed?: true;
  /** In which the cosine was measured. */
  readonly space?: string;
  /** The node's own order; comparable within one answer. */
  readonly score: number;
  readonly strength: Strength;
  /** Signed by that author, whole, the passage and the cosine recomputed here. */
  readonly verified: boolean;
  /** What was found wrong, where `verified` is false. */
  readonly why: readonly string[];
  /** Where they were asked for: what views say of the block; nothing where it simply stands. */
  readonly verdicts?: readonly Verdict[];
}

export interface Hits<M extends Metadata = Metadata> extends ReadonlyArray<Hit<M>> {
  /** Hits that did not verify and were left out. */
  readonly dropped: readonly { readonly block: BlockId; readonly why: string }[];
  readonly exhausted: boolean;
  readonly next?: string;
}

export interface Listing<M extends Metadata = Metadata> extends AsyncIterable<Item<M>> {
  page(after?: string): Promise<{ readonly items: readonly Item<M>[]; readonly next?: string }>;
}

/** What a memory is to be told of. */
export interface Watched<M extends Metadata = Metadata> extends Scope<M> {
  /** Near to these words, or this vector of the memory's space; absent: all that is in scope. */
  readonly near?: string | Float32Array;
  /** The least cosine; default: what the space's own background calls a fair match. */
  readonly minScore?: number;
}

/** Each has the cursor behind which a later watch goes on. */
export type MemoryEvent<M extends Metadata = Metadata> = { readonly cursor: string } & (
  | { readonly type: 'hit'; readonly hit: Hit<M> }
  /** A hit that did not verify. */
  | { readonly type: 'dropped'; readonly block: BlockId; readonly why: string }
  /** A block that is a hit no more: taken back, replaced, erased. It may never have been told. */
  | { readonly type: 'gone'; readonly block: BlockId; readonly why: string }
  /** All that is there was told; what follows is told as it comes. */
  | { readonly type: 'live' }
  | { readonly type: 'held'; readonly author: string; readonly n: number }
  /** What came between `from` and the cursor is not told; `advice` says what to do. */
  | { readonly type: 'gap'; readonly from: string; readonly reason: string; readonly advice: string }
);

export interface Forgotten {
  /** Documents retracted. History and copies at others stay. */
  readonly forgotten: number;
  /** Documents that matched but are somebody else's: counted, never touched. */
  readonly notYours: number;
  readonly notFound: readonly string[];
  /** Bodies that this node dropped, where it was asked and let us. */
  readonly erasedHere: number;
  readonly retractions: readonly BlockId[];
}

/** What is asked without a key. */
export interface Reader<M extends Metadata = Metadata> {
  search(
    question: string | { readonly vector: Float32Array } | { readonly like: BlockId },
    options?: SearchOptions<M>,
  ): Promise<Hits<M>>;
  get(id: string, options?: { readonly author?: Did }): Promise<Item<M> | undefined>;
  get(ids: readonly string[], options?: { readonly author?: Did }): Promise<(Item<M> | undefined)[]>;
  /** What one block holds, whoever signed it and whatever stands beside it. */
  read(block: BlockId): Promise<Item<M> | undefined>;
  list(options?: Scope<M> & { readonly order?: 'newest' | 'oldest' }): Listing<M>;
  /** Told of what comes to be near, wherever it was published, until the loop is left or the signal aborts. */
  watch(question: Watched<M>, options?: { readonly after?: string }): AsyncIterableIterator<MemoryEvent<M>>;
}

export interface Memory<M extends Metadata = Metadata> extends Reader<M>, AsyncDisposable {
  readonly author: Did;
  readonly space: SpaceDescriptor;
  /** @throws CosmicError with the code of the refusal; of many `memory.partial`, whose `results` has all */
  remember(one: string | NewMemory<M>, options?: About<M> & Write): Promise<Remembered>;
  remember(many: readonly (string | NewMemory<M>)[], options?: Write): Promise<Remembered[]>;
  /** @throws CosmicError memory.empty_filter for `[]` and `where: {}` */
  forget(
    what: string | readonly string[] | { readonly where: Where<M> } | { readonly all: true },
    options?: { readonly erase?: boolean; readonly dryRun?: boolean },
  ): Promise<Forgotten>;
}
