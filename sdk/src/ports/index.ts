/**
 * The ports: what the core needs from its surroundings. Each has a memory implementation in sdk/memory and a
 * conformance suite in sdk/testing that every adapter must pass.
 */
import type { BlockFormat, BlockId, CatalogueEntry, CheckedBlock } from '../block/types.js';
import type { Code, Rejected } from '../errors.js';
import type { Filter, Page, Subscription } from '../filter/index.js';
import type { SpaceDescriptor } from '../space/descriptor.js';
import type { Verdict, ViewAnswer } from '../views/answer.js';

// ---------------------------------------------------------------------------------------------- time

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

// ---------------------------------------------------------------------------------------------- store

/** A place in a store's tail. A foreign epoch (restored backup, rebuilt store) means: start over. */
export interface Cursor {
  readonly epoch: string;
  /** The last sequence number taken; 0 before the first. */
  readonly seq: number;
}

/** What `put` is handed: a checked block and when this node first saw it. */
export interface Arrival {
  readonly block: CheckedBlock;
  readonly firstSeenMs: number;
}

export interface PutResult {
  readonly id: BlockId;
  readonly seq: number;
  /** False when the id was known; true also when a body completed a block that was kept header-only. */
  readonly fresh: boolean;
  /** Set when this id was erased or is withheld here: its body was not kept. */
  readonly erased?: EraseReason;
}

export interface StoredBlock {
  readonly id: BlockId;
  readonly seq: number;
  readonly format: BlockFormat;
  readonly timeMs: number;
  readonly firstSeenMs: number;
  readonly envelope: Uint8Array;
  /** Null for header-only, erased and version-1 blocks (whose text is the envelope). */
  readonly body: Uint8Array | null;
  /** Set when the body was erased here; such a body never returns. */
  readonly erased?: EraseReason;
  readonly entry: CatalogueEntry;
  /** Label of the block's first searchable row; rows are numbered through the whole store without gaps. */
  readonly firstLabel: number;
}

export type StoredEntry = Omit<StoredBlock, 'envelope' | 'body'>;

/** Where a row stands. */
export interface RowPlace {
  readonly id: BlockId;
  readonly row: number;
  readonly seq: number;
  readonly author: string;
}

export type EraseReason = 'retracted' | 'takedown' | 'retention' | 'quota';

/** What an erasure keeps out besides the block's own id, whoever signs it again. */
export interface Withhold {
  /** The body that the block's header names. Version-1 blocks name none. */
  readonly body?: boolean;
  /** Texts; a store keeps their keyed hashes, never the texts. */
  readonly texts?: readonly string[];
}

export type TailItem =
  | {
      readonly seq: number;
      readonly type: 'put';
      readonly block: StoredBlock;
      /** Set when a block that was here is judged anew, by kinds that changed: what rows it had until then, if any. */
      readonly replaces?: { readonly firstLabel: number; readonly rows: number };
    }
  | {
      readonly seq: number;
      readonly type: 'erase';
      readonly id: BlockId;
      readonly reason: EraseReason;
      readonly firstLabel: number;
      readonly rows: number;
    };

/** An id that this node has itself validated, with its sync time. 8 + 32 bytes of information. */
export interface DecidedItem {
  readonly timeMs: number;
  /** 32-byte digest of the id. */
  readonly digest: Uint8Array;
}

export interface Head {
  readonly epoch: string;
  /** The last sequence number; 0 for an empty store. */
  readonly seq: number;
  /** Blocks kept, header-only and erased ones included. */
  readonly count: number;
  /** Labels given out so far: the next block's firstLabel. */
  readonly labels: number;
}

/** How much of each block a tail brings. `entries`: what the catalogue knows alone; envelopes are empty, bodies null. */
export type TailParts = 'all' | 'entries';

/** Which items of a store's tail are asked for; all of them, whole, when nothing is said. */
export interface Wants {
  /** Blocks of these kinds, and their erasures. Absent: every block, and every erasure, those of unknown ids included. */
  readonly kinds?: readonly string[];
  /** Besides them, blocks of whatever kind whose header refers by one of these relations, and their erasures; `prev` stands for the header's field. */
  readonly rels?: readonly string[];
  /** Default `all`. */
  readonly parts?: TailParts;
}

