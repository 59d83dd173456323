import { concatBytes } from '../bytes.js';
import type { BlockId } from '../block/types.js';
import { codes, CosmicError, type Code } from '../errors.js';
import type {
  Accepted,
  BlockTrace,
  SignedBlock,
  EraseReason,
  Filter,
  NodeApi,
  NodeStatus,
  PeerStatus,
  SearchAnswer,
  SearchRequest,
  SpaceReport,
} from '../ports/index.js';
import type { Verdict } from '../views/answer.js';
import { watchAnswers, watchNear } from './event-stream.js';
import type { Facets } from './facets.js';
import { readMap, type MapRow, type SpaceMap } from './map.js';
import type { PluginInfo } from './plugin-info.js';
import { readBlocks } from './read-blocks.js';
import { ask, bytesOf, jsonOf, refusalOf, type Ask, type RequestHost } from './request.js';
import { routeTo, splitCursor, type NodeHealth, type Route } from './route.js';

/** One of several nodes. Only it is told its token. */
export interface NodeAddress {
  readonly url: string;
  readonly token?: string | undefined;
}

export interface ClientOptions {
  /**
   * Address of a node, e.g. `http://127.0.0.1:8080`, or of several of one network: reads are spread over them, writing
   * goes to the first that is well, and what one cannot do the next is asked. What needs the operator's token is the first one's.
   */
  readonly url: string | readonly (string | NodeAddress)[];
  /** Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Of several nodes the first one's. */
  readonly token?: string | undefined;
  /** Needed for trying again when a node is busy. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly timeoutMs?: number;
  readonly attemptsMax?: number;
  /** Of several nodes: milliseconds without an answer after which the next one is asked. Default 20,000. */
  readonly failoverMs?: number;
  /** A clock in milliseconds: a node that failed is asked again after 1 s, 2 s, … 60 s. Without it, when the others fail. */
  readonly now?: () => number;
}

export interface BannedPeer {
  readonly name: string;
  readonly untilMs: number;
  readonly why: string;
}

/** What a node does for a while because of a signal of abuse. */
export interface RespondAction {
  readonly id: string;
  readonly signal: string;
  /** `from ADDRESS`, `key NAME`, `peer DID|ADDRESS`, `author DID`, `authors new|known`. */
  readonly who: string;
  readonly what: 'alert' | 'slow' | 'refuse';
  readonly reason: string;
  readonly atMs: number;
  readonly untilMs: number;
  /** What is left to whom is slowed down. */
  readonly perMinute?: number;
}

/** A line of the journal of such actions; `undo`: the command that ends one before its time. */
export type RespondEvent = RespondAction & {
  readonly event: 'begun' | 'ended' | 'undone';
  readonly eventMs: number;
  readonly undo?: string;
};

export interface Responses {
  /** In force now. */
  readonly actions: readonly RespondAction[];
  /** By signal; `tried`: what it may do beyond telling has been tried by `cosmic policy replay`. */
  readonly rules: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The newest hundred lines, newest last. */
  readonly journal: readonly RespondEvent[];
}

/** A sound block, and why a node would not read it, if it would not. */
export interface CheckAnswer {
  readonly id: BlockId;
  readonly kind: string;
  readonly author: string;
  readonly inert?: { readonly code: Code; readonly detail: string };
}

