import { randomBytes } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRegistry,
  CosmicError,
  sign,
  wireOf,
  type Accepted,
  type SignedBlock,
  type Cursor,
  type Head,
  type KindHeader,
  type NodeApi,
  type NodeStatus,
  type StoredBlock,
  type CatalogueCounts,
} from '@cosmicembeddings/sdk';
import { portableChecks } from '@cosmicembeddings/sdk/formats';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { systemClock } from './clock.js';
import { createPressure, openFaults, type Trailing } from './follow/index.js';
import { openNodeKeys } from './operate/keys.js';
import { whyNotBetter } from './store/sqlite/driver.js';
import { openSqlite, storeFile } from './store/sqlite/index.js';
import { openVectors } from './index/vectors/index.js';
import { createWebSocketNetwork } from './sync/websocket/index.js';
import type { NodeConfig } from './operate/config.js';
import { createForms } from './http/forms.js';
import { createRoom } from './http/room.js';
import { isOurHost } from './http/visitors.js';
import { createAccess, isLoopback } from './http/access.js';
import { createTurns } from './http/turns.js';
import { createHttp } from './http/server.js';
import type { Routes } from './http/routes/routes.js';
import { createDoor } from './door/accept.js';
import { startJudging } from './index/kinds/index.js';
import { verifierOf } from './door/crypto/index.js';
import { createBudgets } from './door/budgets.js';
import { createAdmission } from './door/admission.js';
import { loadPlugins } from './plugins.js';
import { createVerifyPool } from './door/verify-pool.js';
import type { Log } from './log.js';
import { watchApiKeys } from './operate/api-keys.js';
import { watchDisk } from './operate/disk.js';
import { diskUse } from './operate/disk-use.js';
import { createMetrics } from './operate/metrics.js';
import { createSearch } from './search/index.js';
import { createPeers } from './sync/index.js';
import { planInWorker, startRetention } from './operate/retain.js';
import { eraseWhatWasBegun } from './operate/erasure/index.js';
import { eraseAs } from './operate/withhold.js';
import { openEmbedders } from './search/embedders.js';
import { version } from './version.js';
import { withVerdicts } from './views/with-verdicts.js';
import { createViews } from './views/index.js';

export interface RunningNode {
  readonly api: NodeApi;
  /** `http://host:port` as bound. */
  readonly url: string;
  readonly did: string;
  close(): Promise<void>;
}

/**
 * Wires one node: adapters, the door, followers and the HTTP face. The only place that sees all the parts.
 * @throws CosmicError store.locked, store.foreign, store.too_new, config.malformed; system errors of listening
 */
