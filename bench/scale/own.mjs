/** The figures of our own node at one number of rows: everything through a process of its own, over HTTP on loopback. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from '../accept/node-process.mjs';
import { runClient, startClient } from './client.mjs';
import { CHUNK, LIMIT_SECONDS, QUESTIONS, WIDE } from './layout.mjs';
import { blockFiles, makeChunks, recallIn, truthOf } from './made.mjs';
import { bytesByFile, memoryOf, startOn, startToComplete, untilAtRest, untilGone } from './running.mjs';
import { QUERIES, rowsOf } from './vectors.mjs';
import { spaceIdAt } from './wire/own.mjs';

const round = (x, digits = 2) => Number(x.toFixed(digits));
/** Chunks behind the rows that arrive during searches: 20 s at 1,000 a second. */
const ARRIVING_CHUNKS = 2;
/** Questions that are asked before the clock runs; none of them is asked again. */
const WARM = 500;
const MANY = 12_000;
const ONE = 2_000;
const FILTERED = 2_000;

/** All figures at `rows` rows; `report(what, figures)` gets each as soon as it is there. */
export async function measureOwn({ data, seed, rows, stages }, report) {
  const chunks = rows / CHUNK;
  const made = await makeChunks({ data, seed, to: chunks + ARRIVING_CHUNKS });
  if (made > 0.5) console.error(`made in ${made.toFixed(1)} s`);
  if (['accept', 'search', 'restart'].some((stage) => stages.has(stage)))
    await inFolder(async (folder) => {
      let node = await startOn(folder);
      try {
        report('accept', await accept(node, blockFiles({ data, seed, to: chunks }), { rows, rowsPerBlock: 1 }));
        if (stages.has('search')) await searches(node, { data, seed, rows }, report);
        node = await restarts(node, { folder, data, seed, rows, stages }, report);
      } finally {
        await node.stop().catch(() => undefined);
      }
    });
  if (stages.has('wide')) await wide({ data, seed, rows: Math.min(rows, 200_000) }, report);
}

async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-scale-node-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Streams blocks in over one connection; figures of the whole and of each window of blocks. */
async function accept(node, files, { rows, rowsPerBlock }) {
  const windows = [];
  const cpuBefore = node.cpuSeconds();
  const started = performance.now();
  let last = { atMs: 0, cpu: cpuBefore };
  const window = rowsPerBlock === 1 ? CHUNK : 200;
  const fed = await runClient('./feed.mjs', { url: node.url, files, window }, ({ atMs }) => {
    const now = { atMs, cpu: node.cpuSeconds() };
    windows.push({
      blocksPerSecond: Math.round((window * 1000) / (atMs - last.atMs)),
      nodeCpuUsPerBlock: Math.round(((now.cpu - last.cpu) * 1e6) / window),
      residentMb: Math.round(node.residentBytes() / 1e6),
    });
    last = now;
  });
  const cpu = node.cpuSeconds() - cpuBefore;
  const lag = Object.fromEntries((await json(`${node.url}/v2/status`)).followers.map((one) => [one.name, one.lag]));
  const blocks = fed.acknowledged;
  const expected = files.length * Math.ceil(CHUNK / rowsPerBlock);
  if (blocks !== expected) throw new Error(`${blocks} of ${expected} blocks were acknowledged`);
  const rest = await untilAtRest(node, started);
  const statusStarted = performance.now();
  const { engines, notes } = await json(`${node.url}/v2/status`);
  return {
    rowsPerBlock,
    blocks,
    blocksPerSecond: Math.round(blocks / fed.seconds),
    rowsPerSecond: Math.round(rows / fed.seconds),
    seconds: round(fed.seconds),
    nodeCpuSeconds: round(cpu),
    clientCpuSeconds: round(fed.cpuSeconds),
    lagAtLastAcknowledgement: lag,
    foundSeconds: round(rest.followedSeconds),
    textSeconds: round(rest.textSeconds),
    indexedSeconds: round(rest.atRestSeconds),
    indexedRowsPerSecond: Math.round(rows / rest.atRestSeconds),
    nodeCpuSecondsToIndexed: round(node.cpuSeconds() - cpuBefore),
    ...memoryOf(node),
    statusMs: round(performance.now() - statusStarted, 1),
    windows,
    engines,
    notes,
  };
}

/** Searches at rest: 20 clients, one client, and one client with a filter that keeps a hundredth. */
async function searches(node, { data, seed, rows }, report) {
  const truth = truthOf({ data, seed, rows });
  const ask = asker(node, { data, seed });
  await ask({ skip: QUESTIONS, count: WARM, clients: 20 });
  const many = await ask({ skip: 0, count: MANY, clients: 20, keep: QUESTIONS });
  report('search', { ...many.figures, ...check(many, truth.all, { data, seed }, rows) });
  const one = await ask({ skip: MANY, count: ONE, clients: 1 });
  report('search one', one.figures);
  await ask({ skip: QUESTIONS, count: 50, clients: 1, filtered: true });
  const few = await ask({ skip: 0, count: FILTERED, clients: 1, filtered: true, keep: QUESTIONS });
  report('search filtered', { keeps: 0.01, ...few.figures, ...check(few, truth.rare, { data, seed }, rows) });
  await ask({ skip: QUESTIONS, count: 50, clients: 20, hybrid: true });
  const words = await ask({ skip: 2 * MANY + ONE, count: MANY, clients: 20, hybrid: true });
  report('hybrid', words.figures);
  report('memory after searches', memoryOf(node));
}

