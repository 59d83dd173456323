import {
  CosmicError,
  type Accept,
  type BlockStore,
  type Clock,
  type Cursor,
  type Network,
  type PeerStatus,
  publicKeyOfDid,
  type Transport,
} from '@cosmicembeddings/sdk';
import { asksPlaces, type Coverage, type Covered } from '@cosmicembeddings/sdk/filter';
import { digestKey, RecentSet, Wants } from '@cosmicembeddings/sdk/sync';
import { follow, type Following, type Trailing } from '../follow/index.js';
import type { Log } from '../log.js';
import { joinSignals } from '../signals.js';
import { peerAddress } from './address.js';
import { announcerOf } from './announcer.js';
import { Arrivals } from './arrivals.js';
import { Bodyless } from './bodyless.js';
import { Bootstrap, feedFile, type FeedFile } from './bootstrap.js';
import { Budget } from './budget.js';
import { clockFault, clockOffsetOf } from './clock-fault.js';
import { coveredOf, Parts } from './coverage/parts.js';
import { Passing } from './coverage/passing.js';
import { relaysOf } from './coverage/routes.js';
import { Decided } from './decided.js';
import { statusOfDialled, statusOfInbound, type Dialled } from './dialled.js';
import { Dialling } from './dialling.js';
import { Later } from './later.js';
import { syncLimits, type SyncLimits } from './limits.js';
import { Hints } from './meeting/hints.js';
import { isHere, tellableOf, whomToAsk } from './meeting/meet.js';
import type { MeetingRules } from './meeting/rules.js';
import { prefixOf } from './own-address.js';
import { peersFile, reputationFile, type PeerList } from './peers-file.js';
import { AtTheDoor } from './peer/at-the-door.js';
import { Peer } from './peer/peer.js';
import type { Shared } from './peer/shared.js';
import { proverOf, type Identity } from './prover.js';
import { refusalBy } from './refusal.js';
import { Reputation } from './reputation.js';
import type { PeerRules } from './rules.js';
import { whoMakesRoom } from './slots.js';
import { rankLinks } from './standby.js';
import { Traces, wayOf, type Way } from './traces.js';

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
  /** What this node keeps of what others bring; without it everything. The door is to hold to the same. */
  readonly coverage?: Coverage;
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
  /** A peer did what no honest node does; `name` as in `Banned`. */
  onFault?(name: string, why: string): void;
  readonly limits?: Partial<SyncLimits>;
  /** [0, 1), for jitter. */
  readonly random?: () => number;
}

export interface Banned {
  /** A did:key, or the address that answers for those who prove nothing. */
  readonly name: string;
  readonly untilMs: number;
  readonly why: string;
}

export interface Peers {
  /** Follows the store; dials and listens as soon as it is read what is decided. @throws CosmicError request.malformed (configuration) */
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
  /** Is not spoken with for so long; `name` as in `Banned`. */
  refuse(name: string, forMs: number, why: string): void;
  /** Lifts what was refused for this reason, and forgets what it did; a ban for another reason stays. */
  pardon(name: string, why: string): void;
  banned(): Banned[];
  status(): PeerStatus[];
  /** What keeps this node from its work, in words: a clock that is off, a copy of itself. */
  faults(): string[];
  /** What an operator should know besides. */
  notes(): string[];
  /** Takes an address by hearsay from elsewhere; false where it is not kept. */
  hint(address: string, source: string): boolean;
  /** By which way a block came, who has it, what it waits for. */
  trace(digest: Uint8Array): Way;
  /** A block that a peer brought and that is not covered here: it goes on to whom it concerns. */
  pass(block: Covered & { readonly digest: Uint8Array }, wire: Uint8Array): void;
  /** How many coverages of peers are compared now. */
  coverages(): number;
  /** Median of the clocks of those that this node dialled, else of all, minus its own; undefined without peers. */
  clockOffsetMs(): number | undefined;
  /** Could this id have been decided here? False only where it was not, up to what arrived in the last moments. */
  mayHave(digest: Uint8Array, timeMs: number): boolean;
  /** The follower that tells them what is new. */
  readonly announcements: Omit<Trailing, 'answers'>;
  close(): Promise<void>;
}