/** How a node is doing, for its operator. */
export interface Operating {
  /** Bytes of the data folder's files and folders, by name, and those free on its disk. */
  readonly disk: { readonly used: Readonly<Record<string, number>>; readonly free: number };
  /** Blocks judged at the door since the start, by outcome; those refused, by code. */
  readonly accepted: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly inFlight: { readonly blocks: number; readonly bytes: number };
  /** Policies and quotas in force. Secrets are left out. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A node over HTTP: all of NodeApi, and what only an operator with the token may do. */
export interface NodeClient extends NodeApi {
  /** Of several nodes the first. */
  readonly url: string;
  /** How the nodes have been doing, in the order given. */
  health(): readonly NodeHealth[];
  /** Is this block there? Without fetching it. */
  has(id: BlockId): Promise<boolean>;
  /** Many blocks in few requests, in the order asked; undefined for one of which nothing is there. */
  read(ids: readonly BlockId[], signal?: AbortSignal): Promise<(SignedBlock | undefined)[]>;
  related(id: BlockId, limit?: number): Promise<unknown>;
  /** Counts of tags, authors, kinds, languages and spaces over the newest blocks that pass; `values`: of each at most, default 12. */
  facets(
    filter: Filter,
    options?: { readonly values?: number; readonly hidden?: 'hide' | 'show'; readonly signal?: AbortSignal },
  ): Promise<Facets>;
  /**
   * A space in two dimensions, as this node draws it; it may just be being made (`state`). `known`: the tag of the map that is
   * there already; undefined: it is still that one. Of several nodes the first one's.
   */
  map(
    space: string,
    options?: { readonly known?: string | undefined; readonly signal?: AbortSignal },
  ): Promise<{ readonly map: SpaceMap; readonly tag: string } | undefined>;
  /** Which rows of which blocks points are, and which points rows are; at most 1,000 of each. */
  mapRows(asked: {
    readonly labels?: readonly number[];
    readonly hits?: readonly { readonly id: BlockId; readonly row: number }[];
  }): Promise<readonly MapRow[]>;
  /** By which way a block came, who has it, why it is not there. */
  trace(id: BlockId): Promise<BlockTrace>;
  /** What the node's plug-ins offer. */
  plugins(): Promise<readonly PluginInfo[]>;
  /** How the node judges bytes, without keeping them. `inert`: it would keep the block and never read it. */
  check(wire: Uint8Array): Promise<CheckAnswer>;
  addPeer(url: string): Promise<PeerStatus[]>;
  removePeer(url: string): Promise<PeerStatus[]>;
  /** Has the node compare itself with a peer now; answers when all that one has is here, or after `waitMs`. */
  syncPeer(
    url: string,
    waitMs?: number,
    signal?: AbortSignal,
  ): Promise<{ readonly inStep: boolean; readonly peer: PeerStatus }>;
  /** Disk, refusals, quotas. @throws CosmicError request.unauthorised without the token */
  operating(): Promise<Operating>;
  /** Figures as Prometheus reads them (text/plain; version=0.0.4). */
  metrics(): Promise<string>;
  /** Identities and addresses that the node does not speak with. */
  banned(): Promise<BannedPeer[]>;
  banPeer(did: string, forMs?: number): Promise<BannedPeer[]>;
  allowPeer(did: string): Promise<BannedPeer[]>;
  /** Signals of abuse that are answered now, the rules for them, and what was done. */
  responses(): Promise<Responses>;
  /** Ends such an action before its time. */
  undoResponse(id: string): Promise<RespondAction>;
  /** `withhold`: what to keep out besides the ids; default for a takedown: the bodies, whoever signs them. */
  erase(ids: readonly BlockId[], reason: EraseReason, withhold?: readonly ('body' | 'text')[]): Promise<number[]>;
}

/** Blocks of one request: enough to fill the node's batches, small enough to repeat. */
const REQUEST_MAX_BYTES = 8 * 1024 * 1024;
const REQUEST_MAX_BLOCKS = 1000;

/** @throws CosmicError config.malformed for an address that is none */
export function createClient(options: ClientOptions): NodeClient {
  const route = routeOf(options);
  const host = route.first;
  const read = <T>(path: string, request?: Ask): Promise<T> =>
    route.read(async (at) => jsonOf<T>(await ask(at, path, request)));
  const json = (value: unknown): { type: string; data: string } => ({
    type: 'application/json',
    data: JSON.stringify(value),
  });
  const block = (id: BlockId): string => `/v2/blocks/${encodeURIComponent(id)}`;

  return {
    url: host.url,
    health: () => route.health(),
    publish: async (blocks, publishing = {}) => {
      const answers: Accepted[] = [];
      const query = publishing.wait === undefined ? '' : `?wait=${encodeURIComponent(publishing.wait)}`;
      for (const batch of runs(blocks).flatMap((run) => [...batches(run)])) {
        answers.push(...(await publishTo(route, `/v2/blocks${query}`, batch, publishing.signal)));
      }
      return answers;
    },
    get: (id) =>
      route.read(
        async (at) => {
          const response = await ask(at, block(id), { accept: 'application/cbor-seq', also: [404, 410] });
          if (response.status === 404) return undefined;
          // Of a block that was erased its signed header comes with the 410.
          if (response.status === 410 && response.headers.get('content-type') !== 'application/cbor-seq')
            throw await refusalOf(response, at.url);
          return viewOf(id, response, at.url);
        },
        { isFound: (found) => found !== undefined },
      ),
    has: (id) =>
      route.read(
        async (at) => {
          const asked = { method: 'HEAD', accept: 'application/cbor-seq', also: [404, 410] } as const;
          return (await ask(at, block(id), asked)).status !== 404;
        },
        { isFound: (found) => found },
      ),
    read: (ids, signal) => {
      const found = new Map<BlockId, SignedBlock>();
      return route.read(
        async (at) => {
          const lacking = ids.filter((id) => !found.has(id));
          for (const one of await readBlocks(at, lacking, signal)) if (one !== undefined) found.set(one.id, one);
          return ids.map((id) => found.get(id));
        },
        { isFound: (blocks) => !blocks.includes(undefined) },
      );
    },
    related: (id, limit = 10) => read(`${block(id)}/related?limit=${limit}`),
    map: async (space, { known, signal } = {}) => {
      const response = await ask(host, `/v2/map?space=${encodeURIComponent(space)}`, {
        accept: 'application/vnd.cosmicembeddings.map',
        also: [304],
        signal,
        ...(known === undefined ? {} : { known }),
      });
      if (response.status === 304) return undefined;
      const tag = response.headers.get('etag') ?? '';
      return { map: readMap(await bytesOf(response, host.url, signal)), tag };
    },
    mapRows: async (asked) =>
      (await jsonOf<{ rows: MapRow[] }>(await ask(host, '/v2/map/rows', { method: 'POST', body: json(asked) }))).rows,
    facets: (filter, { signal, ...options } = {}) =>
      read('/v2/facets', {
        method: 'POST',
        body: json({ filter, ...options }),
        ...(signal === undefined ? {} : { signal }),
      }),
    find: (filter, page) =>
      continued(route, page, (at, rest) =>
        ask(at, '/v2/blocks/find', { method: 'POST', body: json({ filter, ...rest }) }),
      ),
    search: async (request, signal) =>
      withOwnVector(
        await continued<SearchRequest, SearchAnswer>(route, request, (at, rest) =>
          ask(at, '/v2/search', { method: 'POST', body: json(plain(rest)), signal }),
        ),
        request,
      ),
    view: (name, question, params) => read(questionPath(name, question, params)),
    watchView: (name, question, params, signal) => watchAnswers(route, questionPath(name, question, params), signal),
    watch: (request, signal) => watchNear(route, request, signal),
    verdicts: async (id) => (await read<{ verdicts: Verdict[] }>(`${block(id)}/verdicts`)).verdicts,
    trace: async (id) => jsonOf<BlockTrace>(await ask(host, `${block(id)}/trace`)),
    plugins: async () => (await read<{ plugins: PluginInfo[] }>('/v2/plugins')).plugins,
    check: (wire) => read('/v2/check', { method: 'POST', body: { type: 'application/cbor-seq', data: wire } }),
    // Of the node that the next block would be given to.
    status: () => route.write(async (at) => jsonOf<NodeStatus>(await ask(at, '/v2/status'))),
    spaces: () =>
      route.write(async (at) => (await jsonOf<{ spaces: SpaceReport[] }>(await ask(at, '/v2/spaces'))).spaces),
    peers: async () => (await jsonOf<{ peers: PeerStatus[] }>(await ask(host, '/v2/peers'))).peers,
    addPeer: async (url) =>
      (await jsonOf<{ peers: PeerStatus[] }>(await ask(host, '/v2/peers', { method: 'POST', body: json({ url }) })))
        .peers,
    removePeer: async (url) =>
      (
        await jsonOf<{ peers: PeerStatus[] }>(
          await ask(host, `/v2/peers?url=${encodeURIComponent(url)}`, { method: 'DELETE' }),
        )
      ).peers,
    syncPeer: async (url, waitMs, signal) =>
      jsonOf(
        await ask(host, '/v2/peers/sync', {
          method: 'POST',
          body: json({ url, ...(waitMs === undefined ? {} : { wait_ms: waitMs }) }),
          signal,
        }),
      ),
    operating: async () => jsonOf<Operating>(await ask(host, '/v2/operator')),
    metrics: async () => (await ask(host, '/metrics')).text(),
    banned: async () => (await jsonOf<{ banned: BannedPeer[] }>(await ask(host, '/v2/peers'))).banned,
    banPeer: async (did, forMs) =>
      (
        await jsonOf<{ banned: BannedPeer[] }>(
          await ask(host, '/v2/peers/ban', {
            method: 'POST',
            body: json({ did, ...(forMs === undefined ? {} : { for_ms: forMs }) }),
          }),
        )
      ).banned,
    allowPeer: async (did) =>
      (
        await jsonOf<{ banned: BannedPeer[] }>(
          await ask(host, '/v2/peers/allow', { method: 'POST', body: json({ did }) }),
        )
      ).banned,
    responses: async () => jsonOf<Responses>(await ask(host, '/v2/respond')),
    undoResponse: async (id) =>
      jsonOf<RespondAction>(await ask(host, '/v2/respond/undo', { method: 'POST', body: json({ id }) })),
    erase: async (ids, reason, withhold) =>
      (
        await jsonOf<{ seqs: number[] }>(
          await ask(host, '/v2/erase', { method: 'POST', body: json({ ids, reason, withhold }) }),
        )
      ).seqs,
  };
}

function routeOf(options: ClientOptions): Route {
  const given = typeof options.url === 'string' ? [options.url] : options.url;
  const hosts = given.map((one, i): RequestHost => {
    const { url, token } = typeof one === 'string' ? { url: one, token: undefined } : one;
    return {
      url: baseOf(url),
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      token: token ?? (i === 0 ? options.token : undefined),
      sleep: options.sleep,
      timeoutMs: options.timeoutMs ?? 120_000,
      attemptsMax: options.attemptsMax ?? 5,
    };
  });
  const once = hosts.filter(({ url }, i) => hosts.findIndex((host) => host.url === url) === i);
  return routeTo(once, { now: options.now, failoverMs: options.failoverMs ?? 20_000 });
}

/** A list in pages: each is asked of the node that answered the one before. */
async function continued<A extends { readonly after?: string }, T extends { readonly next?: string }>(
  route: Route,
  { after, ...rest }: A,
  send: (host: RequestHost, request: A) => Promise<Response>,
): Promise<T> {
  const { cursor, at } = splitCursor(after);
  const request = { ...rest, ...(cursor === undefined ? {} : { after: cursor }) } as A;
  return route.read(
    async (host) => {
      const answer = await jsonOf<T>(await send(host, request));
      if (answer.next === undefined || route.health().length === 1) return answer;
      return { ...answer, next: `${answer.next}@${host.url}` };
    },
    { at },
  );
}

/** A node does not send back a vector that was the whole question. */
function withOwnVector(answer: SearchAnswer, { vector }: SearchRequest): SearchAnswer {
  if (vector === undefined || answer.queries.some(({ space }) => space === vector.space)) return answer;
  return { ...answer, queries: [...answer.queries, { space: vector.space, vector: Array.from(vector.values) }] };
}

function questionPath(name: string, question: string, params: Readonly<Record<string, unknown>>): string {
  const texts = Object.entries(params).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, typeof value === 'string' ? value : JSON.stringify(value)]],
  );
  const query = new URLSearchParams(texts).toString();
  return `/v2/views/${encodeURIComponent(name)}/${encodeURIComponent(question)}${query === '' ? '' : `?${query}`}`;
}