/** Asks through a client process; adds what the node spent. */
function asker(node, { data, seed }) {
  return async (job) => {
    let before;
    // A quarter of these rows are copies of others, and an answer folds them: not what recall counts, nor what peers do.
    const at = { port: Number(new URL(node.url).port), ...(data === 'heavy' ? { collapse: false } : {}) };
    const told = { peer: 'own', at, data, seed, keep: 0, limitSeconds: LIMIT_SECONDS, ...job };
    const { answers, ...figures } = await runClient('./ask.mjs', told, () => (before = node.cpuSeconds()));
    const nodeCpuMsPerSearch = round(((node.cpuSeconds() - before) * 1000) / figures.questions, 3);
    return { figures: { ...figures, nodeCpuMsPerSearch }, answers };
  };
}

/** Recall of the kept answers, and how many of them say that they are complete. */
const check = ({ answers }, truth, made, seq) => ({
  recallAt10: recallIn(answers, truth, made),
  recallOver: answers.length,
  complete: answers.filter((one) => one.returned === one.requested && one.indexedTo === one.head && one.head >= seq)
    .length,
});

/** Clean stop (what lies on disk), start; searches while blocks arrive; kill -9 in the midst of it, start. */
async function restarts(first, { folder, data, seed, rows, stages }, report) {
  const question = rowsOf(data, seed, QUERIES)();
  const body = JSON.stringify({
    vector: { space: spaceIdAt(0), values: Array.from(question) },
    k: 10,
    mode: 'vectors',
  });
  const stopping = performance.now();
  await first.stop();
  const stopMs = Math.round(performance.now() - stopping);
  const files = bytesByFile(folder);
  const bytes = Object.values(files).reduce((sum, size) => sum + size, 0);
  report('disk', {
    bytesPerBlock: Math.round(bytes / rows),
    files: Object.fromEntries(Object.entries(files).map(([name, size]) => [name, round(size / rows, 1)])),
  });
  const clean = await startToComplete(folder, body, rows);
  let { node } = clean;
  report('restart', { after: 'SIGTERM', stopMs, ...clean.figures });
  if (!stages.has('search') && !stages.has('restart')) return node;
  const ask = asker(node, { data, seed });
  const after = await ask({ skip: 0, count: QUESTIONS, clients: 1, keep: QUESTIONS });
  report('search after restart', {
    ...after.figures,
    ...check(after, truthOf({ data, seed, rows }).all, { data, seed }, rows),
    ...memoryOf(node),
  });
  const chunk = rows / CHUNK;
  let seen = 0;
  const feed = startClient(
    './feed.mjs',
    {
      url: node.url,
      files: blockFiles({ data, seed, from: chunk, to: chunk + ARRIVING_CHUNKS }),
      window: 100,
      perSecond: 1000,
      // The node is killed under it.
      mayBreak: true,
    },
    (message) => (seen = message.window),
  );
  feed.done.catch(() => undefined);
  await ask({ skip: QUESTIONS, count: WARM, clients: 20 });
  const before = { seen, atMs: performance.now() };
  const busy = await ask({ skip: MANY + ONE, count: MANY, clients: 20 });
  report('search while blocks arrive', {
    ...busy.figures,
    arrivedPerSecond: Math.round(((seen - before.seen) * 1000) / (performance.now() - before.atMs)),
  });
  process.kill(node.pid, 'SIGKILL');
  await untilGone(node.pid);
  const acknowledged = seen;
  feed.kill();
  const killed = await startToComplete(folder, body, rows + acknowledged);
  node = killed.node;
  report('restart', { after: 'SIGKILL', acknowledged, ...killed.figures });
  return node;
}

/** Blocks of 64 rows into an empty node. */
async function wide({ data, seed, rows }, report) {
  await makeChunks({ data, seed, to: rows / CHUNK, rows: WIDE });
  await inFolder(async (folder) => {
    const node = await startOn(folder);
    try {
      const files = blockFiles({ data, seed, to: rows / CHUNK, rows: WIDE });
      report('accept', { rows, ...(await accept(node, files, { rows, rowsPerBlock: WIDE })) });
    } finally {
      await node.stop();
    }
    const bytes = Object.values(bytesByFile(folder)).reduce((sum, size) => sum + size, 0);
    report('disk', { rows, rowsPerBlock: WIDE, bytesPerRow: Math.round(bytes / rows) });
  });
}