/** How long the last sight of a node with our own key is told. */
const TWIN_MS = 15 * 60_000;
const TAIL_MAX = 256;
/** Where much is decided, reading it holds the event loop again and again: who searches after a start comes first, for so long. */
const FIRST_MS = 1000;
const NOWHERE: Cursor = { epoch: '', seq: 0 };
const RELAYED_MAX = 65_536;
const TRACES_MAX = 16_384;
const LATER_MAX = 16_384;
const BODYLESS_MAX = 1_024;

/** This node's peers: dials those it was told of, serves those who come, and passes on what the store takes in. */
export function createPeers(options: PeersOptions): Peers {
  const { network, store, clock, log, did, identity, meeting, folder, coverage } = options;
  const limits: SyncLimits = { ...syncLimits, ...options.limits };
  const rules = options.rules ?? {};
  const random = options.random ?? Math.random;
  const list = options.list ?? (folder === undefined ? undefined : peersFile(folder));
  const scores = folder === undefined ? undefined : reputationFile(folder);
  const reputation = new Reputation(clock, limits.banAt, (name, why) => options.onFault?.(name, why));
  const hints = meeting === undefined ? undefined : new Hints(meeting.ranges, random);
  const arrivals = new Arrivals(limits);
  const stopping = new AbortController();
  const peers = new Set<Peer>();
  const nonces = new Set<string>();
  const tasks = new Set<Promise<void>>();
  const runs = new Set<Promise<Peer>>();
  const askedMs = new WeakMap<Peer, number>();
  let saved: string[] = [];
  let counter = 0;
  let announcements: Following | undefined;
  let stirring = false;
  let metMs = -Infinity;
  let relaysToldMs = -Infinity;
  let relaysState = '';
  let twin: { readonly address: string; readonly atMs: number } | undefined;
  /** No session begins before it is known what is decided here; everything else of a node goes on meanwhile. */
  let decidedIsRead: Promise<void> = Promise.resolve();
  let unread: string | undefined;

  const refusalOf = (name: string, proven: boolean): string | undefined =>
    refusalBy(rules, reputation.of(name), name, proven);

  const shared: Shared = {
    reputation,
    atTheDoor: new AtTheDoor(),
    unknownWork: new Budget(limits.unknownWorkPerSecond, limits.workBurst, clock.now()),
    refusalOf,
    twin: (address) => {
      if (twin === undefined) log.error({ peer: address }, 'another node runs with this node’s own key');
      twin = { address, atMs: clock.now() };
    },
    store,
    accept: options.accept,
    clock,
    decided: new Decided(store),
    coverage,
    parts: new Parts(store, coverage, stopping.signal),
    passing: new Passing(limits, clock.now()),
    wants: new Wants(),
    later: new Later(LATER_MAX),
    bodyless: new Bodyless(BODYLESS_MAX, (digest) => {
      for (const peer of peers) peer.seekBodies([digest]);
    }),
    bootstrap: new Bootstrap(
      limits,
      options.feedFile ?? (folder === undefined ? undefined : feedFile(folder)),
      (error) => log.warn({ error: String(error) }, 'the place of a bulk transfer is not saved'),
    ),
    tellable:
      meeting?.exchange === true
        ? () => tellableOf({ did, addresses: rules.ownAddresses ?? [] }, dialling.all)
        : undefined,
    heardOf: (name, addresses) => {
      for (const address of addresses) hints?.add(address, name);
    },
    caughtUp: async () => announcements?.waitFor((await store.head()).seq, stopping.signal),
    relayed: new RecentSet(RELAYED_MAX),
    traces: new Traces(TRACES_MAX),
    limits,
    log,
    networkId: options.networkId,
    did,
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

  const rank = (): void => {
    const { standby, surplus } = rankLinks(peers, limits.identityMax);
    for (const [peer, isStandby] of standby) peer.setStandby(isStandby);
    for (const peer of surplus) peer.close('node.busy', 'replaced by newer connections');
  };

  const run = (transport: Transport, dial?: Dialled): Promise<Peer> => {
    const running = serve(transport, dial).finally(() => runs.delete(running));
    runs.add(running);
    return running;
  };

  const serve = async (transport: Transport, dial?: Dialled): Promise<Peer> => {
    const { remote } = transport;
    const prover = identity === undefined ? undefined : proverOf(identity, rules, nonces, remote, dial);
    const nonce = prover === undefined ? '' : digestKey(prover.nonce);
    nonces.add(nonce);
    const peer = new Peer(`${remote.address}#${++counter}`, transport, shared, prover);
    peers.add(peer);
    if (dial !== undefined) dial.peer = peer;
    try {
      await peer.run();
    } finally {
      peers.delete(peer);
      nonces.delete(nonce);
      const { received, sent, ending, session } = peer;
      const { proven } = session;
      if (dial !== undefined && proven) dial.hasProven = true;
      rank();
      log.info({ peer: remote.address, node: session.hello?.node, proven, ...ending, received, sent }, 'peer left');
    }
    return peer;
  };

  const dialling = new Dialling({
    network,
    hearsay: options.hearsay ?? network,
    clock,
    limits,
    plainLines: rules.plainLines !== false,
    random,
    hints,
    run,
    spawn,
    stopping: stopping.signal,
    begin: () => decidedIsRead,
  });

  /** Asks those who are there, and dials one more of those that were told, until there are enough. */
  const meet = (nowMs: number): void => {
    if (hints === undefined || meeting === undefined || nowMs - metMs < limits.meetMs) return;
    metMs = nowMs;
    for (const peer of meeting.exchange ? whomToAsk(peers, (one) => askedMs.get(one), nowMs, limits) : []) {
      askedMs.set(peer, nowMs);
      peer.askForPeers();
    }
    if (dialling.size >= meeting.outbound) return;
    const address = hints.next(dialling.addresses(), nowMs);
    if (address === undefined) return;
    if (isHere(address, did, peers)) hints.failed(address, nowMs);
    else dialling.dial(address, true);
  };

  const listen = async (): Promise<void> => {
    for await (const transport of network.accept()) {
      const prefix = prefixOf(transport.remote.address);
      if (stopping.signal.aborted || !arrivals.mayCome(prefix, clock.now())) {
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

  const leave = (name: string): void => {
    for (const peer of peers)
      if (peer.name === name) peer.close('peer.refused', refusalOf(name, peer.session.proven) ?? 'banned');
  };

  const didOrThrow = (text: string): string => {
    if (publicKeyOfDid(text) === undefined)
      throw new CosmicError('request.malformed', `${text.slice(0, 100)}: expected a did:key`);
    return text;
  };

  const clockFaults = (): string[] => {
    const fault = clockFault(clockOffsetOf(peers));
    return fault === undefined ? [] : [fault];
  };

  /** Why this node cannot sync at all. */
  const ownFaults = (): string[] => [
    ...(unread === undefined ? [] : [unread]),
    ...(twin === undefined || clock.now() - twin.atMs > TWIN_MS
      ? []
      : [
          `another node runs with this node’s own key at ${twin.address}: one of the two uses a copied data folder; they never sync`,
        ]),
  ];

  /** A node that keeps a part is made whole by nobody but one that keeps it. */
  const missing = (): string[] => {
    const ready = [...peers].flatMap((peer) => peer.reaches ?? []);
    const isAlone = coverage !== undefined && ready.length > 0 && ready.every((one) => one.coverage !== undefined);
    return isAlone ? ['no connected peer keeps everything: what is missed meanwhile may stay missing'] : [];
  };

  const announcer = announcerOf({
    note: (item, block) => {
      shared.decided.note(item);
      shared.parts.note(block, item);
    },
    renewed: (item, block) => shared.parts.complete(block, item),
    coveredOf: (block) => {
      const asks = asksPlaces(coverage) || [...peers].some((peer) => asksPlaces(peer.session.hello?.coverage));
      if (!asks) return coveredOf(block);
      return store.get([block.id]).then(([whole]) => coveredOf(whole ?? block));
    },
    isRelayed: (key) => shared.relayed.has(key),
    peers,
    pushTo: limits.pushTo,
  });

  /** A node that does not keep everything tells each peer what it passes on to the others, when that has changed. */
  const tellRelays = (nowMs: number): void => {
    if (coverage === undefined || !shared.passing.isOn || nowMs - relaysToldMs < limits.relaysMs) return;
    const ready = [...peers].flatMap((peer) => (peer.reaches === undefined ? [] : [[peer, peer.reaches] as const]));
    const state = ready.map(([{ id }, { version }]) => `${id} ${version}`).join();
    if (state === relaysState) return;
    relaysState = state;
    relaysToldMs = nowMs;
    const relaysFor = relaysOf(
      coverage,
      ready.map(([{ name }, routes]) => [name, routes] as const),
      limits.relaysBytes,
    );
    for (const [peer] of ready) peer.relays(relaysFor(peer.name));
  };

  const tick = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      meet(clock.now());
      dialling.tick(clock.now());
      tellRelays(clock.now());
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
      reputation.restore(await scores?.load());
      await shared.bootstrap.load();
      const rest = (): Promise<void> => clock.sleep(FIRST_MS, stopping.signal);
      decidedIsRead = shared.decided.load(stopping.signal, rest).catch((error: unknown) => {
        if (!stopping.signal.aborted) unread = `no sync: what is decided here cannot be read: ${String(error)}`;
        throw error;
      });
      spawn(decidedIsRead.then(listen));
      spawn(tick());
      if (scores !== undefined) spawn(keepScores());
      for (const address of addresses) dialling.dial(address);
    },
    add: async (url) => {
      const address = peerAddress(url);
      if (!saved.includes(address)) {
        await list?.save([...saved, address]);
        saved = [...saved, address];
      }
      const entry = dialling.dial(address);
      delete entry.untilMs;
      entry.hint = false;
    },
    remove: async (url) => {
      const address = peerAddress(url);
      if (!dialling.has(address) && !saved.includes(address))
        throw new CosmicError('request.not_found', `no such peer: ${address}`);
      if (saved.includes(address)) {
        const rest = saved.filter((one) => one !== address);
        await list?.save(rest);
        saved = rest;
      }
      dialling.undial(address);
    },
    sync: async (url, waitMs, signal) => {
      const waiting = joinSignals(stopping.signal, ...(signal === undefined ? [] : [signal]));
      return dialling
        .inStep(peerAddress(url), waitMs, (entry) => statusOfDialled(entry, reputation), waiting.signal)
        .finally(waiting.end);
    },
    ban: (banned, forMs) => {
      if (banned === did) throw new CosmicError('request.malformed', `${banned} is this node itself`);
      reputation.ban(didOrThrow(banned), forMs, 'by the operator');
      leave(banned);
    },
    refuse: (name, forMs, why) => {
      reputation.banAtLeast(name, forMs, why);
      leave(name);
    },
    pardon: (name, why) => {
      if (reputation.of(name).why === why) reputation.pardon(name);
    },
    allow: (pardoned) => void reputation.pardon(didOrThrow(pardoned)),
    banned: () =>
      reputation.banned().map((name) => {
        const { bannedUntilMs, why } = reputation.of(name);
        return { name, untilMs: bannedUntilMs!, why: why ?? '' };
      }),
    status: () => [
      ...[...dialling.all].map((one) => statusOfDialled(one, reputation)),
      ...[...peers].filter((peer) => !peer.isDialled).map((peer) => statusOfInbound(peer, reputation)),
    ],
    faults: () => {
      const hasDialled = [...peers].some((peer) => peer.isDialled && peer.isReady);
      return [...(hasDialled ? clockFaults() : []), ...ownFaults()];
    },
    notes: () => [...clockFaults(), ...ownFaults(), ...missing()],
    hint: (address, source) => hints?.add(address, source) ?? false,
    trace: (digest) => wayOf(digest, shared, peers),
    pass: (block, wire) => {
      const { digest, timeMs } = block;
      shared.passing.see(digest, wire.length, clock.now());
      if (!shared.passing.isOn) return;
      let isFor = false;
      for (const peer of peers) isFor = peer.announce(block, { digest, timeMs }, false) || isFor;
      if (isFor) shared.passing.hold(digest, wire);
    },
    coverages: () => shared.parts.size,
    clockOffsetMs: () => clockOffsetOf(peers),
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
