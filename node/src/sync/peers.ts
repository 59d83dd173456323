import {
  CosmicError,
  parseCid,
  type Accept,
  type BlockStore,
  type Clock,
  type Cursor,
  type Follower,
  type Network,
  type BlockTrace,
  type PeerStatus,
  publicKeyOfDid,
  type Transport,
  type Verify,
} from '@cosmicembeddings/sdk';
import { digestKey, RecentSet, Wants, type Prover } from '@cosmicembeddings/sdk/sync';
import { follow, type Following, type Trailing } from '../follow/index.js';
import type { Log } from '../log.js';
import { partsOf, peerAddress } from './address.js';
import { Hints } from './meeting/hints.js';
import { isTellable } from './meeting/ranges.js';
import type { MeetingRules } from './meeting/rules.js';
import { Bodyless } from './bodyless.js';
import { Bootstrap, feedFile, type FeedFile } from './bootstrap.js';
import { Budget } from './budget.js';
import { clockFault } from './clock-fault.js';
import { Decided } from './decided.js';
import { Later } from './later.js';
import { syncLimits, type SyncLimits } from './limits.js';
import { dialWithin, statusOfDialled, statusOfInbound, type Dialled } from './dialled.js';
import { isLoopback, isOwnAddress, prefixOf } from './own-address.js';
import { Peer, type Shared } from './peer.js';
import { peersFile, reputationFile, type PeerList } from './peers-file.js';
import { Reputation } from './reputation.js';
import { Traces } from './traces.js';
import type { PeerRules } from './rules.js';
import { whoMakesRoom } from './slots.js';

export interface PeersOptions {
  readonly network: Network;
  readonly store: BlockStore;
  readonly accept: Accept;
  readonly clock: Clock;
  /** This node's did:key. */
  readonly did: string;
  /** Signs with the key of `did` and makes 32 random bytes. Without it this node only claims to be who it is. */
  readonly identity?: Identity;
  /** Who may be a peer at all. */
  readonly rules?: PeerRules;
  readonly networkId: string;
  /** Data folder that keeps the added peers; or the list itself. Without either they are forgotten. */
  readonly folder?: string;
  readonly list?: PeerList;
  /** Finds other nodes by hearsay. Without it only given addresses are dialled. */
  readonly meeting?: MeetingRules;
  /** Over which hearsay is dialled: one that looks at addresses again once names are resolved. Default `network`. */
  readonly hearsay?: Network;
  /** Keeps the place of a bulk transfer; by itself where there is a folder. */
  readonly feedFile?: FeedFile;
  /** Peers of the configuration; removing one lasts until the next start. */
  readonly peers?: readonly string[];
  readonly log: Log;
  readonly limits?: Partial<SyncLimits>;
  /** [0, 1), for jitter. */
  readonly random?: () => number;
}

export interface Identity {
  sign(message: Uint8Array): Uint8Array;
  nonce(): Uint8Array;
  readonly verify?: Verify;
}

export interface Banned {
  /** A did:key, or the address that answers for those who prove nothing. */
  readonly name: string;
  readonly untilMs: number;
  readonly why: string;
}

