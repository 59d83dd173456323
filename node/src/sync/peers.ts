import {
  CosmicError,
  parseCid,
  type Accept,
  type BlockStore,
  type Clock,
  type Follower,
  type Head,
  type Network,
  type PeerStatus,
  type Transport,
} from '@cosmicembeddings/sdk';
import { digestKey, RecentSet, Wants } from '@cosmicembeddings/sdk/sync';
import { follow, type Following } from '../follow/index.js';
import type { Log } from '../log.js';
import { peerAddress } from './address.js';
import { Bodyless } from './bodyless.js';
import { Decided } from './decided.js';
import { Later } from './later.js';
import { syncLimits, type SyncLimits } from './limits.js';
import { dialWithin, statusOfDialled, statusOfInbound, type Dialled } from './dialled.js';
import { Peer, type Shared } from './peer.js';
import { peersFile, type PeerList } from './peers-file.js';

export interface PeersOptions {
  readonly network: Network;
  readonly store: BlockStore;
  readonly accept: Accept;
  readonly clock: Clock;
  /** This node's did:key. */
  readonly did: string;
  readonly networkId: string;
  /** Data folder that keeps the added peers; or the list itself. Without either they are forgotten. */
  readonly folder?: string;
  readonly list?: PeerList;
  /** Peers of the configuration; removing one lasts until the next start. */
  readonly peers?: readonly string[];
  readonly log: Log;
  readonly limits?: Partial<SyncLimits>;
  /** [0, 1), for jitter. */
  readonly random?: () => number;
}

export interface Peers {
  /** Reads what is decided, then dials and listens. @throws CosmicError store.corrupt, request.malformed (configuration) */
  start(): Promise<void>;
  /** Dials from now on and after restarts. @throws CosmicError request.malformed */
  add(url: string): Promise<void>;
  /** @throws CosmicError request.malformed, request.not_found */
  remove(url: string): Promise<void>;
  status(): PeerStatus[];
  /** Could this id have been decided here? False only where it was not, up to what arrived in the last moments. */
  mayHave(digest: Uint8Array, timeMs: number): boolean;
  /** The store's head moved; may be lost without harm. */
  notify(head: Head): void;
  /** The follower that tells them what is new, once started. */
  announcements(): Following | undefined;
  close(): Promise<void>;
}

const TAIL_MAX = 256;
const RELAYED_MAX = 65_536;
const LATER_MAX = 16_384;
const BODYLESS_MAX = 1_024;