const VERSION_1 = 0x7b;

/** Stretches of blocks of one format, in order: version 1 travels as JSON Lines, version 2 as a CBOR sequence. */
function runs(blocks: readonly Uint8Array[]): Uint8Array[][] {
  const all: Uint8Array[][] = [];
  for (const block of blocks) {
    const last = all.at(-1);
    if (last !== undefined && (last[0]![0] === VERSION_1) === (block[0] === VERSION_1)) last.push(block);
    else all.push([block]);
  }
  return all;
}

/** A line break stands only between the parts of a JSON text, never inside its strings; an id does not depend on it. */
function bodyOf(batch: readonly Uint8Array[]): { type: string; data: Uint8Array } {
  if (batch[0]![0] !== VERSION_1) return { type: 'application/cbor-seq', data: concatBytes(...batch) };
  const lines = batch.map((block) => concatBytes(block, Uint8Array.of(0x0a)));
  for (const line of lines)
    for (let i = 0; i < line.length - 1; i++) if (line[i] === 0x0a || line[i] === 0x0d) line[i] = 0x20;
  return { type: 'application/x-ndjson', data: concatBytes(...lines) };
}

/** Statuses with which a single refused block is answered; its problem object carries `results` as well. */
const REFUSALS = [400, 403, 410, 413, 425, 507];

