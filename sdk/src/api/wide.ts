import type { Checks } from '../block/index.js';
import { CosmicError } from '../errors.js';
import { coverageKey, type Subscription } from '../filter/index.js';
import type { Hit, NodeStatus, PeerStatus, SearchAnswer, SearchRequest } from '../ports/index.js';
import type { NodeClient } from './client.js';
import { verifyHit, type HitVerification } from './verify-hit.js';

/** How much a node has that was asked, and what came of it. */
export interface Coverage {
  readonly url: string;
  readonly node?: string;
  /** Blocks that it keeps. */
  readonly blocks?: number;
  /** What it keeps, where that is not everything. */
  readonly keeps?: readonly Subscription[];
  /** Sound hits that nobody asked before had. */
  readonly hits: number;
  /** Hits that did not verify: none of them is among the answer's. */
  readonly unsound: number;
  readonly error?: string;
}

export interface WideHit {
  readonly hit: Hit;
  readonly verification: HitVerification;
  /** Address of the node that found it. */
  readonly from: string;
}

export interface WideAnswer {
  readonly hits: readonly WideHit[];
  /** The own node first. */
  readonly coverage: readonly Coverage[];
  readonly answer: SearchAnswer;
}

export interface WideOptions {
  readonly checks: Checks;
  /** A client of another node; it is told no token. */
  open(url: string): NodeClient;
  /** Peers that are asked at most. Default 3. */
  readonly peersMax?: number;
  readonly signal?: AbortSignal;
}

/** Peers that are asked how much they have. */
const LOOKED_AT = 16;

/**
 * Asks a node, and up to three of its peers that keep more than it does, or other things. Every hit is fetched where it was found and verified
 * here, its cosine against the own node's query vector; a hit of a peer that does not verify is left out. Order: the best place on any
 * of the lists, among equals the nearer by cosine. @throws CosmicError what the own node refuses with
 */
export async function searchWide(
  client: NodeClient,
  request: SearchRequest,
  options: WideOptions,
): Promise<WideAnswer> {
  const { checks, open, peersMax = 3, signal } = options;
  const [answer, own, peers] = await Promise.all([client.search(request, signal), client.status(), client.peers()]);
  const better = await betterCovered(own, peers, open);
  const found = new Map<string, WideHit & { readonly place: number }>();
  const keyOf = ({ id, row }: Hit): string => (request.rows === 'all' ? `${id} ${row}` : id);
  const coverage: Coverage[] = [];
  const take = async (asked: NodeClient, status: NodeStatus, hits: readonly Hit[], isOwn: boolean): Promise<void> => {
    let [fresh, unsound] = [0, 0];
    for (const [place, hit] of hits.entries()) {
      const key = keyOf(hit);
      const known = found.get(key);
      if (known !== undefined) {
        if (place < known.place) found.set(key, { ...known, place });
        continue;
      }
      const verification = await verifyHit(hit, answer, asked, checks);
      const isSound = verification.signed && verification.cosine !== false && verification.passage !== false;
      if (!isSound) unsound += 1;
      if (!isSound && !isOwn) continue;
      fresh += 1;
      found.set(key, { hit, verification, from: asked.url, place });
    }
    coverage.push({ url: asked.url, ...keptBy(status), hits: fresh, unsound });
  };
  await take(client, own, answer.hits, true);
  for (const { peer, status } of better.slice(0, peersMax)) {
    try {
      await take(peer, status, (await peer.search(request, signal)).hits, false);
    } catch (error) {
      if (!(error instanceof CosmicError)) throw error;
      coverage.push({
        url: peer.url,
        ...keptBy(status),
        hits: 0,
        unsound: 0,
        error: error.message,
      });
    }
  }
  const order = [...found.values()].sort((a, b) => a.place - b.place || (b.hit.cosine ?? -1) - (a.hit.cosine ?? -1));
  return { hits: order.slice(0, request.k).map(({ place: _, ...hit }) => hit), coverage, answer };
}

/** Peers that this node dials, of the same network, that keep more than it does or other things; those that keep everything first, then those with most. */
async function betterCovered(
  own: NodeStatus,
  peers: readonly PeerStatus[],
  open: WideOptions['open'],
): Promise<{ readonly peer: NodeClient; readonly status: NodeStatus }[]> {
  const urls = new Set(peers.flatMap((peer) => httpOf(peer) ?? []));
  const looked = await Promise.all(
    [...urls].slice(0, LOOKED_AT).map(async (url) => {
      const peer = open(url);
      const status = await peer.status().catch(() => undefined);
      return status === undefined ? [] : [{ peer, status }];
    }),
  );
  return looked
    .flat()
    .filter(({ status }) => status.network === own.network && status.node !== own.node && isBetter(status, own))
    .sort(
      (a, b) =>
        Number(a.status.coverage !== undefined) - Number(b.status.coverage !== undefined) ||
        b.status.head.count - a.status.head.count,
    );
}

/** May it have what `own` has not? It keeps more, or other things. */
function isBetter(other: NodeStatus, own: NodeStatus): boolean {
  const keepsOther = own.coverage !== undefined && coverageKey(other.coverage) !== coverageKey(own.coverage);
  return keepsOther || other.head.count > own.head.count;
}

function keptBy({ node, head, coverage }: NodeStatus): Pick<Coverage, 'node' | 'blocks' | 'keeps'> {
  return { node, blocks: head.count, ...(coverage === undefined ? {} : { keeps: coverage }) };
}

/** A peer that came in has an address that nobody can dial. */
function httpOf({ address, direction, state }: PeerStatus): string | undefined {
  if (direction !== 'out' || state !== 'connected' || !URL.canParse(address)) return undefined;
  const { protocol, host } = new URL(address);
  return protocol === 'wss:' ? `https://${host}` : protocol === 'ws:' ? `http://${host}` : undefined;
}
