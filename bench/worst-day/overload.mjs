/**
 * Ten times more than a node can take, for two minutes: node bench/worst-day/overload.mjs [seconds=120] [connections=1000]
 * First the peak: single-block requests of 64 connections, one streamed import, and both together. Then single-block requests at ten
 * times the measured rate over many connections and four streams, refusals not waited for. Generator and node share the
 * machine's cores; both processor times are reported. Exit status 1 when a promise is broken.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { conclude } from './conclude.mjs';
import { Lane, Stream } from './http-load.mjs';
import { allIds, ask, metric, start, until } from './live-node.mjs';
import { headOf, makeManyWires } from './wires.mjs';

const [seconds = 120, connections = 1000] = process.argv.slice(2).map(Number);
const PEAK_SECONDS = Math.max(1, Math.min(8, seconds / 4));
const HEALTH_BOUND_MS = 500;
const DELAY_BOUND_SECONDS = 0.05;
const MEMORY_BOUND_BYTES = 1200 * 2 ** 20;

const folder = mkdtempSync(join(tmpdir(), 'cosmic-overload-'));
const node = await start(folder, { flags: process.env.NODE_FLAGS?.split(' ') });
const broken = [];
const missed = [];
const demand = (holds, what) => holds || broken.push(what);
/** A figure: a busy machine misses it as well. */
const reach = (holds, what) => holds || missed.push(what);

/** Blocks that nobody has stored yet; refused ones are offered again. */
const blocks = [];
const waiting = [];
const stored = new Set();
async function refill(count) {
  const startMs = Date.now() - 86_400_000;
  for (const block of await makeManyWires(count, { seed: blocks.length + 1, startMs })) {
    waiting.push(blocks.length);
    blocks.push(block);
  }
}

const counts = { sent: 0, stored: 0, refused: 0, cut: 0, other: 0, withoutRetryAfter: 0, otherExample: '' };
function onAnswer(number, status, text) {
  if (status === 201 || (status === 200 && text.includes('"known"'))) {
    if (!stored.has(number)) counts.stored += 1;
    stored.add(number);
    return;
  }
  waiting.push(number);
  if (status === 503 || status === 429) {
    counts.refused += 1;
    if (!/retry-after: \d+/i.test(text) || !text.includes('node.busy')) counts.withoutRetryAfter += 1;
  } else if (status === 0) counts.cut += 1;
  else {
    counts.other += 1;
    counts.otherExample ||= text.slice(0, 300);
  }
}
const reset = () => Object.assign(counts, { sent: 0, stored: 0, refused: 0, cut: 0 });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function openLanes(count, depth) {
  return Array.from({ length: count }, () => new Lane(node.port, { depth, onAnswer }));
}

/** As fast as `count` connections and some streams go, each connection sending the next when the last is answered. */
async function closedLoop(count, streamCount, forSeconds) {
  reset();
  await metric(node.url, 'cosmic_eventloop_delay_p99_seconds');
  let running = true;
  const lanes = Array.from({ length: count }, () => {
    const lane = new Lane(node.port, {
      onAnswer: (...answer) => {
        onAnswer(...answer);
        next(lane);
      },
    });
    return lane;
  });
  const next = (lane) => {
    const number = running && lane.open ? waiting.pop() : undefined;
    if (number === undefined) return;
    counts.sent += 1;
    lane.send(head, blocks[number].wire, number);
  };
  for (const lane of lanes) next(lane);
  const streams = openStreams(streamCount);
  const started = performance.now();
  await pause(forSeconds * 1000);
  const rate = Math.round(counts.stored / ((performance.now() - started) / 1000));
  const p99 = await metric(node.url, 'cosmic_eventloop_delay_p99_seconds');
  console.error(
    `${count} connections, ${streamCount} streams: ${rate}/s, event-loop delay p99 ${Math.round(p99 * 1e3)} ms`,
  );
  running = false;
  await streams.stop();
  await until(() => lanes.every((lane) => lane.tokens.length === 0), 'last answers');
  for (const lane of lanes) lane.close();
  return rate;
}

function streamOf(onEnd) {
  const sent = [];
  return new Stream(node.port, {
    take: () => {
      const number = waiting.pop();
      if (number === undefined) return undefined;
      sent.push(number);
      return blocks[number].wire;
    },
    onVerdict: (at, status) => {
      const number = sent[at];
      sent[at] = undefined;
      if (status !== 'stored' && status !== 'known') return void waiting.push(number);
      if (!stored.has(number)) counts.stored += 1;
      stored.add(number);
    },
    onEnd: () => {
      for (const number of sent) if (number !== undefined) waiting.push(number);
      onEnd();
    },
  });
}

/** `count` imports, each begun again when it ends; `stop` waits for their last answers. */
function openStreams(count) {
  const open = new Set();
  let running = true;
  const begin = () => {
    const stream = streamOf(() => {
      open.delete(stream);
      if (running) setTimeout(() => running && begin(), 200);
    });
    open.add(stream);
  };
  for (let i = 0; i < count; i++) begin();
  return {
    async stop() {
      running = false;
      for (const stream of open) stream.stop();
      await until(() => open.size === 0, 'the ends of the imports');
    },
  };
}

