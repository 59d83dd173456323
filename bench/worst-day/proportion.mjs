/**
 * What one request, block, frame or search costs at its worst (processor and memory above rest), and what stays of honest
 * work while a hundred of it run at once.
 * usage: node proportion.mjs [one|hundred] [seconds] [name…]      results/proportion-one.json, results/proportion-hundred.json
 *
 * The attackers' clients run on the same processors as the node, which real ones do not. So honest work is counted twice: as a part
 * of what it is when nothing else runs (`published`, `searched`), and as a part of what it is beside processes that do nothing
 * but take as much processor time as those clients took (`publishedBeside`, `searchedBeside`): that is what the node did.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { spaceIdOf } from '@cosmicembeddings/sdk';
import { record } from '../record.mjs';
import { attacks as before, honest, longTexts, prepare, prepared, space, usePrepared, vectorOf } from './attacks.mjs';
import { around, prepareAround, preparedAround, usePreparedAround, version } from './attacks-around.mjs';
import { cpuOf, start } from './live-node.mjs';

const MB = 1e6;
/** On a busy machine a node may not come to rest. */
const QUIET_MS = 20_000;
const attacks = { ...before, ...around };
/** A hundred at once takes half a minute each: of the later ones those that cost most, or nearly. */
const HUNDRED = [
  'mcp: a search of 8',
  'mcp: eight',
  'mcp: an id',
  'embeddings: 2,048',
  'facets under',
  'different words,',
];
const inHundred = (name) => Object.hasOwn(before, name) || HUNDRED.some((part) => name.includes(part));

const post = (url, wire, query = '') =>
  fetch(`${url}/v2/blocks${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body: wire,
  });

let published = 100_000;

if (process.env.BURN !== undefined) burn(Number(process.env.BURN));
else if (process.env.ATTACK !== undefined) await attackUntilStopped(JSON.parse(process.env.ATTACK));
else if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));

/** In a process of its own: `lanes` clients that do the same thing again and again. */
async function attackUntilStopped({ url, name, lanes, known, knownAround }) {
  usePrepared(known);
  usePreparedAround(knownAround);
  process.send('ready');
  process.on('message', () => process.exit());
  let done = 0;
  process.on('disconnect', () => process.exit());
  setInterval(() => process.connected && process.send({ done }), 200);
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (;;) {
        await attacks[name](url).catch(() => sleep(50));
        done += 1;
      }
    }),
  );
}

/** Takes a share of one processor until it is ended. */
function burn(share) {
  const at = performance.now();
  while (performance.now() - at < 20 * share);
  setTimeout(() => burn(share), 20 * (1 - share));
}

async function main([what = 'one', seconds = '5', ...only]) {
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-proportion-'));
  const node = await start(folder, { log: 'error' });
  try {
    const small = Array.from({ length: 300 }, (_, n) => honest(n));
    await post(node.url, Buffer.concat(small)).then((answer) => answer.arrayBuffer());
    for (let n = 0; n < 20; n++) await post(node.url, longTexts(n)).then((answer) => answer.arrayBuffer());
    for (let n = 0; n < 6; n++) await post(node.url, version(n)).then((answer) => answer.arrayBuffer());
    await prepare(node.url);
    await prepareAround(node.url);
    await quiet(node);
    const names = Object.keys(attacks).filter((name) =>
      only.length === 0 ? what === 'one' || inHundred(name) : only.some((part) => name.includes(part)),
    );
    const rows = {};
    for (const name of names) {
      rows[name] = what === 'one' ? await one(node, name) : await hundred(node, name, Number(seconds));
      console.error(name.padEnd(44), JSON.stringify(rows[name]));
      await quiet(node);
    }
    if (what === 'hundred') console.log(summaryOf(Object.values(rows)));
    if (only.length === 0) record(import.meta.url, `proportion-${what}`, { rows });
  } finally {
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Until the node has rested for a while: followers are done, memory was given back as far as it is. */
async function quiet(node) {
  const untilMs = performance.now() + QUIET_MS;
  for (let still = 0, before = node.cpuSeconds(); still < 4 && performance.now() < untilMs;) {
    await sleep(250);
    const now = node.cpuSeconds();
    still = now - before < 0.02 ? still + 1 : 0;
    before = now;
  }
}

/** Largest memory and longest wait for /health while something runs. */
function watch(node) {
  const seen = { peakBytes: 0, healthMs: 0, healthFailed: 0 };
  let running = true;
  const memory = (async () => {
    for (; running; await sleep(5)) seen.peakBytes = Math.max(seen.peakBytes, node.residentBytes());
  })();
  const health = (async () => {
    for (; running; await sleep(20)) {
      const at = performance.now();
      await fetch(`${node.url}/health`)
        .then((answer) => answer.text())
        .catch(() => (seen.healthFailed += 1));
      seen.healthMs = Math.max(seen.healthMs, performance.now() - at);
    }
  })();
  return async () => {
    running = false;
    await Promise.all([memory, health]);
    return seen;
  };
}

async function one(node, name) {
  // The first of its kind loads code and grows heaps; the second is what it costs.
  await attacks[name](node.url).catch(() => undefined);
  await quiet(node);
  const restBytes = node.residentBytes();
  const cpu = node.cpuSeconds();
  const stop = watch(node);
  const at = performance.now();
  await attacks[name](node.url).catch(() => undefined);
  const ms = performance.now() - at;
  const { peakBytes, healthMs } = await stop();
  await quiet(node);
  return {
    cpuSeconds: round(node.cpuSeconds() - cpu),
    aboveRestMb: Math.round((peakBytes - restBytes) / MB),
    ms: Math.round(ms),
    healthMs: Math.round(healthMs),
  };
}

/** Honest clients: two that publish one block after another, two that search. Answers a second. */
async function honestWork(node, seconds) {
  const untilMs = performance.now() + seconds * 1000;
  const counts = { published: 0, searched: 0, refused: 0, slowestMs: 0 };
  const lane = async (step) => {
    while (performance.now() < untilMs) {
      const at = performance.now();
      // A connection that is cut is a refusal, not the end of the measurement.
      await step().catch(() => (counts.refused += 1));
      counts.slowestMs = Math.max(counts.slowestMs, performance.now() - at);
    }
  };
  const publish = async () => {
    const { status } = await post(node.url, honest(published++));
    if (status === 201) counts.published += 1;
    else counts.refused += 1;
    await sleep(10);
  };
  const search = async () => {
    const vector = { space: spaceIdOf(space), values: [...vectorOf(Math.floor(Math.random() * 300))] };
    const body = JSON.stringify({ vector, k: 10 });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${node.url}/v2/search`, { method: 'POST', headers, body });
    await answer.arrayBuffer();
    if (answer.ok) counts.searched += 1;
    else counts.refused += 1;
    await sleep(10);
  };
  await Promise.all([publish, publish, search, search].map(lane));
  return counts;
}