/** This node's peers: dials those it was told of, serves those who come, and passes on what the store takes in. */
export function createPeers(options: PeersOptions): Peers {
  const { network, store, clock, log } = options;
  const limits: SyncLimits = { ...syncLimits, ...options.limits };
  const random = options.random ?? Math.random;
  const list = options.list ?? (options.folder === undefined ? undefined : peersFile(options.folder));
  const stopping = new AbortController();
  const dialled = new Map<string, Dialled>();
  const peers = new Set<Peer>();
  const tasks = new Set<Promise<void>>();
  const runs = new Set<Promise<Peer>>();
  let saved: string[] = [];
  let counter = 0;
  let announcements: Following | undefined;
  let stirring = false;

  const shared: Shared = {
    store,
    accept: options.accept,
    clock,
    decided: new Decided(store),
    wants: new Wants(),
    later: new Later(LATER_MAX),
    bodyless: new Bodyless(BODYLESS_MAX, (digest) => {
      for (const peer of peers) peer.seekBodies([digest]);
    }),
    relayed: new RecentSet(RELAYED_MAX),
    limits,
    log,
    networkId: options.networkId,
    did: options.did,
    random,
    stir: () => {
      if (stirring) return;
      stirring = true;
      queueMicrotask(() => {
        stirring = false;
        rank();
        for (const peer of peers) peer.pump();
      });
    },
  };

  const spawn = (work: Promise<void>): void => {
    const task = work
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ error: String(error) }, 'a part of sync failed');
      })
      .finally(() => tasks.delete(task));
    tasks.add(task);
  };

  /** Of several connections to one node, those that came in stand by while one that we dialled is up. */
  const rank = (): void => {
    const reached = new Set<string>();
    for (const peer of peers)
      if (peer.isReady && peer.remote.direction === 'out') reached.add(peer.session.hello!.node);
    for (const peer of peers)
      if (peer.isReady && peer.remote.direction === 'in') peer.setStandby(reached.has(peer.session.hello!.node));
  };

  const run = (transport: Transport, dial?: Dialled): Promise<Peer> => {
    const running = serve(transport, dial).finally(() => runs.delete(running));
    runs.add(running);
    return running;
  };

  const serve = async (transport: Transport, dial?: Dialled): Promise<Peer> => {
    const peer = new Peer(`${transport.remote.address}#${++counter}`, transport, shared);
    peers.add(peer);
    if (dial !== undefined) dial.peer = peer;
    try {
      await peer.run();
    } finally {
      peers.delete(peer);
      rank();
      log.info(
        {
          peer: transport.remote.address,
          node: peer.session.hello?.node,
          ...peer.ending,
          received: peer.received,
          sent: peer.sent,
        },
        'peer left',
      );
    }
    return peer;
  };

  const keepDialling = async (dial: Dialled): Promise<void> => {
    const signal = AbortSignal.any([dial.stop.signal, stopping.signal]);
    let backoffMs = limits.backoffMinMs;
    while (!signal.aborted) {
      dial.state = 'connecting';
      const startedMs = clock.now();
      let fatal = false;
      try {
        const transport = await dialWithin(network, dial.address, clock, limits.dialMs, signal);
        const peer = await run(transport, dial);
        dial.received += peer.received;
        dial.sent += peer.sent;
        const { code, detail } = peer.ending!;
        dial.lastError = `${code}: ${detail}`;
        fatal = code.startsWith('peer.');
        if (peer.readySinceMs !== undefined && !fatal && clock.now() - startedMs > limits.backoffMaxMs / 2)
          backoffMs = limits.backoffMinMs;
      } catch (error) {
        if (signal.aborted) break;
        dial.lastError = error instanceof CosmicError ? error.message : String(error);
      }
      delete dial.peer;
      dial.state = 'waiting';
      if (fatal) backoffMs = limits.backoffMaxMs;
      await clock.sleep(backoffMs * (0.5 + random() / 2), signal).catch(() => undefined);
      backoffMs = Math.min(backoffMs * 2, limits.backoffMaxMs);
    }
  };

  const dial = (address: string): void => {
    if (dialled.has(address)) return;
    const entry: Dialled = { address, stop: new AbortController(), state: 'connecting', received: 0, sent: 0 };
    dialled.set(address, entry);
    spawn(keepDialling(entry));
  };

  const listen = async (): Promise<void> => {
    for await (const transport of network.accept()) {
      const inbound = [...peers].filter((peer) => peer.remote.direction === 'in').length;
      if (stopping.signal.aborted || inbound >= limits.inboundMax) spawn(transport.close(1013, 'node.busy'));
      else spawn(run(transport).then(() => undefined));
    }
  };

  /** What is new is decided, and told to whoever does not have it; what was here before is for reconciliation. */
  const announcer: Follower = {
    name: 'announcements',
    version: '1',
    wants: { parts: 'entries', from: 'head' },
    durable: () => undefined,
    take: (batch) => {
      for (const item of batch) {
        if (item.type !== 'put') continue;
        const news = { timeMs: item.block.timeMs, digest: parseCid(item.block.id).digest! };
        shared.decided.note(news);
        let pushes = shared.relayed.has(digestKey(news.digest)) ? 0 : limits.pushTo;
        for (const peer of peers) if (peer.announce(news, pushes > 0)) pushes -= 1;
      }
    },
  };

  const tick = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      for (const peer of peers) {
        try {
          peer.tick();
        } catch (error) {
          log.error({ peer: peer.remote.address, error: String(error) }, 'a session failed');
          peer.close('node.internal', 'this session failed');
        }
      }
      await clock.sleep(limits.tickMs, stopping.signal).catch(() => undefined);
    }
  };

  return {
    start: async () => {
      saved = [...((await list?.load()) ?? [])];
      const addresses = [...(options.peers ?? []), ...saved].map(peerAddress);
      // From the head as it is before what was decided is read: what comes in between is noted twice, not missed.
      announcements = await follow(announcer, {
        store,
        clock,
        batch: TAIL_MAX,
        lookEveryMs: limits.tickMs,
        onStopped: (error) => log.error({ error: String(error) }, 'the store cannot be followed'),
      });
      await shared.decided.load(stopping.signal);
      spawn(listen());
      spawn(tick());
      for (const address of addresses) dial(address);
    },
    add: async (url) => {
      const address = peerAddress(url);
      if (!saved.includes(address)) {
        await list?.save([...saved, address]);
        saved = [...saved, address];
      }
      dial(address);
    },
    remove: async (url) => {
      const address = peerAddress(url);
      const entry = dialled.get(address);
      if (entry === undefined && !saved.includes(address))
        throw new CosmicError('request.not_found', `no such peer: ${address}`);
      if (saved.includes(address)) {
        const rest = saved.filter((one) => one !== address);
        await list?.save(rest);
        saved = rest;
      }
      dialled.delete(address);
      entry?.peer?.close('node.stopping', 'removed by the operator');
      entry?.stop.abort(new CosmicError('node.stopping', 'removed'));
    },
    status: () => [
      ...[...dialled.values()].map(statusOfDialled),
      ...[...peers].filter((peer) => peer.remote.direction === 'in').map(statusOfInbound),
    ],
    mayHave: (digest, timeMs) => shared.decided.mayHave(digest, timeMs),
    notify: (head) => announcements?.notify(head.seq),
    announcements: () => announcements,
    close: async () => {
      stopping.abort(new CosmicError('node.stopping', 'sync is closed'));
      await announcements?.close();
      for (const peer of peers) peer.close('node.stopping', '');
      // Each says goodbye within a bounded time.
      await Promise.all(runs);
      await network.close();
      await Promise.all(tasks);
    },
  };
}
