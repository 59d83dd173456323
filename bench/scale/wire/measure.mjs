/** Servers of others over their wire: the same rows, questions and truths, one after the other. One that cannot run says why. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runClient, startClient } from '../client.mjs';
import { opened } from '../connection.mjs';
import { CHUNK, LIMIT_SECONDS, QUESTIONS } from '../layout.mjs';
import { makeChunks, recallIn, truthOf } from '../made.mjs';
import { bytesByFile } from '../running.mjs';
import { TOP } from '../truth.mjs';
import { DIMS, QUERIES, rowsOf } from '../vectors.mjs';
import * as chroma from './chroma.mjs';
import * as pgvector from './pgvector.mjs';
import { cpuSecondsOf, environmentOf, freePort, killPeers, memoryOfTree } from './set-up.mjs';

export { killPeers };
export const SERVERS = { chroma, pgvector };

const WARM = 500;
const MANY = 12_000;
const ONE = 2_000;
/** What the least `ef` must reach. */
const RECALL = 0.98;
const ARRIVING_CHUNKS = 2;
/** Longer than this takes no load of a hundred thousand rows. */
const LOAD_SECONDS = 420;
const START_MS = 120_000;

const round = (x, digits = 2) => Number(x.toFixed(digits));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function measureServers({ data, seed, rows, servers }, report) {
  if (servers.length === 0) return;
  await makeChunks({ data, seed, to: rows / CHUNK + ARRIVING_CHUNKS });
  for (const name of servers) {
    const folder = mkdtempSync(join(tmpdir(), 'cosmic-wire-'));
    const started = performance.now();
    const say = (what, figures) => report(what, { peer: name, ...figures });
    try {
      const server = SERVERS[name];
      const environment = environmentOf(server.packages);
      await measureServer(server, { name, environment, folder, data, seed, rows }, say);
    } catch (error) {
      say('wire', { skipped: String(error.message ?? error).split('\n')[0] });
      console.error(error);
    } finally {
      killPeers();
      rmSync(folder, { recursive: true, force: true });
    }
    console.error(`${name} took ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
}

async function measureServer(server, { name, environment, folder, data, seed, rows }, report) {
  const port = await freePort();
  let running = await server.start(folder, { port, environment });
  await untilReady(running, () => server.create(port, { dims: DIMS }));
  let at = await server.create(port, { dims: DIMS });
  const made = { data, seed };
  const add = (job) => ({ peer: name, at, ...made, vectorRows: rows, vectorsFrom: 0, from: 0, ...job });

  const loading = performance.now();
  const before = cpuSecondsOf(running.pid);
  const loaded = await runClient('./wire/add.mjs', add({ rows, ...server.load, limitSeconds: LOAD_SECONDS }));
  if (loaded.added !== rows) throw new Error(`took ${loaded.added} of ${rows} rows in ${LOAD_SECONDS} s`);
  const afterwards = await server.afterLoad(at, { dims: DIMS });
  const foundSeconds = (performance.now() - loading) / 1000;
  report('wire load', {
    versions: await server.versions(at),
    settings: server.settings,
    durable: server.durable,
    ...server.load,
    addedPerSecond: loaded.perSecond,
    ...afterwards,
    foundSeconds: round(foundSeconds),
    foundPerSecond: Math.round(rows / foundSeconds),
    serverCpuSeconds: round(cpuSecondsOf(running.pid) - before),
    clientCpuSeconds: loaded.clientCpuSeconds,
    ...memoryOfTree(running.pid),
  });

  const ask = async (job) => {
    let from;
    const told = { peer: name, at, ...made, keep: 0, limitSeconds: LIMIT_SECONDS, ...job };
    const { answers, ...figures } = await runClient('./ask.mjs', told, () => (from = cpuSecondsOf(running.pid)));
    const serverCpuMsPerSearch = round(((cpuSecondsOf(running.pid) - from) * 1000) / figures.questions, 3);
    return { answers, figures: { ...figures, serverCpuMsPerSearch } };
  };
  const question = { number: 0, vector: rowsOf(data, seed, QUERIES)() };
  const truth = truthOf({ ...made, rows });
  // The least work that finds enough.
  let recall;
  for (const ef of server.efs) {
    at = { ...at, ef };
    if ((await server.setEf(at, ef)) === 'read at start') {
      await running.stop();
      running = await server.start(folder, { port, environment });
      await untilReady(running, () => firstAnswer(name, at, question));
    }
    const { answers } = await ask({ skip: 0, count: QUESTIONS, clients: 4, keep: QUESTIONS });
    recall = recallIn(answers, truth.all, made);
    if (recall >= RECALL) break;
  }
  const { ef } = at;
  await ask({ skip: QUESTIONS, count: WARM, clients: 20 });
  const rest = QUESTIONS + WARM;
  const many = await ask({ skip: rest, count: MANY, clients: 20 });
  report('wire search', { ef, recallAt10: recall, recallOver: QUESTIONS, ...many.figures });
  report('wire search one', { ef, ...(await ask({ skip: rest + MANY, count: ONE, clients: 1 })).figures });
  await ask({ skip: QUESTIONS, count: 50, clients: 1, filtered: true });
  const few = await ask({ skip: 0, count: ONE, clients: 1, filtered: true, keep: QUESTIONS });
  report('wire search filtered', {
    ef,
    keeps: 0.01,
    ...few.figures,
    recallAt10: recallIn(few.answers, truth.rare, made),
  });
  if (server.hasWords) {
    await ask({ skip: QUESTIONS, count: 50, clients: 20, hybrid: true });
    report('wire hybrid', { ef, ...(await ask({ skip: rest, count: MANY, clients: 20, hybrid: true })).figures });
  }
  report('wire memory', memoryOfTree(running.pid));

  const { tableBytes } = await server.bytesOf(at);
  const stopping = performance.now();
  await running.stop();
  const stopMs = Math.round(performance.now() - stopping);
  const bytes = Object.values(bytesByFile(folder)).reduce((sum, size) => sum + size, 0);
  report('wire disk', {
    bytesPerRow: Math.round(bytes / rows),
    ...(tableBytes === undefined ? {} : { tableBytesPerRow: Math.round(tableBytes / rows) }),
  });
  const restart = async (after, told) => {
    const started = performance.now();
    running = await server.start(folder, { port, environment });
    await untilReady(running, () => firstAnswer(name, at, question));
    report('wire restart', { after, ...told, completeMs: Math.round(performance.now() - started) });
  };
  await restart('SIGTERM', { stopMs });

  // Rows that come one by one and by hundreds, into what is indexed already; they take numbers of their own.
  let from = rows;
  const arriving = { vectorsFrom: rows, vectorRows: ARRIVING_CHUNKS * CHUNK, limitSeconds: LIMIT_SECONDS };
  for (const shape of [
    { batch: 1, connections: 20 },
    { batch: 100, connections: 2 },
  ]) {
    const cpu = cpuSecondsOf(running.pid);
    const { perSecond, ...told } = await runClient(
      './wire/add.mjs',
      add({ ...arriving, ...shape, from, rows: 1_000_000 }),
    );
    const serverCpuUsPerRow = Math.round(((cpuSecondsOf(running.pid) - cpu) * 1e6) / told.added);
    report('wire add', { ...shape, addedPerSecond: perSecond, ...told, serverCpuUsPerRow });
    from += 1_000_000;
  }
  let seen = 0;
  const feed = startClient(
    './wire/add.mjs',
    add({
      ...arriving,
      limitSeconds: 60,
      batch: 100,
      connections: 1,
      perSecond: 1000,
      from,
      rows: 60_000,
      mayBreak: true,
    }),
    ({ added = 0 }) => (seen = added),
  );
  feed.done.catch(() => undefined);
  await ask({ skip: QUESTIONS, count: WARM, clients: 20 });
  const marked = { seen, atMs: performance.now() };
  const busy = await ask({ skip: rest + MANY + ONE, count: MANY, clients: 20 });
  report('wire search while rows arrive', {
    ef,
    ...busy.figures,
    arrivedPerSecond: Math.round(((seen - marked.seen) * 1000) / (performance.now() - marked.atMs)),
  });
  await running.kill();
  feed.kill();
  await restart('SIGKILL');
  await running.stop();
}

async function firstAnswer(name, at, question) {
  const wire = (await import(`./${name}.mjs`)).wireOf(at);
  const connection = await opened(at.port, wire);
  try {
    const { rows } = wire.answerOf(await connection.ask(wire.searchOf(question)));
    if (rows.length !== TOP) throw new Error(`${rows.length} rows`);
  } finally {
    connection.close();
  }
}

/** Tries until it succeeds. */
async function untilReady(running, work) {
  const started = performance.now();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (running.hasEnded()) throw new Error(`ended: ${running.said().trim().split('\n').at(-1)}`, { cause: error });
      if (performance.now() - started > START_MS) throw error;
      await sleep(10);
    }
  }
}