async function hundred(node, name, seconds) {
  const before = await honestWork(node, seconds);
  const attacker = fork(process.argv[1], [], {
    env: {
      ...process.env,
      ATTACK: JSON.stringify({
        ...{ url: node.url, name, lanes: 100 },
        ...{ known: prepared(), knownAround: preparedAround() },
      }),
    },
    execArgv: [],
  });
  let done = 0;
  await new Promise((resolve, reject) => {
    attacker.on('message', (message) => (message === 'ready' ? resolve() : (done = message.done)));
    attacker.once('exit', () => reject(new Error(`${name}: the attacker ended before it began`)));
  });
  const stop = watch(node);
  await sleep(500);
  const cpuSeconds = cpuOf(attacker.pid);
  const at = performance.now();
  const during = await honestWork(node, seconds);
  const attackers = (cpuOf(attacker.pid) - cpuSeconds) / ((performance.now() - at) / 1000);
  const { peakBytes, healthMs, healthFailed } = await stop();
  attacker.kill('SIGKILL');
  await quiet(node);
  const beside = await besideBurning(node, seconds, attackers);
  return {
    attacks: done,
    attackersProcessors: round(attackers),
    published: round(during.published / before.published),
    searched: round(during.searched / before.searched),
    publishedBeside: round(during.published / beside.published),
    searchedBeside: round(during.searched / beside.searched),
    refused: during.refused,
    slowestMs: Math.round(during.slowestMs),
    healthMs: Math.round(healthMs),
    healthFailed,
    peakMb: Math.round(peakBytes / MB),
  };
}

/** Honest work while as many processors are busy with something else. */
async function besideBurning(node, seconds, processors) {
  const count = Math.max(1, Math.ceil(processors));
  const env = { ...process.env, BURN: String(Math.min(0.99, processors / count)) };
  const burning = Array.from({ length: count }, () => fork(process.argv[1], [], { env, execArgv: [] }));
  await sleep(300);
  const work = await honestWork(node, seconds);
  for (const one of burning) one.kill('SIGKILL');
  return work;
}

/** The worst of all attacks against what the node promises. */
function summaryOf(rows) {
  const most = (key) => Math.max(...rows.map((row) => row[key]));
  const least = (key) => Math.round(100 * Math.min(...rows.map((row) => row[key])));
  return (
    `memory at most ${most('peakMb')} MB (goal 1,000), /health at most ${most('healthMs')} ms (250), ` +
    `honest publishing at least ${least('publishedBeside')} %, searching ${least('searchedBeside')} % (80) of what is left beside the attackers’ clients`
  );
}

function round(x) {
  return Math.round(x * 100) / 100;
}
