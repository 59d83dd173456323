import type {
  Accepted,
  BlockId,
  BlockTrace,
  CheckedBlock,
  Embedder,
  Checks,
  EraseReason,
  Filter,
  NodeApi,
  PeerStatus,
  Registry,
  Rejected,
  RowPlace,
  Source,
  ViewAnswer,
  WatchEvent,
  WatchRequest,
} from '@cosmicembeddings/sdk';
import type { Facets, Operating, RespondAction, Responses } from '@cosmicembeddings/sdk/api';
import type { Visitor } from '../access.js';
import type { DearRoom } from '../dear.js';
import type { Forms } from '../forms.js';
import type { IncomingRooms } from '../incoming.js';

/** What the routes need: the node's own API and what only operators may do. */
export interface Routes {
  readonly api: NodeApi;
  accept(bytes: Uint8Array, source: Source): Promise<Accepted>;
  /** Names of what trails the store. */
  followers(): readonly string[];
  /** `indexed`, or a follower's name: resolves when it has taken all up to `seq`. @throws CosmicError request.malformed */
  waitFor(what: string, seq: number, signal?: AbortSignal): Promise<void>;
  /** Blocks that call themselves by this name (version 1). */
  aliases(name: string): Promise<readonly BlockId[]>;
  /** The network's judgement of bytes that are here or not, without keeping them. */
  check(wire: Uint8Array): Promise<CheckedBlock | Rejected>;
  /** `own`: those that run in this process. */
  readonly embedders: { ready(): Promise<Embedder[]>; own(): Promise<Embedder[]> };
  /** Kinds, views, commands and panels that are switched on. */
  readonly registry: Registry;
  /** @throws CosmicError as views do; `at`: only blocks of that scope; `who`: whose turn it takes */
  askView(
    name: string,
    question: string,
    params: Readonly<Record<string, unknown>>,
    at: string | undefined,
    who: string,
  ): Promise<ViewAnswer>;
  /** The answer now, and again whenever it changes. */
  watchView(
    name: string,
    question: string,
    params: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    who: string,
  ): AsyncIterable<ViewAnswer>;
  /** A question that stands; `who`: whose share of watches it takes. */
  watch(request: WatchRequest, signal: AbortSignal, who: string): AsyncIterable<WatchEvent>;
  related(id: BlockId, limit: number): Promise<unknown>;
  /** Counts over the newest blocks that pass a filter; `values`: of each kind of fact at most. */
  facets(filter: Filter, values: number, hidden?: 'hide' | 'show'): Promise<Facets>;
  /** A space in two dimensions (specs/map.md); absent where this node draws none. `who`: whose share of maps it takes. @throws CosmicError space.unknown, node.busy */
  mapOf?(space: string, who: string): Promise<{ readonly bytes: Uint8Array; readonly tag: string }>;
  /** Which row of which block each label stands for. */
  rowsAt(labels: readonly number[]): Promise<(RowPlace | undefined)[]>;
  /** Label of each block's first row. */
  firstRows(ids: readonly BlockId[]): Promise<(number | undefined)[]>;
  erase(ids: readonly BlockId[], reason: EraseReason, withhold?: readonly ('body' | 'text')[]): Promise<number[]>;
  addPeer(url: string): Promise<void>;
  /** Rejects for one that is not there. */
  removePeer(url: string): Promise<void>;
  /** @throws CosmicError request.malformed */
  trace(id: BlockId): Promise<BlockTrace>;
  /** Resolves when this node and the peer at `url` are in step. */
  syncPeer(
    url: string,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<{ readonly inStep: boolean; readonly peer: PeerStatus }>;
  banPeer(did: string, forMs: number): void;
  allowPeer(did: string): void;
  bannedPeers(): readonly { readonly name: string; readonly untilMs: number; readonly why: string }[];
  /** Signals of abuse that are answered now. */
  responses(): Responses;
  /** @throws CosmicError request.malformed */
  undoResponse(id: string): RespondAction;
  isOperator(visitor: Visitor): boolean;
  mayPublish(visitor: Visitor): boolean;
  /** What a reader judges blocks with. */
  checks(): Checks;
  /** Everybody may read: shared caches may keep blocks. */
  readonly readsAreOpen: boolean;
  /** Blocks from JSON and to JSON. */
  readonly forms: Forms;
  /** Where requests that cost much wait for their turn. */
  readonly dear: DearRoom;
  /** Length of a block's signed bytes, without reading them; 0 where there are none. */
  bytesOf(id: BlockId): number;
  /** Room for blocks that are being received and judged. */
  readonly rooms: IncomingRooms;
  ready(): Promise<{ readonly ready: boolean; readonly reasons: readonly string[] }>;
  operating(): Promise<Operating>;
  metrics(): Promise<string>;
  metricsType: string;
}