/** A piece of a store's tail. */
export interface Tail {
  /** Oldest first. */
  readonly items: readonly TailItem[];
  /** The store up to here holds nothing more that was asked for; of the store's own epoch. */
  readonly upTo: Cursor;
}

/** Durable, append-only, in local order. Sequence numbers have no gaps. */
export interface BlockStore {
  /** Resolves when durable. A known id is `fresh: false`, not an error. @throws CosmicError node.storage_full */
  put(arrivals: readonly Arrival[]): Promise<PutResult[]>;
  /** Same length and order as asked. */
  get(ids: readonly BlockId[]): Promise<(StoredBlock | undefined)[]>;
  /** Drops bodies for good; header, id and authorship stay. Unknown ids are marked as withheld. Answers the seqs. */
  erase(ids: readonly BlockId[], reason: EraseReason, withhold?: Withhold): Promise<number[]>;
  /** Marks ids as validated but refused by policy, so that sync does not offer them for ever. Capped, oldest dropped. */
  decide(items: readonly DecidedItem[]): Promise<void>;
  /**
   * What came after `cursor` and is wanted, at most `max` items; `upTo` passes what was not wanted. A foreign epoch reads
   * from the start. Costs as much as there is of what is wanted, however long the tail.
   */
  tail(cursor: Cursor, max: number, wants?: Wants): Promise<Tail>;
  /**
   * Decided ids (kept, refused, erased, withheld) with (time, digest) in [from, to), ordered; at most `max`. `declined`: those
   * alone of which nothing is kept.
   */
  items(from: DecidedItem, to: DecidedItem, max: number, which?: 'all' | 'declined'): Promise<DecidedItem[]>;
  head(): Promise<Head>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------------------------------------- catalogue

export interface CatalogueCounts {
  readonly blocks: number;
  readonly rows: number;
  readonly authors: number;
  readonly kinds: Readonly<Record<string, number>>;
  /** Rows by space id, with the descriptor as first seen. */
  readonly spaces: readonly { readonly id: string; readonly rows: number; readonly space: SpaceDescriptor }[];
}

/** Questions about the store that need an index; written in the block's own transaction. */
export interface Catalogue {
  find(filter: Filter, page: Page): Promise<{ readonly ids: readonly BlockId[]; readonly next?: string }>;
  /**
   * Bit i (byte i >> 3, least significant bit first) stands for label i: 1 where the row's block passes the filter. Bits
   * beyond the head are absent.
   */
  labels(filter: Filter): Promise<Uint8Array>;
  /** The block behind each row label: which block, and which of its rows. */
  blocksOf(labels: readonly number[]): Promise<(RowPlace | undefined)[]>;
  /** Blocks as `BlockStore.get` answers them, without their bytes: those can be thousands of times as much. */
  entriesOf(ids: readonly BlockId[]): Promise<(StoredEntry | undefined)[]>;
  /** Blocks that link or refer to `id`. */
  linksTo(id: BlockId): Promise<readonly { readonly id: BlockId; readonly rel: string }[]>;
  /** Blocks that go by an id which their signature does not cover, oldest first (version 1). */
  aliases(alias: string): Promise<readonly BlockId[]>;
  /**
   * When a block of this author was first kept here, ms since the epoch, as far as one look tells: of the author's oldest
   * and newest block by their own times, the one that came first. undefined for an author of whom there is none.
   */
  knownSince(author: string): Promise<number | undefined>;
  /** How many blocks of this author are here. */
  blocksBy(author: string): Promise<number>;
  counts(): Promise<CatalogueCounts>;
}

// ---------------------------------------------------------------------------------------------- text

export interface TextHit {
  /** Row label of the passage; −1 when the block has no rows. */
  readonly label: number;
  readonly id: BlockId;
  /** Higher is better. */
  readonly score: number;
}

/** Full-text index over passages, a follower of the store. */
export interface TextIndex {
  search(query: string, k: number, allow?: Uint8Array): Promise<TextHit[]>;
  position(): Promise<Cursor>;
}

// ---------------------------------------------------------------------------------------------- embedders

export interface EmbedOptions {
  /** Which prefix applies: queries and passages differ in some spaces. */
  readonly role: 'query' | 'passage';
  readonly signal?: AbortSignal;
}

export interface Embedded {
  /** Same order as the texts; `space.dims` numbers each, unit length where the space promises it. */
  readonly vectors: Float32Array[];
  /** True where the text was longer than the space's max_tokens. */
  readonly truncated: boolean[];
  /** Tokens read of each text; null where the embedder does not say. */
  readonly tokens: (number | null)[];
  /** Tokens that a paid service charged for the whole call, where it says so. */
  readonly chargedTokens?: number;
}

export interface Embedder {
  readonly space: SpaceDescriptor;
  /** @throws CosmicError embedder.unavailable, embedder.bad_answer, input.empty (a text without any token) */
  embed(texts: readonly string[], options: EmbedOptions): Promise<Embedded>;
}

// ---------------------------------------------------------------------------------------------- network

export interface Remote {
  readonly address: string;
  readonly direction: 'in' | 'out';
  /** Where a connection came in: this side's own `host:port`, or the address that its network knows it by. */
  readonly local?: string;
  /** 32 bytes that only both ends of this connection know. Of a connection that was dialled: nobody but the key vouches for who answers. */
  readonly channel?: Uint8Array;
}

/** One connection: whole frames, in order. */
export interface Transport extends AsyncIterable<Uint8Array> {
  readonly remote: Remote;
  /** Resolves when buffered below the high-water mark: back-pressure. */
  send(frame: Uint8Array): Promise<void>;
  close(code?: number, reason?: string): Promise<void>;
}

export interface Network {
  dial(address: string, signal?: AbortSignal): Promise<Transport>;
  accept(): AsyncIterable<Transport>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------------------------------------- the door

/** Where bytes came from; decides quotas and whom a refusal is charged to, never the verdict. */
export type Source =
  | { readonly type: 'import' | 'own' }
  /** `from`: the address that asked; `key`: name of its API key; `trusted`: the operator's own, on this machine. */
  | { readonly type: 'http'; readonly from?: string; readonly key?: string; readonly trusted?: boolean }
  /** `from`: its address; `trusted`: a peer that this node dialled, or one on this machine. */
  | { readonly type: 'peer'; readonly peer: string; readonly from?: string; readonly trusted?: boolean };

export type Accepted =
  | { readonly status: 'stored'; readonly id: BlockId; readonly seq: number }
  | { readonly status: 'known'; readonly id: BlockId; readonly seq: number }
  | { readonly status: 'later'; readonly id: BlockId; readonly retryAtMs: number }
  /** `retryAtMs`: when the same block can be taken; only where time alone is in the way. */
  | (Rejected & { readonly id?: BlockId; readonly retryAtMs?: number });

/** The one door: every block from every source. Resolves when durable. */
export type Accept = (bytes: Uint8Array, source: Source) => Promise<Accepted>;

/**
 * Something that trails the store from a place of its own: an index, a cone of views, announcements. Driven by one loop
 * (`follow` of the node), which wakes it, hands it batches, rests, tries again and says how far it is.
 */
export interface Follower {
  readonly name: string;
  /** Names what it makes of a block. Blocks that it failed on are tried again when this changes. */
  readonly version: string;
  /** `from`: where one that has no place yet begins. Default `start`. */
  readonly wants: Wants & { readonly from?: 'start' | 'head' };
  /**
   * Takes a batch, oldest first, and with it all of the store up to `upTo`; what it has taken is visible to whoever asks
   * it. `at(item)` before each item names the block for which it would be ended if it did not come back. Answers how far
   * it got where that is not `upTo`: the rest comes again. Items may come twice.
   * @throws CosmicError node.storage_full (tried again later); anything else is put down to the one item that causes it
   */
  take(batch: readonly TailItem[], upTo: Cursor, at: (item: TailItem) => void): Cursor | void | Promise<Cursor | void>;
  /** The place that it resumes from after a crash; undefined where there is none. */
  durable(): Cursor | undefined | Promise<Cursor | undefined>;
  /** Forgets all it has taken: the store is in another life. Absent: it keeps nothing that would have to be forgotten. */
  restart?(epoch: string): void | Promise<void>;
  /** How far it answers, where that is less than what it has taken: something that it had is being made again. */
  reached?(taken: Cursor): Cursor;
  /** Items that it can take now; at 0 `idle` has to make room first. */
  room?(): number;
  /** Work of its own (saving, merging, loading) of some `ms`; answers whether there is more. */
  idle?(ms: number): boolean | Promise<boolean>;
}

// ---------------------------------------------------------------------------------------------- questions

export interface SearchRequest {
  /** Words: embedded in every space whose embedder is at hand, and searched as text. */
  readonly text?: string;
  readonly vector?: { readonly space: string; readonly values: readonly number[] | Float32Array };
  /** More like this block (its first row unless `row` is given). */
  readonly like?: { readonly id: BlockId; readonly row?: number };
  readonly k: number;
  readonly filter?: Filter;
  /**
   * In which spaces is looked. `all` (default): in every one into which the question can be put, by an embedder or a
   * translator, and among vectors that the node made of texts; `same`: only among authors' own vectors, in the spaces that
   * who asks gave a vector of or that have an embedder at hand; a list of ids: as `all`, in these.
   */
  readonly spaces?: 'all' | 'same' | readonly string[];
  /** `judged` (default): by translators only where enough of the relevance is expected to be kept; `always`: also where not. */
  readonly translate?: 'judged' | 'always';
  /** `hybrid` joins words and vectors; default hybrid for text, vectors otherwise. */
  readonly mode?: 'hybrid' | 'vectors' | 'words';
  readonly minCosine?: number;
  /** All rows of a block instead of its best one. */
  readonly rows?: 'best' | 'all';
  /** Copies of one text are one hit, unless false or where all rows are wanted; true folds rows that are only near, too. */
  readonly collapse?: boolean;
  /** Hits of one author at most, over all pages; what is over is left out. */
  readonly perAuthor?: number;
  /**
   * Of a page of k, an author has max(2, ⌈k/5⌉) places or, if that is more, a tenth and twice the share of the blocks here;
   * rows of one block have max(2, ⌈k/5⌉). What is over comes after hits of others, or on later pages. Not where a
   * filter names authors; `open` ranks by score alone.
   */
  readonly authorShare?: 'bounded' | 'open';
  /** Authors (DIDs, at most 1,000) whose share is not bounded: the reader's own, and whom the reader trusts. */
  readonly trusted?: readonly string[];
  /**
   * Rows whose texts their authors kept get twice their share of a page, at least a place of ten and not the first, since
   * nobody can tell whether such a row means anything; `open` ranks them like all others. A filter by authors does so, too.
   */
  readonly unvouched?: 'bounded' | 'open';
  readonly hidden?: 'hide' | 'show';
  /** Ask for what views say of each hit, too. */
  readonly verdicts?: boolean;
  readonly after?: string;
  readonly explain?: boolean;
  /** Other than the node's own, for this question. */
  readonly weights?: { readonly vectors?: number; readonly words?: number };
}

/**
 * How good a hit is, from the space's own background and the words of the question: `weak` is no nearer than what a question
 * about nothing that is here finds; `strong` as near as what people call relevant usually is.
 */
export type Strength = 'strong' | 'fair' | 'weak' | 'unknown';

/** Where in a hit's passage the question is answered best. Offsets are UTF-16 units, ends exclusive. */
export interface Excerpt {
  /** The sentence that holds most of the question's words. */
  readonly start: number;
  readonly end: number;
  /** The question's words, in the whole passage. */
  readonly marks: readonly (readonly [start: number, end: number])[];
}

export interface Hit {
  readonly id: BlockId;
  readonly row: number;
  /** In which `cosine` was measured; without a cosine that of the row, if any. */
  readonly space?: string;
  /** Verifiable by whoever asks, unless it is `computed`: cosine of the answer's query vector and this row. */
  readonly cosine?: number;
  /** The node made the vector of the signed text for itself: nobody signed the vector. */
  readonly computed?: true;
  /** The block by which the question was translated into `space`. */
  readonly translator?: BlockId;
  /**
   * Cosine of the question and the passage itself, which the node has embedded: set where the row's own cosine is higher by
   * more than precision explains. Such a row is not its text's vector, and is ranked by its text.
   */
  readonly textCosine?: number;
  /** This node's own opinion; comparable within one answer only. */
  readonly score: number;
  /** This node's own opinion too; comparable between answers. */
  readonly strength?: Strength;
  readonly author: string;
  readonly kind: string;
  readonly timeMs: number;
  readonly firstSeenMs: number;
  readonly skyLabel?: string;
  readonly tags: readonly string[];
  readonly origin?: string;
  readonly heading?: string;
  readonly passage?: string;
  /** Absent where no word of the question is in the passage. */
  readonly excerpt?: Excerpt;
  readonly explain?: Readonly<Record<string, unknown>>;
  /** What views say of the block, where they were asked (`verdicts`) or it is one that is hidden otherwise. */
  readonly verdicts?: readonly Verdict[];
  /** Copies folded into this hit, as far as was looked. */
  readonly duplicates?: number;
}

/** A space in which was looked. */
export interface AskedSpace {
  readonly space: string;
  /** How the question came there: as a vector of who asks, by an embedder, or by a translator. */
  readonly by: 'given' | 'embedder' | 'translator';
  readonly translator?: BlockId;
  /** Of the translator: share of the relevance that the space's own embedder finds, 0 to 1. */
  readonly quality?: number;
  /**
   * Where cosines were made comparable: against `n` texts that are the same for all spaces (`common`), or rows of this space
   * (`own`), which are about something else than those of another.
   */
  readonly background?: { readonly of: 'common' | 'own'; readonly n: number };
}

export interface SearchAnswer {
  readonly hits: readonly Hit[];
  readonly requested: number;
  readonly returned: number;
  /** True when nothing more exists beyond these hits. */
  readonly exhausted: boolean;
  readonly indexedTo: Cursor;
  readonly head: Cursor;
  /** The query's vectors, so that cosines can be checked. Over HTTP without a vector that was the whole question. */
  readonly queries: readonly { readonly space: string; readonly vector: readonly number[] }[];
  readonly spaces?: readonly AskedSpace[];
  /** Spaces with rows here in which was not looked though there is a way into them. */
  readonly leftOut?: readonly { readonly space: string; readonly why: string }[];
  readonly next?: string;
  readonly notes?: readonly string[];
  /** What the node keeps, where that is not everything: what else there is in the network was not searched. */
  readonly coverage?: readonly Subscription[];
}

export interface NodeStatus {
  readonly node: string;
  readonly network: string;
  readonly version: string;
  readonly head: Head;
  readonly counts: CatalogueCounts;
  readonly followers: readonly { readonly name: string; readonly position: Cursor; readonly lag: number }[];
  /** Connected. */
  readonly peers: number;
  /** Each of them, and those that are dialled. */
  readonly peering: readonly PeerStatus[];
  /** What it keeps of what others bring; absent: everything. */
  readonly coverage?: readonly Subscription[];
  readonly engines: { readonly store: string; readonly index: string; readonly verifier: string };
  readonly embedders: readonly { readonly space: string; readonly model: string }[];
  readonly startedAtMs: number;
  readonly notes: readonly string[];
}

export interface PeerStatus {
  readonly address: string;
  readonly node?: string;
  readonly state: 'connecting' | 'connected' | 'waiting';
  readonly direction: 'in' | 'out';
  readonly configured: boolean;
  /** Found through other peers or in the local network. */
  readonly discovered?: boolean;
  /** Blocks. */
  readonly received: number;
  readonly sent: number;
  readonly lastError?: string;
  /** Is `node` proven, or what the other side says? Absent while nobody has answered. */
  readonly proven?: boolean;
  /** What the identity is worth by what it delivered, and what it was last charged for. */
  readonly score?: number;
  readonly why?: string;
  readonly bannedUntilMs?: number;
  /** Last round trip. */
  readonly latencyMs?: number;
  /** Its clock minus this node's, when it said hello. */
  readonly clockOffsetMs?: number;
  /** Blocks that it has offered and that are not here yet; `reconciledMs`: when both were last compared as a whole. */
  readonly behind?: number;
  readonly reconciledMs?: number;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  /** What it keeps, where it says so and that is not everything. */
  readonly coverage?: readonly Subscription[];
}

/** A question that stands: told of what comes to be near, from whomever it comes. */
export interface WatchRequest {
  /** Near to what; absent: whatever passes the filter. Words are compared by meaning, in every space that has an embedder here. */
  readonly near?: Pick<SearchRequest, 'text' | 'vector' | 'like'>;
  /** The least cosine; default: what the space's own background calls a fair match. */
  readonly minScore?: number;
  readonly filter?: Filter;
  /** Cursor of an earlier event: goes on behind it. Absent: from now on. */
  readonly after?: string;
}

/** Each has the cursor from which a later watch goes on behind it. */
export type WatchEvent = { readonly cursor: string } & (
  | {
      readonly type: 'opened';
      readonly spaces: readonly {
        readonly space: string;
        readonly minScore: number;
        readonly vector: readonly number[];
      }[];
    }
  /** A block that can be found now; its best row. */
  | { readonly type: 'hit'; readonly hit: Hit }
  /** A block that is a hit no more: taken back, replaced, erased here. It may never have been told. */
  | { readonly type: 'gone'; readonly id: BlockId; readonly why: string }
  /** All that is here was told; what follows is told as it comes. */
  | { readonly type: 'live' }
  /** Nothing since: a sign of life. */
  | { readonly type: 'at' }
  /** So many hits of one author were not told, who published too many in a minute. */
  | { readonly type: 'held'; readonly author: string; readonly n: number }
  /** Between `from` and the cursor nothing is told: the store was rebuilt (`epoch`), it is younger than the cursor (`future`), or it is too far back (`too_old`). */
  | { readonly type: 'gap'; readonly from: string; readonly reason: string; readonly advice: string }
);

/** One way by which a block came from a peer, and what became of it: `stored`, `known`, `later`, or the code that refused it. */
export interface BlockArrival {
  readonly address: string;
  readonly node?: string;
  readonly atMs: number;
  readonly outcome: string;
}

/** A peer that is connected now, as far as a block is concerned. */
export interface BlockHolder {
  readonly address: string;
  readonly node?: string;
  readonly proven: boolean;
  /** `has`: it brought, offered or was given it; `gone`: it said that it does not give it away. */
  readonly says: 'has' | 'gone';
}

/** What a node knows of a block's way. */
export interface BlockTrace {
  readonly id: BlockId;
  /** `header`: without its body. */
  readonly here: 'whole' | 'header' | 'erased' | 'no';
  readonly firstSeenMs?: number;
  /** From peers, lately; forgotten with the next start. */
  readonly arrivals: readonly BlockArrival[];
  readonly peers: readonly BlockHolder[];
  /** Peers that offered it and have not given it yet; `askedOf` is the one that is being waited for. */
  readonly offeredBy: readonly string[];
  readonly askedOf?: string;
  /** It lies ahead of the clock, or found no budget: when it is asked for again. */
  readonly retryAtMs?: number;
}

export interface SignedBlock {
  readonly id: BlockId;
  readonly seq: number;
  readonly firstSeenMs: number;
  /** Exactly as signed: envelope, then body or CBOR null (native); JSON text (version 1). */
  readonly wire: Uint8Array;
  /** Why the body was erased there; the signed header is what is left. */
  readonly erased?: EraseReason;
  /** The body is not there and may come. */
  readonly headerOnly?: true;
}

/** What can be asked of a node: implemented by the node itself and by the SDK's HTTP client. */
/** What of a translator matters to who asks by it. */
export interface TranslatorReport {
  readonly id: BlockId;
  /** Space ids. */
  readonly from: string;
  readonly to: string;
  readonly method: string;
  /** Share of the relevance of the space's own embedder, 0 to 1, as the block says. */
  readonly quality: number;
}

/** A space as a node has it. */
export interface SpaceReport {
  readonly id: string;
  readonly space: SpaceDescriptor;
  /** Rows that authors signed. */
  readonly rows: number;
  /** Spaces here that differ in precision, weights or revision alone. */
  readonly siblings: readonly string[];
  /** Can this node embed texts in it? */
  readonly embedder: boolean;
  /** Rows that the node made of texts for itself, and what they take; absent where it makes none in it. */
  readonly home?: { readonly rows: number; readonly memoryBytes: number };
  /** What cosines are compared with where several spaces are searched: `n` common texts, or its own rows. */
  readonly background: { readonly of: 'common' | 'own'; readonly n: number };
  /** Do its rows behave as vectors of their texts? From a sample of `rows`; specs/space.md says what cannot be found. */
  readonly honesty: {
    readonly state: 'honest' | 'doubtful' | 'unknown';
    readonly rows: number;
    readonly doubts: readonly { readonly what: string; readonly why: string; readonly authors?: readonly string[] }[];
  };
  /** What texts show whose vectors authors vouch for. */
  readonly canaries: CanaryReport;
  /** Ways into it from others. */
  readonly translators: readonly TranslatorReport[];
}

/**
 * Canaries of a space (specs/space.md). With an embedder here: does it make the same vectors (`reproduced`), or not? Without one: do
 * those who published some agree (`vouched`), or not (`disputed`)?
 */
export interface CanaryReport {
  readonly state: 'none' | 'reproduced' | 'not_reproduced' | 'vouched' | 'disputed';
  /** Who vouches; without id and author: they come with the SDK. */
  readonly sources: readonly {
    readonly id?: BlockId;
    readonly author?: string;
    readonly texts: number;
    /** The greatest 1 − cosine to what the embedder here makes, or to others' canaries of the same texts; at most 0.005 is the same space. */
    readonly distance?: number;
  }[];
}

export interface NodeApi {
  publish(
    blocks: readonly Uint8Array[],
    /** `wait`: `durable`; `indexed`: found by every search; or the name of a follower in the status. */
    options?: { readonly wait?: string; readonly signal?: AbortSignal },
  ): Promise<Accepted[]>;
  get(id: BlockId): Promise<SignedBlock | undefined>;
  find(filter: Filter, page: Page): Promise<{ readonly ids: readonly BlockId[]; readonly next?: string }>;
  search(request: SearchRequest, signal?: AbortSignal): Promise<SearchAnswer>;
  /** @throws CosmicError request.not_found, request.malformed, view.building, view.too_costly, view.busy, view.failed */
  view(name: string, question: string, params: Readonly<Record<string, unknown>>): Promise<ViewAnswer>;
  /** The answer, and again whenever it has changed, until the signal aborts. @throws as `view` */
  watchView(
    name: string,
    question: string,
    params: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): AsyncIterable<ViewAnswer>;
  /** Told of what comes to be near, until the signal aborts. @throws CosmicError watch.no_threshold, node.busy, as `search` */
  watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** What views say of a block; those that have nothing to say are left out. */
  verdicts(id: BlockId): Promise<readonly Verdict[]>;
  status(): Promise<NodeStatus>;
  /** Every space that has rows here or an embedder, the largest first. */
  spaces(): Promise<readonly SpaceReport[]>;
  peers(): Promise<PeerStatus[]>;
}

export type { Code, Filter, Page };