/** What one node cannot take now the next is given; where none can, the answer of each block is what it was told last. */
async function publishTo(
  route: Route,
  path: string,
  batch: readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<Accepted[]> {
  const results: (Accepted | undefined)[] = batch.map(() => undefined);
  const several = route.health().length > 1;
  try {
    await route.write(async (at) => {
      const open = [...results.keys()].filter((i) => isNotNow(results[i]));
      const body = bodyOf(open.map((i) => batch[i]!));
      const request: Ask = { method: 'POST', body, signal, also: REFUSALS };
      const told = await resultsOf(await ask(at, path, request), open.length);
      open.forEach((i, n) => (results[i] = told[n]));
      const refused = told.find(isNotNow);
      if (several && refused?.status === 'rejected') throw new CosmicError(refused.code, refused.detail);
    });
  } catch (error) {
    if (results.includes(undefined) || !(error instanceof CosmicError) || codes[error.code].fault !== 'node')
      throw error;
  }
  return results as Accepted[];
}

function isNotNow(answer: Accepted | undefined): boolean {
  return answer === undefined || (answer.status === 'rejected' && codes[answer.code].fault === 'node');
}

async function resultsOf(response: Response, sent: number): Promise<Accepted[]> {
  const answer = await jsonOf<{ results?: Accepted[]; code?: CosmicError['code']; detail?: string }>(response);
  if (!Array.isArray(answer.results))
    throw new CosmicError(answer.code ?? 'request.malformed', answer.detail ?? 'the answer holds no results');
  if (answer.results.length === sent) return answer.results;
  // A framing fault ends the sequence: what came after it was not read.
  const last = answer.results.at(-1);
  if (last?.status !== 'rejected' || answer.results.length > sent)
    throw new CosmicError(
      'request.malformed',
      `${sent} blocks sent, ${answer.results.length} answered, the last with ${JSON.stringify(last)}`,
    );
  return [...answer.results, ...Array.from({ length: sent - answer.results.length }, () => last)];
}

async function viewOf(asked: BlockId, response: Response, url: string): Promise<SignedBlock> {
  const wire = await bytesOf(response, url);
  const erased = response.headers.get('cosmic-erased');
  return {
    id: asked,
    seq: Number(response.headers.get('cosmic-seq') ?? 0),
    firstSeenMs: Number(response.headers.get('cosmic-first-seen') ?? 0),
    wire,
    ...(erased === null ? {} : { erased: erased as EraseReason }),
  };
}

function* batches(blocks: readonly Uint8Array[]): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = [];
  let bytes = 0;
  for (const wire of blocks) {
    if (batch.length > 0 && (bytes + wire.length > REQUEST_MAX_BYTES || batch.length >= REQUEST_MAX_BLOCKS)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(wire);
    bytes += wire.length;
  }
  if (batch.length > 0) yield batch;
}

/** A Float32Array would become an object of indices in JSON. */
function plain(request: SearchRequest): unknown {
  if (request.vector === undefined) return request;
  return { ...request, vector: { space: request.vector.space, values: Array.from(request.vector.values) } };
}

function baseOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new CosmicError('config.malformed', `node: ${url} is no address; write it like http://127.0.0.1:8080`, {
      cause,
    });
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw new CosmicError('config.malformed', `node: ${url} is no http address`);
  return parsed.href.replace(/\/+$/, '');
}