export interface Peers {
  /** Reads what is decided, then dials and listens. @throws CosmicError store.corrupt, request.malformed (configuration) */
  start(): Promise<void>;
  /** Dials from now on and after restarts. @throws CosmicError request.malformed */
  add(url: string): Promise<void>;
  /** @throws CosmicError request.malformed, request.not_found */
  remove(url: string): Promise<void>;
  /**
   * Compares with the peer at this address now, dialling it for this once if need be. Resolves when this node has all that the
   * other has, or after `waitMs`. @throws CosmicError request.malformed, node.unreachable
   */
  sync(
    url: string,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<{ readonly inStep: boolean; readonly peer: PeerStatus }>;
  /** @throws CosmicError request.malformed for what is no did:key */
  ban(did: string, forMs: number): void;
  /** Lifts a ban and forgets the score. @throws CosmicError request.malformed */
  allow(did: string): void;
  banned(): Banned[];
  status(): PeerStatus[];
  /** What keeps this node from its work, in words: a clock that is off, a copy of itself. */
  faults(): string[];
  /** What an operator should know besides. */
  notes(): string[];
  /** Takes an address by hearsay from elsewhere; false where it is not kept. */
  hint(address: string, source: string): boolean;
  /** By which way a block came, who has it, what it waits for. */
  trace(digest: Uint8Array): Omit<BlockTrace, 'id' | 'here' | 'firstSeenMs'>;
  /** Median of the clocks of those that this node dialled, else of all, minus its own; undefined without peers. */
  clockOffsetMs(): number | undefined;
  /** Could this id have been decided here? False only where it was not, up to what arrived in the last moments. */
  mayHave(digest: Uint8Array, timeMs: number): boolean;
  /** The store's head moved; may be lost without harm. */
  /** The follower that tells them what is new. */
  readonly announcements: Omit<Trailing, 'answers'>;
  close(): Promise<void>;
}

/** How long the last sight of a node with our own key is told. */
const TWIN_MS = 15 * 60_000;
/** Address prefixes whose rate of arrival is watched; the longest quiet is forgotten. */
const PREFIXES_MAX = 4096;
/** How often `sync` looks whether it is done. */
const SYNC_LOOK_MS = 50;
/** An address that was dialled for one `sync` is kept for so long for the next. */
const SYNC_KEPT_MS = 10_000;
const TAIL_MAX = 256;
const NOWHERE: Cursor = { epoch: '', seq: 0 };
const RELAYED_MAX = 65_536;
const TRACES_MAX = 16_384;
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
  const rules = options.rules ?? {};
  const nonces = new Set<string>();
  const arrivals = new Map<string, Budget>();
  const reputation = new Reputation(clock, limits.banAt);
  const scores = options.folder === undefined ? undefined : reputationFile(options.folder);
  const hints = options.meeting === undefined ? undefined : new Hints(options.meeting.ranges, random);
  const askedMs = new WeakMap<Peer, number>();
  let metMs = -Infinity;
  let twin: { readonly address: string; readonly atMs: number } | undefined;