export async function createNode(config: NodeConfig, log: Log): Promise<RunningNode> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse())
      try {
        await closer();
      } catch (error) {
        // A follower that could not be saved (full disk) resumes from its last save; the others must be closed all the same.
        log.warn({ error: String(error) }, 'a part did not close in order');
      }
  };
  try {
    return await assemble(config, log, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function assemble(
  config: NodeConfig,
  log: Log,
  closers: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<RunningNode> {
  const startedAtMs = systemClock.now();
  const registry = createRegistry(await loadPlugins(config.plugins));
  const keys = await openNodeKeys(config.data);
  const pressure = createPressure();
  const faults = openFaults(join(config.data, 'faults.json'));
  const sqlite = await openSqlite({
    folder: config.data,
    network: config.network,
    engine: config.store,
    plugins: config.plugins,
    node: keys.did,
    pressure: pressure.shared,
    faults,
  });
  closers.push(() => sqlite.close());
  const slowStore = whyNotBetter(sqlite.engine);
  if (slowStore !== undefined) log.warn({ store: sqlite.engine }, slowStore);
  const { store, catalogue, text } = sqlite;
  const begun = await eraseWhatWasBegun(config.data, sqlite, registry);
  if (begun > 0)
    log.warn(
      { blocks: begun },
      'an erasure was cut off; it is done now, and proven by cosmic erase --resume once the node is stopped',
    );
  let tellJudged = (_seq: number): void => undefined;
  const judging = await startJudging({
    judging: sqlite.judging,
    registry,
    stored: Object.keys((await catalogue.counts()).kinds),
    head: await store.head(),
    storePath: storeFile(config.data),
    engine: sqlite.engine,
    plugins: config.plugins,
    pressure: pressure.shared,
    faults,
    onJudged: (seq) => tellJudged(seq),
    onError: (error) => log.error({ error: String(error) }, 'blocks of changed kinds are not judged anew'),
  });
  if (judging !== undefined) closers.push(() => judging.close());
  const vectors = await openVectors({
    folder: join(config.data, 'index'),
    engine: config.index,
    reader: { folder: config.data, engine: sqlite.engine },
    plugins: config.plugins,
    guard: config.guard,
    pressure: pressure.shared,
    faults,
  });
  closers.push(() => vectors.close());
  const views = await createViews({
    storePath: storeFile(config.data),
    engine: sqlite.engine,
    registry,
    plugins: config.plugins,
    folder: join(config.data, 'views'),
    clock: systemClock,
    head: () => store.head(),
    pressure: pressure.shared,
    onFault: (detail) => log.warn({ detail }, 'views'),
  });
  closers.push(() => views.close());
  const pool = await createVerifyPool({
    network: config.network,
    plugins: config.plugins,
    workers: config.verifyWorkers,
    verifier: config.verifier,
  });
  closers.push(() => pool.close());

  const access = createAccess({
    rules: config,
    token: keys.token,
    keys: watchApiKeys(config.data, systemClock, (error) =>
      log.error({ error: String(error) }, 'keys stay as they were'),
    ),
  });
  const disk = await watchDisk(config, systemClock);
  closers.push(() => disk.close());
  const budgets = createBudgets({
    budgets: config.budgets,
    knownSince: (author) => catalogue.knownSince(author),
    keyAllowance: (name) => access.allowanceOf(name),
  });

  let head = await store.head();
  /** Followers are told once for all that one turn of the event loop stored; what asks about the head tells them first. */
  let untold = true;
  let telling = Promise.resolve();
  const tell = (): Promise<void> => {
    if (untold)
      telling = store.head().then((next) => {
        head = next;
        for (const follower of followers) follower.notify(head);
      });
    untold = false;
    return telling;
  };
  const onStored = (seq: number, block?: { readonly entry: KindHeader }): void => {
    views.noteStored(seq, block?.entry);
    if (!untold) setImmediate(() => void tell());
    untold = true;
  };
  tellJudged = onStored;
  const door = createDoor({
    store,
    pool,
    admission: createAdmission(config.policy),
    budgets,
    hasRoom: ({ entry }, bytes) => disk.hasRoom(bytes, OWED.includes(entry.kind) && bytes <= OWED_BYTES),
    clock: systemClock,
    inFlightMax: config.inFlightMax,
    inFlightMaxBytes: config.inFlightMaxBytes,
    mayHave: (digest, timeMs) => peers.mayHave(digest, timeMs),
    onStored,
    onLoad: pressure.set,
    onRejected: (code) => metrics.rejected.inc({ code }),
  });
  const network = createWebSocketNetwork({
    path: '/v2/peer',
    refusalOf: ({ headers, socket }) => {
      if (!isOurHost(headers.host, config.hosts)) return 421;
      return access.may(access.visitorOf(headers, socket.remoteAddress), 'relay') ? undefined : 401;
    },
    keyFor: (address) => config.peerKeys[address],
    onDefect: (error) => log.error({ error: String(error) }, 'defect in an upgrade'),
  });
  const peers = createPeers({
    network,
    store,
    // Who dials from this machine is as much the operator's own as who publishes from it.
    accept: (bytes, source) =>
      door.accept(
        bytes,
        source.type === 'peer' && config.trustLoopback && isLoopback(source.from ?? '')
          ? { ...source, trusted: true }
          : source,
      ),
    clock: systemClock,
    did: keys.did,
    identity: {
      sign: (message) => sign(message, keys.seed),
      nonce: () => randomBytes(32),
      verify: verifierOf(config.verifier).verify,
    },
    rules: config.peerRules,
    networkId: config.network,
    folder: config.data,
    peers: config.peers,
    log,
  });
  /** Everything that trails the store, and whether what is found rests on it. */
  const followers: readonly Trailing[] = [
    ...(judging === undefined
      ? []
      : [{ ...judging, position: async () => atMost(await judging.position(), head), notify: () => undefined }]),
    { ...trailing(vectors), answers: true },
    { ...trailing(text), answers: true },
    {
      name: 'views',
      answers: false,
      position: async () => atMost(await views.position(), head),
      waitFor: (seq, signal) => views.waitFor(seq, signal),
      notify: () => undefined,
    },
    { ...trailing(peers.announcements), answers: false },
  ];
  /** `indexed`: all that answers rest on; else the follower of that name. */
  const waitFor = async (what: string, seq: number, signal?: AbortSignal): Promise<void> => {
    if (what === 'durable') return;
    const wanted = followers.filter(({ name, answers }) => (what === 'indexed' ? answers : name === what));
    if (wanted.length === 0) throw new CosmicError('request.malformed', unknownWait(what, followers));
    await Promise.all([
      ...wanted.map((follower) => follower.waitFor(seq, signal)),
      // What hides rows counts; a view that is out of order holds nobody up.
      ...(what === 'indexed' ? [views.settled(seq)] : []),
    ]);
  };
  const metrics = createMetrics({
    head: () => store.head(),
    load: door.load,
    lags: () => followerStates(),
    peers: () => peers.status().filter((peer) => peer.state === 'connected').length,
    clockOffsetMs: () => peers.clockOffsetMs(),
    bannedPeers: () => peers.banned().length,
    recall: () => vectors.recall(),
    disk: () => diskUse(config.data),
    version,
  });
  closers.push(() => metrics.close());

  const embedders = openEmbedders(config.embedders, systemClock, log);
  const search = createSearch({
    store,
    registry,
    catalogue,
    text,
    vectors,
    embedders: embedders.ready,
    ownEmbedders: embedders.own,
    hidden: () => views.hidden(),
    erasures: () => sqlite.erasures(),
    isHidden: (id) => views.isHidden(id),
    settled: (seq) => views.settled(seq),
    clock: systemClock,
    ...(config.weights === undefined ? {} : { weights: config.weights }),
  });

  /** Since the last block that found no room; ends with the next that does, or as soon as the disk has room again. */
  let diskFull = false;
  const accept = async (bytes: Uint8Array, source: Parameters<typeof door.accept>[1]): Promise<Accepted> => {
    const stop = metrics.acceptSeconds.startTimer();
    const answer = await door.accept(bytes, source);
    stop();
    metrics.accepted.inc({ status: answer.status });
    if (answer.status === 'stored') diskFull = false;
    else if (answer.status === 'rejected' && answer.code === 'node.storage_full') diskFull = true;
    return answer;
  };
  async function followerStates(): Promise<NodeStatus['followers']> {
    await tell();
    const positions = await Promise.all(
      followers.map(async (follower) => ({ name: follower.name, position: await follower.position() })),
    );
    return positions.map(({ name, position }) => ({
      name,
      position,
      lag: position.epoch === head.epoch ? head.seq - position.seq : head.seq,
    }));
  }

  const inTurn = createTurns();
  const api: NodeApi = {
    publish: async (blocks, options) => {
      const answers = await Promise.all(blocks.map((bytes) => accept(bytes, { type: 'own' })));
      const seqs = answers.flatMap((answer) => (answer.status === 'stored' ? [answer.seq] : []));
      if (options?.wait !== undefined && seqs.length > 0)
        await waitFor(options.wait, Math.max(...seqs), options.signal);
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
      await tell();
      await views.settled(head.seq);
      return { ...found, ids: found.ids.filter((id) => !views.isHidden(id)) };
    },
    search: async (request, signal) => {
      const stop = metrics.searches.startTimer();
      try {
        await tell();
        return await withVerdicts(await search(request, signal), request, views);
      } finally {
        stop();
      }
    },
    view: (name, question, params) => views.ask(name, question, params),
    watch: (name, question, params, signal) => views.watch(name, question, params, signal),
    verdicts: async (id) => (await views.verdicts([id]))[0] ?? [],
    status: async () => ({
      node: keys.did,
      network: config.network,
      version,
      followers: await followerStates(),
      head,
      counts: largest(await catalogue.counts()),
      peers: peers.status().filter((peer) => peer.state === 'connected').length,
      engines: { store: sqlite.engine, index: vectors.engine, verifier: pool.verifier },
      embedders: (await embedders.ready()).map(({ space }) => ({ space: spaceIdOf(space), model: space.model })),
      startedAtMs,
      notes: [
        ...(slowStore === undefined ? [] : [slowStore]),
        ...passedOver(faults.counts()),
        ...vectors.notes(),
        ...embedders.notes(),
        ...views.notes(),
        ...peers.notes(),
      ],
    }),
    peers: () => Promise.resolve(peers.status()),
  };

  const forms = createForms();
  closers.push(() => forms.close());
  const routes: Routes = {
    api,
    accept,
    followers: () => followers.map(({ name }) => name),
    waitFor,
    aliases: (name) => catalogue.aliases(name),
    check: (wire) => pool.check(wire),
    registry,
    askView: (name, question, params, at) => views.ask(name, question, params, at),
    watchView: (name, question, params, signal) => views.watch(name, question, params, signal),
    related: (id, limit) => search.related(id, limit),
    erase: async (ids, reason, withhold) => {
      const seqs = await eraseAs({ store, registry }, ids, reason, withhold);
      onStored(Math.max(0, ...seqs));
      return seqs;
    },
    addPeer: (url) => peers.add(url),
    syncPeer: (url, waitMs, signal) => peers.sync(url, waitMs, signal),
    banPeer: (did, forMs) => peers.ban(did, forMs),
    allowPeer: (did) => peers.allow(did),
    bannedPeers: () => peers.banned(),
    removePeer: (url) => peers.remove(url),
    isOperator: (visitor) => access.may(visitor, 'admin'),
    mayPublish: (visitor) => access.may(visitor, 'publish'),
    checks: () => ({
      ...portableChecks(config.network, registry.plugins),
      verify: verifierOf(config.verifier).verify,
    }),
    ready: async () => {
      const lags = await followerStates();
      const reasons = lags.flatMap(({ name, lag }) => {
        const why = followers.find((follower) => follower.name === name)?.stopped?.();
        if (lag > 0 && why !== undefined) return [`${name} stands still, ${lag} blocks behind: ${why}`];
        return lag > LAG_MAX ? [`${name} is ${lag} blocks behind`] : [];
      });
      if (diskFull) diskFull = (await freeBytes(config.data)) < DISK_ROOM_BYTES;
      if (diskFull) reasons.push('the disk is full: blocks cannot be kept');
      reasons.push(...peers.faults());
      return { ready: reasons.length === 0, reasons };
    },
    forms,
    readsAreOpen: !config.demand.includes('read'),
    rooms: {
      small: createRoom(ROOM_BYTES, ROOM_PATIENCE_MS),
      large: createRoom(ROOM_BYTES, ROOM_PATIENCE_MS),
    },
    metrics: () => metrics.text(),
    metricsType: 'text/plain; version=0.0.4; charset=utf-8',
  };
  if (config.retention !== undefined) {
    const path = storeFile(config.data);
    const retention = startRetention({
      rules: config.retention,
      clock: systemClock,
      plan: (rules, nowMs) => planInWorker({ path, engine: sqlite.engine, rules, nowMs }),
      erase: routes.erase,
      onErased: ({ erase, bytes }) => log.info({ blocks: erase.length, bytes }, 'erased by the rules of retention'),
      onError: (error) => log.error({ detail: String(error) }, 'retention failed; it is tried again'),
    });
    closers.push(() => retention.close());
  }
  const http = await createHttp({
    routes,
    log,
    requestMaxBytes: config.requestMaxBytes,
    version,
    limits: config,
    access,
    onAnswered: (route, status) => metrics.requests.inc({ route, status: String(status) }),
    onCut: (reason) => log.info({ reason }, 'connection cut'),
  });
  closers.push(() => http.close());
  network.attach(http.server);
  closers.push(() => peers.close());
  await http.listen({ host: config.host, port: config.port });
  const address = http.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  await peers.start();
  await tell();
  log.info(
    {
      url,
      node: keys.did,
      network: config.network,
      store: sqlite.engine,
      index: vectors.engine,
      verifier: pool.verifier,
      blocks: head.count,
    },
    'listening',
  );
  return { api, url, did: keys.did, close };
}

/** Kinds and spaces in a status; anybody can make more of both. */
const COUNTED_MAX = 1000;

function largest({ kinds, spaces, ...counts }: CatalogueCounts): CatalogueCounts {
  const byNumber = Object.entries(kinds).sort((a, b) => b[1] - a[1]);
  return {
    ...counts,
    kinds: Object.fromEntries(byNumber.slice(0, COUNTED_MAX)),
    spaces: [...spaces].sort((a, b) => b.rows - a.rows).slice(0, COUNTED_MAX),
  };
}

/** Kinds that undo something, and are small: they are taken while the disk takes anything. */
const OWED: readonly string[] = ['retract/1', 'rotate/1'];
const OWED_BYTES = 8192;

/** What requests hold of blocks that are being received and judged: small ones, and large ones. */
const ROOM_BYTES = 64 * 1024 * 1024;
const ROOM_PATIENCE_MS = 30_000;

/** Blocks that a follower may be behind while the node still counts as ready. */
const LAG_MAX = 100_000;

function atMost(position: Cursor, head: Head): Cursor {
  return position.seq > head.seq ? { epoch: head.epoch, seq: head.seq } : position;
}

function trailing(follower: Omit<Trailing, 'answers'>): Omit<Trailing, 'answers'> {
  return {
    name: follower.name,
    position: () => follower.position(),
    waitFor: (seq, signal) => follower.waitFor(seq, signal),
    stopped: () => follower.stopped?.(),
    notify: (head) => follower.notify(head),
  };
}

function unknownWait(what: string, followers: readonly Trailing[]): string {
  return `wait: ${what.slice(0, 64)}; give durable, indexed, or one of ${followers.map(({ name }) => name).join(', ')}`;
}

function passedOver(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).map(
    ([name, n]) => `${name} passed over ${n} blocks that it could not take (faults.json)`,
  );
}

/** Room for some groups of blocks and the log's growth. */
const DISK_ROOM_BYTES = 4 * 1024 * 1024;

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Exactly as signed: envelope, then body or CBOR null; the text alone for version 1. */
function viewOf(stored: StoredBlock): SignedBlock {
  const { id, seq, firstSeenMs, erased, body, format } = stored;
  const gone =
    erased === undefined ? (body === null && format !== 'python/1' ? { headerOnly: true as const } : {}) : { erased };
  return { id, seq, firstSeenMs, wire: wireOf(stored), ...gone };
}

export type { Head };
