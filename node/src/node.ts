import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  codes,
  sign,
  signerOfSeed,
  type Accepted,
  type CheckedBlock,
  type KindHeader,
  type NodeApi,
} from '@cosmicembeddings/sdk';
import { portableChecks } from '@cosmicembeddings/sdk/formats';
import { coverageTest } from '@cosmicembeddings/sdk/filter';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { systemClock } from './clock.js';
import { followTogether, isPressed, type Trailing } from './follow/index.js';
import { storeFile } from './store/sqlite/index.js';
import { createTextSockets, createWebSocketNetwork } from './sync/websocket/index.js';
import type { NodeConfig } from './operate/config.js';
import { createCanaries } from './index/common/canaries.js';
import { startCommon } from './index/common/index.js';
import { createMaps } from './index/map/index.js';
import { createForms } from './http/forms.js';
import { createRoom } from './http/room.js';
import { isOurHost, judgeVisit } from './http/visitors.js';
import { sharedBy } from './http/cost.js';
import { keepRoom } from './http/crowd.js';
import { createDearRoom, dearLimits } from './http/dear.js';
import { serveWatchSocket } from './http/watch-socket.js';
import { createAccess, isLoopback } from './http/access.js';
import { createHttp } from './http/server.js';
import type { Routes } from './http/routes/routes.js';
import { createDoor } from './door/accept.js';
import { createBudgets, payerOf } from './door/budgets.js';
import { createAdmission } from './door/admission.js';
import type { Log } from './log.js';
import { watchApiKeys } from './operate/api-keys.js';
import { noteFullDisk, watchDisk } from './operate/disk.js';
import { diskUse } from './operate/disk-use.js';
import { shownSettings } from './operate/shown-settings.js';
import { keptFollowers, type FollowerName } from './operate/fsck-followers.js';
import { backupNotes, scheduleBackups } from './operate/backups/index.js';
import { createMetrics } from './operate/metrics.js';
import { startAttesting } from './operate/attest.js';
import { checkNotes, notedCheck } from './operate/noted-check.js';
import { openTraces, traced } from './operate/traces.js';
import { startResponder } from './operate/respond/index.js';
import { readinessOf, type Readiness } from './operate/readiness.js';
import { passedOver } from './operate/status.js';
import { createFacets, createSearch, createTranslators, createWatches, openMatcher } from './search/index.js';
import {
  coveredOf,
  createPeers,
  listenForPeers,
  mayBeDialled,
  openLan,
  readBeacon,
  startReceipts,
  traceOf,
  writeBeacon,
} from './sync/index.js';
import { planInWorker, startRetention } from './operate/retain.js';
import { erasuresOf, noteForProof } from './operate/erasure/index.js';
import { eraseAs } from './operate/withhold.js';
import { createApi } from './node-api.js';
import { openParts, type Closers } from './node-parts.js';
import { spacesOf } from './node-spaces.js';
import { createPauses } from './turns.js';
import { version } from './version.js';

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
  const closers: Closers = [];
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
  closers: Closers,
  close: () => Promise<void>,
): Promise<RunningNode> {
  const startedAtMs = systemClock.now();
  const {
    registry,
    keys,
    pressure,
    faults,
    sqlite,
    slowStore,
    judging,
    onJudged,
    onNear,
    embedders,
    vectors,
    views,
    home,
    pool,
    verifier,
  } = await openParts(config, log, closers);
  const traces =
    config.traces === undefined
      ? undefined
      : await openTraces(config.traces, {
          version,
          id: keys.did,
          onError: (detail) => log.warn({ detail }, 'traces are not sent'),
        });
  if (traces !== undefined) closers.push(() => traces.close());
  const { store, catalogue, text } = sqlite;
  const access = createAccess({
    rules: config,
    token: keys.token,
    keys: watchApiKeys(config.data, systemClock, (error) =>
      log.error({ error: String(error) }, 'keys stay as they were'),
    ),
    onWrongSecret: (from) => responder.note('failedLogins', `from ${from}`),
    held: (from, nowMs) => responder.held([`from ${from}`], nowMs, 'requests')?.retryAtMs,
  });
  const responder = startResponder({
    folder: config.data,
    rules: config.respond,
    clock: systemClock,
    peers: {
      refuse: (name, forMs, why) => peers.refuse(name, forMs, why),
      pardon: (name, why) => peers.pardon(name, why),
    },
    onSignal: (signal, times) => metrics.signals.inc({ signal }, times),
    onEvent: (event) =>
      log.warn({ ...event }, event.event === 'begun' ? 'a signal of abuse is answered' : 'an answer to abuse ended'),
    onError: (error) => log.error({ error: String(error) }, 'what came is not recorded'),
  });
  closers.push(() => responder.close());
  const disk = await watchDisk(config, systemClock);
  closers.push(() => disk.close());
  const budgets = createBudgets({
    budgets: config.budgets,
    knownSince: (author) => catalogue.knownSince(author),
    keyAllowance: (name) => access.allowanceOf(name),
    held: (names, nowMs) => responder.held(names, nowMs, 'blocks'),
    onCame: (names, kept) => {
      for (const name of names) if (name.startsWith('authors ')) responder.note('authorFlood', name);
      if (kept) responder.noteKept(names);
    },
  });

  const onStored = (seq: number, block?: { readonly entry: KindHeader }): void => {
    views.noteStored(seq, block?.entry);
    followers.noteStored();
    traces?.follow(TRACED_FOLLOWERS, (name) => followers.waitFor(name, seq));
  };
  const covers = coverageTest(config.subscriptions);
  const untraced = createDoor({
    store: traced(traces, store, 'store', ['get', 'put']),
    pool: traced(traces, pool, 'verify', ['check']),
    admission: createAdmission(config.policy),
    budgets,
    hasRoom: ({ entry }, bytes) => disk.hasRoom(bytes, OWED.includes(entry.kind) && bytes <= OWED_BYTES),
    // Where a node keeps everything, no header is read for it.
    ...(config.subscriptions === undefined ? {} : { covers: (block: CheckedBlock) => covers(coveredOf(block)) }),
    onUncovered: (block, bytes) => peers.pass({ ...coveredOf(block), digest: block.digest }, bytes),
    clock: systemClock,
    inFlightMax: config.inFlightMax,
    inFlightMaxBytes: config.inFlightMaxBytes,
    mayHave: (digest, timeMs) => peers.mayHave(digest, timeMs),
    onStored,
    onLoad: (blocks) => pressure.set(blocks, systemClock.now()),
    onRejected: (code, source) => {
      metrics.rejected.inc({ code });
      // Who a peer is, its connection knows: `onFault` below.
      const payer = source === undefined || source.type === 'peer' ? undefined : payerOf(source);
      if (payer !== undefined && code === 'block.bad_signature') responder.note('badSignatures', payer);
    },
  });
  const door = traced(traces, untraced, 'door', ['accept']);
  const whoOf = ({ headers, socket }: IncomingMessage): string =>
    sharedBy(access.visitorOf(headers, socket.remoteAddress));
  const watchSockets = createTextSockets({
    path: '/v2/watch',
    messageMaxBytes: 256 * 1024,
    refusalOf: ({ headers, socket }) => {
      const visit = judgeVisit('GET', headers, config);
      if ('refused' in visit) return codes[visit.refused.code].http;
      const visitor = access.visitorOf(headers, socket.remoteAddress);
      if (!access.may(visitor, 'read')) return 401;
      return access.spend(visitor, systemClock.now()) === undefined ? undefined : 429;
    },
    whoOf,
    serve: (socket, request) =>
      serveWatchSocket(socket, (asked, signal) => watches.watch(asked, signal, whoOf(request))),
  });
  closers.push(() => watchSockets.close());
  const network = createWebSocketNetwork({
    path: '/v2/peer',
    others: [watchSockets],
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
      verify: verifier.verify,
    },
    rules: config.peerRules,
    meeting: config.meeting,
    hearsay: createWebSocketNetwork({
      path: '/v2/peer',
      mayReach: (ip) => mayBeDialled(ip, config.meeting.ranges),
    }),
    networkId: config.network,
    coverage: config.subscriptions,
    limits: { relayBytesPerSecond: config.relayBytesPerSecond },
    folder: config.data,
    peers: config.peers,
    log,
    onFault: (name, why) => {
      responder.note('peerFaults', `peer ${name}`);
      if (why === 'block.bad_signature') responder.note('badSignatures', `peer ${name}`);
    },
  });
  const receipts = config.receipts
    ? await startReceipts({
        store,
        accept: (bytes, source) => door.accept(bytes, source),
        clock: systemClock,
        author: {
          signer: signerOfSeed(keys.seed),
          network: config.network,
          registry,
          sky: createSky(),
          salt: () => new Uint8Array(randomBytes(16)),
        },
        folder: config.data,
        onError: (error) => log.error({ error: String(error) }, 'receipts cannot be signed now'),
      })
    : undefined;
  if (receipts !== undefined) closers.push(() => receipts.close());
  const canaries = createCanaries({
    store,
    catalogue,
    clock: systemClock,
    embedders: embedders.own,
    trust: config.translators,
    isHidden: (id) => views.isHidden(id),
  });
  const common = await startCommon({
    canaries,
    store,
    registry,
    clock: systemClock,
    pressure: pressure.patient,
    embedders: embedders.own,
    ...(home === undefined ? {} : { homeSpace: home.spaces[0]! }),
    folder: config.data,
    onError: (error) => log.error({ error: String(error) }, 'the common background is not kept up'),
  });
  closers.push(() => common.close());
  const maps = createMaps({
    folder: config.data,
    storeEngine: sqlite.engine,
    plugins: config.plugins,
    pressure: pressure.patient,
    faults,
    indexOf: async (space) => {
      const [signed, made] = await Promise.all([vectors.status(), home?.vectors.status()]);
      const [own, ofTexts] = [signed.spaces[space]?.rows ?? 0, made?.spaces[space]?.rows ?? 0];
      if (own + ofTexts === 0) return undefined;
      return ofTexts > own ? { vectors: home!.vectors, ofAll: true } : { vectors, ofAll: false };
    },
    head: () => store.head(),
    hidden: () => views.hidden(),
  });
  closers.push(() => maps.close());
  const live: Readonly<Record<FollowerName, Omit<Trailing, 'answers'> | undefined>> = {
    kinds: judging && { ...judging, notify: () => undefined },
    vectors: trailing(vectors),
    home: home && trailing(home.vectors),
    background: trailing(common),
    map: trailing(maps),
    text: trailing(text),
    views: {
      name: 'views',
      position: () => views.position(),
      waitFor: (seq, signal) => views.waitFor(seq, signal),
      notify: () => undefined,
    },
    announcements: trailing(peers.announcements),
    receipts: receipts && trailing(receipts),
  };
  const followers = followTogether({
    head: await store.head(),
    readHead: () => store.head(),
    judged: (seq, signal) => views.judged(seq, signal),
    onHead: () => watches.notify(),
    // Fsck goes by the same list.
    followers: keptFollowers.flatMap(({ name, answers }) => {
      const one = live[name];
      return one === undefined ? [] : [{ ...one, answers }];
    }),
  });
  onJudged(onStored);
  onNear((author, rows) => responder.note('nearEverything', `author ${author}`, rows));
  const metrics = createMetrics({
    head: () => store.head(),
    load: door.load,
    lags: () => followers.states(),
    peers: () => peers.status().filter((peer) => peer.state === 'connected').length,
    clockOffsetMs: () => peers.clockOffsetMs(),
    bannedPeers: () => peers.banned().length,
    recall: () => vectors.recall(),
    disk: () => diskUse(config.data),
    backups: () => backups?.state(),
    checked: () => notedCheck(config.data),
    ready: async () => (await ready()).ready,
    responses: () => responder.inForce(),
    version,
  });
  closers.push(() => metrics.close());

  // Small pages of large blocks: what they cost is known when they are read.
  const pages = createDearRoom({ ...dearLimits, roomMs: PAGES_MS });
  closers.push(() => pages.close());
  const translators = createTranslators({
    store,
    catalogue,
    vectors,
    registry,
    trust: config.translators,
    isHidden: (id) => views.isHidden(id),
    onRefused: (id, why) => log.warn({ id, why }, 'a translator is left alone'),
  });
  const finding = ['search'] as const;
  const search = createSearch({
    waysToAsk: translators.ways,
    translatable: translators.sources,
    store: traced(traces, store, 'store', ['get']),
    registry,
    catalogue: traced(traces, catalogue, 'catalogue', ['labels', 'blocksOf', 'entriesOf']),
    text: traced(traces, text, 'text', ['search', 'match', 'phrases']),
    vectors: traced(traces, vectors, 'vectors', finding),
    ...(home === undefined ? {} : { home: traced(traces, home.vectors, 'home', finding), homeSpaces: home.spaces }),
    common: (queries) => common.of(queries),
    doubts: (space) => common.honesty(space).doubts.map(({ why }) => why),
    embedders:
      traces === undefined
        ? embedders.ready
        : async () => (await embedders.ready()).map((one) => traces.around(one, 'embedder', ['embed'])),
    ownEmbedders: embedders.own,
    hidden: () => views.hidden(),
    erasures: () => sqlite.erasures(),
    isHidden: (id) => views.isHidden(id),
    settled: (seq) => views.settled(seq),
    pace: (estimateMs) => pages.enter(estimateMs, ''),
    onAsked: () => pressure.asked(systemClock.now()),
    clock: systemClock,
    ...(config.weights === undefined ? {} : { weights: config.weights }),
  });

  const facets = createFacets({
    catalogue,
    isHidden: (id) => views.isHidden(id),
    settled: async () => {
      await followers.tell();
      await views.settled(followers.head().seq);
    },
    clock: systemClock,
    pause: createPauses(),
  });

  if (config.attest > 0) {
    const attesting = startAttesting({
      perHour: config.attest,
      store,
      catalogue,
      registry,
      embedders: async () => {
        await embedders.ready();
        return embedders.own();
      },
      accept: (bytes, source) => door.accept(bytes, source),
      author: {
        signer: signerOfSeed(keys.seed),
        network: config.network,
        registry,
        sky: createSky(),
        salt: () => new Uint8Array(randomBytes(16)),
      },
      did: keys.did,
      clock: systemClock,
      random: Math.random,
      onAttested: (said) => log[said.agrees ? 'debug' : 'warn'](said, 'vectors of a block computed anew'),
      onError: (error) => log.error({ error: String(error) }, 'attesting failed; it goes on with the next block'),
    });
    closers.push(() => attesting.close());
  }

  const watches = createWatches({
    matcher: openMatcher({ storePath: storeFile(config.data), engine: sqlite.engine, plugins: config.plugins }),
    clock: systemClock,
    head: followers.head,
    tell: followers.tell,
    visible: (seq, signal) => followers.waitFor('indexed', seq, signal),
    near: (what, filter) => search.near(what, filter),
    isHidden: (id) => views.isHidden(id),
    verdicts: async (id) => (await views.verdicts([id]))[0] ?? [],
  });
  closers.push(() => watches.close());

  const fullDisk = noteFullDisk(config.data);
  const ready = async (): Promise<Readiness> => {
    const states = await followers.states();
    const full = (await fullDisk.isFull()) ? ['the disk is full: blocks cannot be kept'] : [];
    const door = pool.fault();
    const shut = door?.stopped === true ? [door.detail] : [];
    return readinessOf(states, followers.stopped(), [...full, ...shut, ...peers.faults()]);
  };
  const accept = async (bytes: Uint8Array, source: Parameters<typeof door.accept>[1]): Promise<Accepted> => {
    const stop = metrics.acceptSeconds.startTimer();
    const answer = await door.accept(bytes, source);
    stop();
    metrics.accepted.inc({ status: answer.status });
    fullDisk.note(answer);
    return answer;
  };
  const untracedApi = createApi({
    accept,
    store,
    catalogue,
    views,
    peers,
    followers,
    coverage: config.subscriptions,
    search: async (request, signal) => {
      const stop = metrics.searches.startTimer();
      const end = maps.searching();
      return search(request, signal).finally(() => {
        end();
        stop();
      });
    },
    watch: (request, signal) => watches.watch(request, signal),
    spaces: () =>
      spacesOf({ catalogue, embedders: embedders.ready, home, common, canaries, translators: translators.reports }),
    judgedTo: async () => judging?.position(),
    about: async () => ({
      node: keys.did,
      network: config.network,
      version,
      engines: { store: sqlite.engine, index: vectors.engine, verifier: pool.verifier },
      embedders: (await embedders.ready()).map(({ space }) => ({ space: spaceIdOf(space), model: space.model })),
      startedAtMs,
    }),
    notes: () => [
      ...(slowStore === undefined ? [] : [slowStore]),
      ...[pool.fault()].flatMap((one) => (one === undefined ? [] : [one.detail])),
      ...passedOver(faults.counts()),
      ...vectors.notes(),
      ...(home?.vectors.notes() ?? []).map((one) => `home: ${one}`),
      ...embedders.notes(),
      ...views.notes(),
      ...peers.notes(),
      ...backupNotes(backups?.state()),
      ...checkNotes(notedCheck(config.data)),
      ...responder.notes(),
    ],
  });
  const api = traced(traces, untracedApi, 'node', ['search']);
  const forms = createForms();
  closers.push(() => forms.close());
  let noting: Promise<void> = Promise.resolve();
  const erase: Routes['erase'] = async (ids, reason, withhold) => {
    const erased = await maps.erasing();
    let seqs: number[] = [];
    try {
      seqs = await eraseAs({ store, registry }, ids, reason, withhold);
    } finally {
      erased(Math.max(0, ...seqs));
    }
    common.forget(ids);
    onStored(Math.max(0, ...seqs));
    return seqs;
  };
  const dear = createDearRoom();
  closers.push(() => dear.close());
  const routes: Routes = {
    api,
    accept,
    followers: followers.names,
    waitFor: followers.waitFor,
    aliases: (name) => catalogue.aliases(name),
    embedders,
    check: (wire) => pool.check(wire),
    registry,
    askView: (name, question, params, at, who) => views.ask(name, question, params, at, who),
    watchView: (name, question, params, signal, who) => views.watch(name, question, params, signal, who),
    watch: (request, signal, who) => watches.watch(request, signal, who),
    related: (id, limit) => search.related(id, limit),
    facets,
    ...(config.maps ? { mapOf: maps.of } : {}),
    rowsAt: (labels) => catalogue.blocksOf(labels),
    firstRows: async (ids) => (await catalogue.entriesOf(ids)).map((entry) => entry?.firstLabel),
    erase: async (ids, reason, withhold) => {
      // One after the other: each adds to the same journal.
      noting = noting.then(() =>
        noteForProof(config.data, { store, registry }, erasuresOf(ids, reason, withhold)).catch((error: unknown) =>
          // What is to go goes: a proof without these is worth less than an erasure.
          log.warn({ error: String(error) }, 'no fingerprints for the proof of an erasure could be written'),
        ),
      );
      await noting;
      return erase(ids, reason, withhold);
    },
    addPeer: (url) => peers.add(url),
    syncPeer: (url, waitMs, signal) => peers.sync(url, waitMs, signal),
    banPeer: (did, forMs) => peers.ban(did, forMs),
    allowPeer: (did) => peers.allow(did),
    bannedPeers: () => peers.banned(),
    responses: () => responder.list(),
    undoResponse: (id) => responder.undo(id),
    removePeer: (url) => peers.remove(url),
    trace: (id) => traceOf(store, peers, id),
    isOperator: (visitor) => access.may(visitor, 'admin'),
    mayPublish: (visitor) => access.may(visitor, 'publish'),
    bytesOf: (id) => sqlite.bytesOf(id),
    checks: () => ({
      ...portableChecks(config.network, registry.plugins),
      verify: verifier.verify,
    }),
    ready,
    forms,
    readsAreOpen: !config.demand.includes('read'),
    dear,
    rooms: {
      small: createRoom(ROOM_BYTES, ROOM_PATIENCE_MS),
      large: createRoom(ROOM_BYTES, ROOM_PATIENCE_MS),
    },
    operating: async () => ({
      ...(await metrics.door()),
      disk: await diskUse(config.data),
      inFlight: door.load(),
      settings: shownSettings(config),
    }),
    metrics: () => metrics.text(),
    metricsType: 'text/plain; version=0.0.4; charset=utf-8',
  };
  if (config.retention !== undefined) {
    const path = storeFile(config.data);
    const retention = startRetention({
      rules: config.retention,
      clock: systemClock,
      plan: (rules, nowMs) => planInWorker({ path, engine: sqlite.engine, rules, nowMs }),
      // Without fingerprints: rules go on for ever, and a journal of theirs would grow for ever.
      erase,
      onErased: ({ erase, bytes }) => log.info({ blocks: erase.length, bytes }, 'erased by the rules of retention'),
      onError: (error) => log.error({ detail: String(error) }, 'retention failed; it is tried again'),
    });
    closers.push(() => retention.close());
  }
  const backups =
    config.backup &&
    scheduleBackups({
      rules: config.backup,
      store: {
        path: storeFile(config.data),
        engine: sqlite.engine,
        folder: config.data,
        seed: keys.seed,
        node: keys.did,
      },
      clock: systemClock,
      onTaken: (outcome) => log.info({ ...outcome }, 'backed up'),
      onError: (error) => log.error({ detail: String(error) }, 'a backup failed; it is tried again'),
    });
  if (backups !== undefined) closers.push(() => backups.close());
  const http = await createHttp({
    routes,
    log,
    requestMaxBytes: config.requestMaxBytes,
    version,
    limits: config,
    access,
    onAnswered: (route, status) => metrics.requests.inc({ route, status: String(status) }),
    onCut: (reason) => log.info({ reason }, 'connection cut'),
    ...(traces === undefined ? {} : { traces }),
  });
  closers.push(() => http.close());
  network.attach(http.server);
  const tls =
    config.peerTls === undefined
      ? undefined
      : await listenForPeers(config.peerTls, config.host, keys.seed, config.connectionsMax, keepRoom);
  if (tls !== undefined) {
    network.attach(tls.server, 'peers');
    closers.push(() => tls.close());
    log.info({ port: tls.port }, 'listening for peers by wss:');
  }
  closers.push(() => peers.close());
  await http.listen({ host: config.host, port: config.port });
  const address = http.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  await peers.start();
  receipts?.begin();
  pressure.asked(systemClock.now());
  const latestMs = systemClock.now() + LATEST_MS;
  const beginLate = (): void => {
    const nowMs = systemClock.now();
    if (nowMs < latestMs && isPressed(pressure.patient, nowMs)) return void (later = setTimeout(beginLate, LATER_MS));
    void pool.begin();
    void home?.vectors.begin();
  };
  let later = setTimeout(beginLate, LATER_MS);
  closers.push(() => clearTimeout(later));
  if (config.meeting.lan) {
    const me = {
      did: keys.did,
      network: config.network,
      port: tls?.port ?? port,
      tls: tls !== undefined,
      version,
    };
    const lan = await openLan({
      port: config.meeting.lanPort,
      ranges: config.meeting.ranges,
      beacon: () => writeBeacon(me, systemClock.now()),
      onHeard: (data, from) => {
        const address = readBeacon(data, from, me);
        if (address !== undefined && peers.hint(address, 'lan')) log.info({ peer: address }, 'heard of a node nearby');
      },
      onError: (error) => log.warn({ error: String(error) }, 'local network'),
    });
    closers.push(() => lan.close());
  }
  await followers.tell();
  log.info(
    {
      url,
      node: keys.did,
      network: config.network,
      store: sqlite.engine,
      index: vectors.engine,
      verifier: pool.verifier,
      blocks: followers.head().count,
    },
    'listening',
  );
  return { api, url, did: keys.did, close };
}

/** What no search waits for starts so long after a node listens, or when it is first wanted; while somebody searches a few seconds later. */
const LATER_MS = 1000;
const LATEST_MS = 5000;

/** The way of a block after it is durable. */
const TRACED_FOLLOWERS = ['vectors', 'text', 'views', 'announcements'];

/** Kinds that undo something, and are small: they are taken while the disk takes anything. */
const OWED: readonly string[] = ['retract/1', 'rotate/1'];
const OWED_BYTES = 8192;

/** Reading of large blocks that is under way at a time. */
const PAGES_MS = 40;

/** What requests hold of blocks that are being received and judged: small ones, and large ones. */
const ROOM_BYTES = 64 * 1024 * 1024;
const ROOM_PATIENCE_MS = 30_000;

function trailing(follower: Omit<Trailing, 'answers'>): Omit<Trailing, 'answers'> {
  return {
    name: follower.name,
    position: () => follower.position(),
    waitFor: (seq, signal) => follower.waitFor(seq, signal),
    stopped: () => follower.stopped?.(),
    notify: (head) => follower.notify(head),
  };
}