  const shared: Shared = {
    reputation,
    unknownWork: new Budget(limits.unknownWorkPerSecond, limits.workBurst, clock.now()),
    refusalOf: (peer) => refusalOf(peer),
    twin: ({ remote }) => {
      if (twin === undefined) log.error({ peer: remote.address }, 'another node runs with this node’s own key');
      twin = { address: remote.address, atMs: clock.now() };
    },
    store,
    accept: options.accept,
    clock,
    decided: new Decided(store),
    wants: new Wants(),
    later: new Later(LATER_MAX),
    bodyless: new Bodyless(BODYLESS_MAX, (digest) => {
      for (const peer of peers) peer.seekBodies([digest]);
    }),
    bootstrap: new Bootstrap(
      limits,
      options.feedFile ?? (options.folder === undefined ? undefined : feedFile(options.folder)),
      (error) => log.warn({ error: String(error) }, 'the place of a bulk transfer is not saved'),
    ),
    tellable: options.meeting?.exchange === true ? () => tellable() : undefined,
    heardOf: (peer, addresses) => {
      for (const address of addresses) hints?.add(address, peer.name);
    },
    caughtUp: async () => announcements?.waitFor((await store.head()).seq, stopping.signal),
    relayed: new RecentSet(RELAYED_MAX),
    traces: new Traces(TRACES_MAX),
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

  /**
   * Of several connections to one node, those that came in stand by while one that we dialled is up. Only a proven identity
   * counts: who merely says another's name displaces nobody.
   */
  const rank = (): void => {
    const reached = new Set<string>();
    const inbound = new Map<string, Peer[]>();
    for (const peer of peers) {
      if (!peer.isReady || !peer.session.proven) continue;
      if (peer.isDialled) reached.add(peer.name);
      else inbound.set(peer.name, [...(inbound.get(peer.name) ?? []), peer]);
    }
    for (const [name, same] of inbound) {
      for (const peer of same) peer.setStandby(reached.has(name));
      // The newest are those that the other side knows to be alive.
      for (const peer of same.slice(0, -limits.identityMax)) peer.close('node.busy', 'replaced by newer connections');
    }
  };

  const refusalOf = (peer: Peer): string | undefined => {
    const { name } = peer;
    const { proven } = peer.session;
    if (rules.deny?.includes(name) === true) return `${name} is denied here`;
    if ((rules.allow?.length ?? 0) > 0 && !(proven && rules.allow!.includes(name))) return `${name} is not on the list`;
    const { bannedUntilMs, why } = reputation.of(name);
    if (bannedUntilMs === undefined) return undefined;
    const until = Number.isFinite(bannedUntilMs) ? new Date(bannedUntilMs).toISOString() : 'further notice';
    return `banned until ${until}: ${why ?? ''}`;
  };

  const proverOf = ({ direction, local, channel }: Transport['remote'], dial?: Dialled): Prover | undefined => {
    const { identity } = options;
    if (identity === undefined) return undefined;
    const shared = {
      nonce: identity.nonce(),
      sign: (message: Uint8Array) => identity.sign(message),
      isOwnNonce: (nonce: Uint8Array) => nonces.has(digestKey(nonce)),
      required: rules.proofRequired === true || (rules.allow?.length ?? 0) > 0,
      ...(identity.verify === undefined ? {} : { verify: identity.verify }),
      ...(rules.networkKey === undefined ? {} : { networkKey: rules.networkKey }),
      ...(channel === undefined ? {} : { channel }),
    };
    if (direction === 'in')
      return {
        ...shared,
        role: 'listener',
        isOwnAddress: (url) => isOwnAddress(url, local, rules.ownAddresses ?? []),
      };
    const parts = partsOf(dial!.address);
    // Who has proven an identity here once has to do so again: nobody on the line talks both down to mere claims.
    return { ...shared, role: 'dialler', ...parts, required: shared.required || dial!.hasProven === true };
  };

  const run = (transport: Transport, dial?: Dialled): Promise<Peer> => {
    const running = serve(transport, dial).finally(() => runs.delete(running));
    runs.add(running);
    return running;
  };

  const serve = async (transport: Transport, dial?: Dialled): Promise<Peer> => {
    const prover = proverOf(transport.remote, dial);
    const nonce = prover === undefined ? '' : digestKey(prover.nonce);
    nonces.add(nonce);
    const peer = new Peer(`${transport.remote.address}#${++counter}`, transport, shared, prover);
    peers.add(peer);
    if (dial !== undefined) dial.peer = peer;
    try {
      await peer.run();
    } finally {
      peers.delete(peer);
      nonces.delete(nonce);
      if (dial !== undefined && peer.session.proven) dial.hasProven = true;
      rank();
      log.info(
        {
          peer: transport.remote.address,
          node: peer.session.hello?.node,
          proven: peer.session.proven,
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
      const startedMs = (dial.triedMs = clock.now());
      let fatal = false;
      try {
        const { url } = partsOf(dial.address);
        refusePlain(url);
        const transport = await dialWithin(
          dial.hint === true ? (options.hearsay ?? network) : network,
          // Who must answer matters where only its key vouches for a certificate.
          url.startsWith('wss:') ? dial.address : url,
          clock,
          limits.dialMs,
          signal,
        );
        const peer = await run(transport, dial);
        dial.received += peer.received;
        dial.sent += peer.sent;
        const { code, detail } = peer.ending!;
        dial.lastError = `${code}: ${detail}`;
        fatal = code.startsWith('peer.');
        if (dial.hint === true && (fatal || peer.readySinceMs === undefined)) return forget(dial);
        hints?.worked(dial.address);
        if (peer.readySinceMs !== undefined && !fatal && clock.now() - startedMs > limits.backoffMaxMs / 2)
          backoffMs = limits.backoffMinMs;
      } catch (error) {
        if (signal.aborted) break;
        dial.lastError = error instanceof CosmicError ? error.message : String(error);
        if (dial.hint === true) return forget(dial);
      }
      delete dial.peer;
      dial.state = 'waiting';
      if (fatal) backoffMs = limits.backoffMaxMs;
      await clock.sleep(backoffMs * (0.5 + random() / 2), signal).catch(() => undefined);
      backoffMs = Math.min(backoffMs * 2, limits.backoffMaxMs);
    }
  };

  const refusePlain = (url: string): void => {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'wss:' || rules.plainLines !== false || isLoopback(hostname)) return;
    throw new CosmicError(
      'config.malformed',
      `${url}: ws: to another machine can be read and changed on the way; use wss:, or insist with --plain-peers`,
    );
  };

  const dial = (address: string, hint = false): Dialled => {
    const known = dialled.get(address);
    if (known !== undefined) return known;
    const entry: Dialled = { address, stop: new AbortController(), state: 'connecting', received: 0, sent: 0, hint };
    dialled.set(address, entry);
    spawn(keepDialling(entry));
    return entry;
  };

  const undial = (address: string): void => {
    const entry = dialled.get(address);
    dialled.delete(address);
    entry?.peer?.close('node.stopping', 'removed by the operator');
    entry?.stop.abort(new CosmicError('node.stopping', 'removed'));
  };

  /** What was hearsay and did not hold. */
  const forget = ({ address }: Dialled): void => {
    hints?.failed(address, clock.now());
    dialled.delete(address);
  };

  /** What others may know: own addresses, and those of proven peers that are nobody's secret. */
  const tellable = (): string[] => {
    const own = (rules.ownAddresses ?? []).map((url) => `${partsOf(url).url}#${options.did}`);
    const others = [...dialled.values()].flatMap(({ address, peer, hint }) =>
      peer?.isReady === true && peer.session.proven && isTellable(address, hint === true)
        ? [`${partsOf(address).url}#${peer.session.hello!.node}`]
        : [],
    );
    return [...own, ...others];
  };

  /** Asks those who are there, and dials one more of those that were told, until there are enough. */
  const meet = (nowMs: number): void => {
    const { meeting } = options;
    if (hints === undefined || meeting === undefined || nowMs - metMs < limits.meetMs) return;
    metMs = nowMs;
    const { exchange, outbound } = meeting;
    for (const peer of peers) {
      if (!exchange || !peer.isDialled || !peer.isReady) continue;
      if (nowMs - (askedMs.get(peer) ?? -Infinity) < limits.exchangeMs) continue;
      askedMs.set(peer, nowMs);
      peer.askForPeers();
    }
    if (dialled.size >= outbound) return;
    const address = hints.next([...dialled.keys()], nowMs);
    // Who is here already, by whatever address, need not be dialled again.
    const who = address === undefined ? undefined : partsOf(address).expects;
    const isHere =
      who !== undefined && (who === options.did || [...peers].some((peer) => peer.isReady && peer.name === who));
    if (address !== undefined && isHere) return hints.failed(address, nowMs);
    if (address !== undefined) dial(address, true);
  };

  /** May one more come from there now? Nobody keeps a node busy with handshakes. */
  const mayArrive = (prefix: string): boolean => {
    const nowMs = clock.now();
    const budget = arrivals.get(prefix) ?? new Budget(limits.arrivalsPerSecond, limits.arrivalsBurst, nowMs);
    arrivals.delete(prefix);
    arrivals.set(prefix, budget);
    if (arrivals.size > PREFIXES_MAX) arrivals.delete(arrivals.keys().next().value!);
    return budget.take(nowMs);
  };

  const listen = async (): Promise<void> => {
    for await (const transport of network.accept()) {
      const prefix = prefixOf(transport.remote.address);
      if (stopping.signal.aborted || !mayArrive(prefix)) {
        spawn(transport.close(1013, 'node.busy'));
        continue;
      }
      const inbound = [...peers].filter((peer) => !peer.isDialled && !peer.isEnded);
      const victim = whoMakesRoom(inbound, prefix, limits);
      if (victim !== 'free') victim.close('node.busy', 'made room for another');
      spawn(run(transport).then(() => undefined));
    }
  };

  const saveScores = async (): Promise<void> => {
    const entries = scores === undefined ? undefined : reputation.toSave();
    if (entries !== undefined) await scores!.save(entries);
  };

  /** Scores reach the disk now and then; what is lost in a crash is an hour's opinion. */
  const keepScores = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await clock.sleep(limits.saveMs, stopping.signal).catch(() => undefined);
      await saveScores().catch((error: unknown) => log.warn({ error: String(error) }, 'scores of peers are not saved'));
    }
  };