async function overload(rate, forSeconds) {
  reset();
  const probe = new Worker(new URL('./overload-probe.mjs', import.meta.url), {
    workerData: { url: node.url, pid: node.pid, everyMs: 100 },
  });
  await metric(node.url, 'cosmic_eventloop_delay_p99_seconds');
  const before = { node: node.cpuSeconds(), client: process.cpuUsage() };
  let lanes = openLanes(connections, 4);
  const streams = openStreams(4);
  let offered = 0;
  let heldBack = 0;
  let at = 0;
  const started = performance.now();
  let lastMs = started;
  while (performance.now() - started < forSeconds * 1000) {
    const nowMs = performance.now();
    const due = Math.round(((nowMs - lastMs) / 1000) * rate);
    lastMs = nowMs;
    for (let i = 0; i < due; i++) {
      offered += 1;
      const lane = lanes[at++ % lanes.length];
      if (!lane.isFree || waiting.length === 0) {
        heldBack += 1;
        continue;
      }
      const number = waiting.pop();
      counts.sent += 1;
      lane.send(head, blocks[number].wire, number);
    }
    lanes = lanes.map((lane) => (lane.open ? lane : new Lane(node.port, { depth: 4, onAnswer })));
    await pause(5);
  }
  const took = (performance.now() - started) / 1000;
  const p99 = await metric(node.url, 'cosmic_eventloop_delay_p99_seconds');
  const result = { ...counts, offered, heldBack, took, p99 };
  const usage = process.cpuUsage(before.client);
  result.clientCpuSeconds = (usage.user + usage.system) / 1e6;
  result.nodeCpuSeconds = node.cpuSeconds() - before.node;
  probe.postMessage('stop');
  result.watched = await new Promise((resolve) => probe.once('message', resolve));
  await streams.stop();
  await until(() => lanes.every((lane) => lane.tokens.length === 0), 'last answers');
  for (const lane of lanes) lane.close();
  return result;
}

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? NaN;

await refill(Math.round(2 * PEAK_SECONDS * 10_000));
const head = Buffer.from(headOf(blocks[0].wire.length));
if (blocks.some(({ wire }) => wire.length !== blocks[0].wire.length)) throw new Error('blocks differ in length');
const single = await closedLoop(64, 0, PEAK_SECONDS);
const stream = await closedLoop(0, 1, PEAK_SECONDS);
const mixed = await closedLoop(64, 4, PEAK_SECONDS);
waiting.length = 0;
await refill(Math.round(1.2 * Math.max(single, stream, mixed) * seconds));
const result = await overload(10 * mixed, seconds);
await ask(`${node.url}/health`);
const perSecond = result.stored / result.took;
reach(perSecond >= 0.8 * mixed, `accepted ${Math.round(perSecond)}/s of ${mixed}/s`);
reach(result.p99 < DELAY_BOUND_SECONDS, `event-loop delay p99 ${result.p99} s`);
demand(result.watched.failures === 0, `${result.watched.failures} unanswered /health`);
const worstHealth = Math.max(...result.watched.health);
reach(worstHealth < HEALTH_BOUND_MS, `/health took ${Math.round(worstHealth)} ms`);
const mostMemory = Math.max(...result.watched.resident);
reach(mostMemory < MEMORY_BOUND_BYTES, `${Math.round(mostMemory / 2 ** 20)} MB resident`);
demand(result.withoutRetryAfter === 0, `${result.withoutRetryAfter} refusals without Retry-After and node.busy`);
demand(result.other === 0, `${result.other} other answers: ${result.otherExample}`);
reach(result.refused > 0, 'nothing was refused: this was no overload');
const kept = await allIds(node.url);
const lost = [...stored].filter((number) => !kept.has(blocks[number].id));
demand(lost.length === 0, `${lost.length} acknowledged blocks are gone`);
await node.stop();
const check = await import('./live-node.mjs').then(({ run }) => run(['fsck', '--data', folder]).ended);
demand(check.code === 0, `fsck: ${check.out}${check.err}`);
rmSync(folder, { recursive: true, force: true });
conclude(
  'overload',
  {
    what: 'ten times overload',
    seconds: Math.round(result.took),
    connections,
    blockBytes: blocks[0].wire.length,
    dims: 64,
    peakSinglePerSecond: single,
    peakStreamedPerSecond: stream,
    peakMixedPerSecond: mixed,
    offeredPerSecond: Math.round(result.offered / result.took),
    sentPerSecond: Math.round(result.sent / result.took),
    heldBackPerSecond: Math.round(result.heldBack / result.took),
    acceptedPerSecond: Math.round(perSecond),
    refusedPerSecond: Math.round(result.refused / result.took),
    connectionsCut: result.cut,
    eventLoopDelayP99Ms: Math.round(result.p99 * 1e4) / 10,
    healthMs: {
      p50: Math.round(quantile(result.watched.health, 0.5)),
      p99: Math.round(quantile(result.watched.health, 0.99)),
      worst: Math.round(worstHealth),
      asked: result.watched.health.length,
    },
    residentMb: {
      p50: Math.round(quantile(result.watched.resident, 0.5) / 2 ** 20),
      most: Math.round(mostMemory / 2 ** 20),
    },
    nodeCpuSeconds: result.nodeCpuSeconds,
    clientCpuSeconds: Math.round(result.clientCpuSeconds),
    acknowledged: stored.size,
    lost: lost.length,
  },
  broken,
  missed,
);
