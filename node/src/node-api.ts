import {
  CosmicError,
  wireOf,
  type Accepted,
  type BlockStore,
  type Catalogue,
  type Cursor,
  type NodeApi,
  type NodeStatus,
  type PeerStatus,
  type SignedBlock,
  type Source,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import type { Coverage } from '@cosmicembeddings/sdk/filter';
import type { Followers } from './follow/index.js';
import { createTurns } from './turns.js';
import { whileJudging } from './index/kinds/unjudged.js';
import { largest } from './operate/status.js';
import type { Views } from './views/views.js';
import { withVerdicts } from './views/with-verdicts.js';

export interface ApiParts {
  accept(bytes: Uint8Array, source: Source): Promise<Accepted>;
  readonly store: Pick<BlockStore, 'get'>;
  readonly catalogue: Pick<Catalogue, 'find' | 'counts'>;
  readonly views: Pick<Views, 'ask' | 'watch' | 'verdicts' | 'settled' | 'isHidden'>;
  readonly peers: { status(): PeerStatus[] };
  readonly followers: Pick<Followers, 'waitFor' | 'tell' | 'head' | 'states'>;
  /** What is kept of what others bring. */
  readonly coverage: Coverage;
  readonly search: NodeApi['search'];
  readonly watch: NodeApi['watch'];
  readonly spaces: NodeApi['spaces'];
  /** How far blocks of changed kinds are judged anew; undefined where none have to be. */
  judgedTo(): Promise<Cursor | undefined>;
  /** What of a status is neither counted nor followed. */
  about(): Promise<Omit<NodeStatus, 'followers' | 'head' | 'counts' | 'peers' | 'peering' | 'coverage' | 'notes'>>;
  notes(): readonly string[];
}

/** The node's own answers, before they become HTTP. */
export function createApi(parts: ApiParts): NodeApi {
  const { accept, store, catalogue, views, peers, followers } = parts;
  const inTurn = createTurns();
  return {
    publish: async (blocks, options) => {
      const answers = await Promise.all(blocks.map((bytes) => accept(bytes, { type: 'own' })));
      const seqs = answers.flatMap((answer) => (answer.status === 'stored' ? [answer.seq] : []));
      if (options?.wait !== undefined && seqs.length > 0)
        await followers.waitFor(options.wait, Math.max(...seqs), options.signal);
      return answers;
    },
    get: async (id) => {
      const [stored] = await inTurn(() => store.get([id]));
      // Of a version-1 block that was erased nothing signed is left; of a native one its header.
      if (stored?.envelope.length === 0) throw new CosmicError('policy.erased', `${id}: ${stored.erased ?? 'gone'}`);
      return stored === undefined ? undefined : viewOf(stored);
    },
    find: async (filter, page) => {
      const found = await catalogue.find(filter, page);
      if (page.hidden !== 'hide') return found;
      await followers.tell();
      await views.settled(followers.head().seq);
      return { ...found, ids: found.ids.filter((id) => !views.isHidden(id)) };
    },
    search: async (request, signal) => {
      await followers.tell();
      // Asked before: what is judged meanwhile may or may not be in the answer.
      const judgedTo = await parts.judgedTo();
      const answer = await withVerdicts(whileJudging(await parts.search(request, signal), judgedTo), request, views);
      const { coverage } = parts;
      return coverage === undefined ? answer : { ...answer, coverage };
    },
    view: (name, question, params) => views.ask(name, question, params),
    watchView: (name, question, params, signal) => views.watch(name, question, params, signal),
    watch: parts.watch,
    verdicts: async (id) => (await views.verdicts([id]))[0] ?? [],
    status: async () => ({
      ...(await parts.about()),
      followers: await followers.states(),
      head: followers.head(),
      counts: largest(await catalogue.counts()),
      peers: peers.status().filter((peer) => peer.state === 'connected').length,
      peering: peers.status(),
      ...(parts.coverage === undefined ? {} : { coverage: parts.coverage }),
      notes: [...parts.notes()],
    }),
    spaces: parts.spaces,
    peers: () => Promise.resolve(peers.status()),
  };
}

/** Exactly as signed: envelope, then body or CBOR null; the text alone for version 1. */
function viewOf(stored: StoredBlock): SignedBlock {
  const { id, seq, firstSeenMs, erased, body, format } = stored;
  const gone =
    erased === undefined ? (body === null && format !== 'python/1' ? { headerOnly: true as const } : {}) : { erased };
  return { id, seq, firstSeenMs, wire: wireOf(stored), ...gone };
}