  const didOrThrow = (did: string): string => {
    if (publicKeyOfDid(did) === undefined)
      throw new CosmicError('request.malformed', `${did.slice(0, 100)}: expected a did:key`);
    return did;
  };

  const twinFault = (): string[] =>
    twin === undefined || clock.now() - twin.atMs > TWIN_MS
      ? []
      : [
          `another node runs with this node’s own key at ${twin.address}: one of the two uses a copied data folder; they never sync`,
        ];

  const clocks = (): number | undefined => {
    const ready = [...peers].filter((peer) => peer.isReady && peer.clockOffsetMs !== undefined);
    const trusted = ready.filter((peer) => peer.isDialled);
    const offsets = (trusted.length > 0 ? trusted : ready.filter((peer) => peer.session.proven))
      .map((peer) => peer.clockOffsetMs!)
      .sort((a, b) => a - b);
    return offsets[offsets.length >> 1];
  };

  /** What is new is decided, and told to whoever does not have it; what was here before is for reconciliation. */
  const announcer: Follower = {
    name: 'announcements',
    version: '1',
    wants: { parts: 'entries', from: 'head' },
    durable: () => undefined,
    take: (batch) => {
      for (const item of batch) {
        // What is judged anew here is no news to others.
        if (item.type !== 'put' || item.replaces !== undefined) continue;
        const news = { timeMs: item.block.timeMs, digest: parseCid(item.block.id).digest! };
        shared.decided.note(news);
        let pushes = shared.relayed.has(digestKey(news.digest)) ? 0 : limits.pushTo;
        for (const peer of peers) if (peer.announce(news, pushes > 0)) pushes -= 1;
      }
    },
  };

  const tick = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      meet(clock.now());
      for (const { address, untilMs } of dialled.values())
        if (untilMs !== undefined && untilMs < clock.now()) undial(address);
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
      reputation.restore(await scores?.load());
      await shared.bootstrap.load();
      spawn(listen());
      spawn(tick());
      if (scores !== undefined) spawn(keepScores());
      for (const address of addresses) dial(address);
    },
    add: async (url) => {
      const address = peerAddress(url);
      if (!saved.includes(address)) {
        await list?.save([...saved, address]);
        saved = [...saved, address];
      }
      const entry = dial(address);
      delete entry.untilMs;
      entry.hint = false;
    },
    remove: async (url) => {
      const address = peerAddress(url);
      if (!dialled.has(address) && !saved.includes(address))
        throw new CosmicError('request.not_found', `no such peer: ${address}`);
      if (saved.includes(address)) {
        const rest = saved.filter((one) => one !== address);
        await list?.save(rest);
        saved = rest;
      }
      undial(address);
    },
    sync: async (url, waitMs, signal) => {
      const address = peerAddress(url);
      const isNew = !dialled.has(address);
      const entry = dial(address);
      if (isNew || entry.untilMs !== undefined) entry.untilMs = clock.now() + waitMs + SYNC_KEPT_MS;
      const waiting = AbortSignal.any([stopping.signal, ...(signal === undefined ? [] : [signal])]);
      const startedMs = clock.now();
      for (let asked: Peer | undefined; ;) {
        waiting.throwIfAborted();
        const { peer } = entry;
        if (peer?.isReady === true) {
          if (peer !== asked && (peer.reconciledMs ?? -Infinity) < startedMs) peer.reconcileNow();
          asked = peer;
          const inStep = (peer.reconciledMs ?? -Infinity) >= startedMs && peer.behind === 0;
          if (inStep || clock.now() - startedMs >= waitMs) return { inStep, peer: statusOfDialled(entry, reputation) };
        } else if (entry.state === 'waiting' && entry.lastError !== undefined && entry.triedMs! >= startedMs)
          throw new CosmicError('node.unreachable', `${address}: ${entry.lastError}`);
        else if (clock.now() - startedMs >= Math.max(waitMs, limits.dialMs))
          throw new CosmicError('node.unreachable', `${address}: ${entry.lastError ?? 'not connected'}`);
        await clock.sleep(SYNC_LOOK_MS, waiting);
      }
    },
    ban: (did, forMs) => {
      reputation.ban(didOrThrow(did), forMs, 'by the operator');
      for (const peer of peers) if (peer.name === did) peer.close('peer.refused', refusalOf(peer) ?? 'banned');
    },
    allow: (did) => void reputation.pardon(didOrThrow(did)),
    banned: () =>
      reputation.banned().map((name) => {
        const { bannedUntilMs, why } = reputation.of(name);
        return { name, untilMs: bannedUntilMs!, why: why ?? '' };
      }),
    status: () => [
      ...[...dialled.values()].map((one) => statusOfDialled(one, reputation)),
      ...[...peers].filter((peer) => !peer.isDialled).map((peer) => statusOfInbound(peer, reputation)),
    ],
    faults: () => {
      const hasDialled = [...peers].some((peer) => peer.isDialled && peer.isReady);
      const clock = hasDialled ? clockFault(clocks()) : undefined;
      return [...(clock === undefined ? [] : [clock]), ...twinFault()];
    },
    notes: () => {
      const clock = clockFault(clocks());
      return [...(clock === undefined ? [] : [clock]), ...twinFault()];
    },
    hint: (address, source) => hints?.add(address, source) ?? false,
    trace: (digest) => {
      const { traces, later, wants } = shared;
      const addressOf = (id: string): string => id.slice(0, id.lastIndexOf('#'));
      const { holders, askedOf } = wants.of(digest);
      const retryAtMs = later.retryAt(digestKey(digest));
      return {
        arrivals: traces.of(digestKey(digest)),
        peers: [...peers].flatMap((peer) => {
          const says = peer.isReady ? peer.saysOf(digest) : undefined;
          if (says === undefined) return [];
          return [{ address: peer.remote.address, node: peer.session.hello!.node, proven: peer.session.proven, says }];
        }),
        offeredBy: holders.map(addressOf),
        ...(askedOf === undefined ? {} : { askedOf: addressOf(askedOf) }),
        ...(retryAtMs === undefined ? {} : { retryAtMs }),
      };
    },
    clockOffsetMs: clocks,
    mayHave: (digest, timeMs) => shared.decided.mayHave(digest, timeMs),
    announcements: {
      name: announcer.name,
      position: () => announcements?.position() ?? NOWHERE,
      waitFor: (seq, signal) => announcements?.waitFor(seq, signal) ?? Promise.resolve(),
      stopped: () => announcements?.progress().stopped,
      notify: (head) => announcements?.notify(head.seq),
    },
    close: async () => {
      stopping.abort(new CosmicError('node.stopping', 'sync is closed'));
      await announcements?.close();
      for (const peer of peers) peer.close('node.stopping', '');
      // Each says goodbye within a bounded time.
      await Promise.all(runs);
      await shared.bootstrap.settled();
      await saveScores().catch((error: unknown) => log.warn({ error: String(error) }, 'scores of peers are not saved'));
      await network.close();
      await options.hearsay?.close();
      await Promise.all(tasks);
    },
  };
}
