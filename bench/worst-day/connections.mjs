/**
 * 1,000 idle connections and 100 slow ones beside normal users: node bench/worst-day/connections.mjs [seconds=45] [idle=1000] [slow=100] [limits]
 * Half of the idle ones keep an HTTP connection, half open a peer's WebSocket and say nothing. The slow ones send headers or
 * bodies at 10 bytes a second, or do not read what they asked for. `limits`: JSON of settings, to shorten the times. Users
 * publish and search meanwhile. Exit status 1 when a promise is broken.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { conclude } from './conclude.mjs';
import { Lane } from './http-load.mjs';
import { allIds, metric, publish, start, until } from './live-node.mjs';
import { headOf, makeWires } from './wires.mjs';

const [seconds = 45, idle = 1000, slow = 100] = process.argv.slice(2, 5).map(Number);
const settings = { headersMs: 15_000, slowMs: 30_000, ...JSON.parse(process.argv[5] ?? '{}') };
const MARGIN_MS = 8_000;
/** 1,100 connections at up to 200 kB (a read-ahead of 64 kB, one answer), and what the users' own blocks take meanwhile. */
const MEMORY_MB = 400;
const data = mkdtempSync(join(tmpdir(), 'cosmic-connections-'));
mkdirSync(data, { recursive: true });
writeFileSync(join(data, 'config.json'), JSON.stringify(settings));
const node = await start(data);
const broken = [];
const missed = [];
const demand = (holds, what) => holds || broken.push(what);
/** A figure: a busy machine misses it as well. */
const reach = (holds, what) => holds || missed.push(what);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const blocks = await makeWires(1500 + 400 * seconds, { dims: 64 });
let at = 0;
const acknowledged = new Set();
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? NaN;

/** Four users that publish and two that search, each a request at a time, some milliseconds of thought between. */
async function users(forSeconds) {
  const published = [];
  const searched = [];
  let wrong = 0;
  let running = true;
  const user = (times, send) => {
    let began = 0;
    const lane = new Lane(node.port, {
      onAnswer: (block, status) => {
        if (!running) return;
        if (status !== 200 && status !== 201) wrong += 1;
        else {
          times.push(performance.now() - began);
          if (block !== undefined) acknowledged.add(block.id);
        }
        setTimeout(next, 10);
      },
    });
    const next = () => {
      if (!running || !lane.open) return;
      began = performance.now();
      send(lane);
    };
    next();
    return lane;
  };
  const send = (lane) => {
    const block = blocks[at++ % blocks.length];
    lane.send(Buffer.from(headOf(block.wire.length)), block.wire, block);
  };
  const search = (lane) => {
    const body = Buffer.from(
      JSON.stringify({ text: `w1x${(at * 7) % blocks.length} worst day`, k: 10, mode: 'words' }),
    );
    const head = headOf(body.length, '/v2/search').replace('application/cbor-seq', 'application/json');
    lane.send(Buffer.from(head), body, undefined);
  };
  const lanes = [
    ...Array.from({ length: 4 }, () => user(published, send)),
    ...Array.from({ length: 2 }, () => user(searched, search)),
  ];
  await pause(forSeconds * 1000);
  running = false;
  for (const lane of lanes) lane.close();
  const of = (times) => ({
    perSecond: Math.round(times.length / forSeconds),
    p50Ms: Math.round(quantile(times, 0.5) * 10) / 10,
    worstMs: Math.round(Math.max(...times)),
    p99Ms: Math.round(quantile(times, 0.99) * 10) / 10,
  });
  return { publish: of(published), search: of(searched), wrong };
}

/** A connection of the bad kind, and after how long it was cut. */
function bad(kind, begin) {
  const socket = connect(node.port, '127.0.0.1');
  const one = { kind, socket, cutMs: undefined };
  const began = performance.now();
  socket.on('error', () => undefined);
  socket.on('close', () => {
    one.cutMs ??= performance.now() - began;
    clearInterval(one.timer);
  });
  // Whoever drips takes note of the end of the connection.
  socket.resume();
  socket.on('connect', () => begin(socket, one));
  return one;
}
const drip = (one, bytes) => {
  let sent = 0;
  one.timer = setInterval(() => one.socket.write(bytes.subarray(sent, (sent += 10))), 1000);
};
const kinds = {
  'slow headers': (socket, one) =>
    drip(one, Buffer.from(`GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ${'x'.repeat(4000)}`)),
  'slow body': (socket, one) => {
    socket.write(headOf(blocks[0].wire.length));
    drip(one, blocks[0].wire);
  },
  'no reading': (socket) => {
    socket.pause();
    socket.write(`GET /v2/blocks/${large.id} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`.repeat(600));
  },
};

/** An import of one block a second: slow, but it moves, so it may take as long as it likes. */
function steadyImport() {
  const one = bad('steady import', (socket) => {
    socket.write(
      'POST /v2/blocks HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/cbor-seq\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    let number = blocks.length - 1;
    one.timer = setInterval(() => {
      const { wire } = blocks[number--];
      socket.write(Buffer.concat([Buffer.from(`${wire.length.toString(16)}\r\n`), wire, Buffer.from('\r\n')]));
    }, 1000);
  });
  return one;
}

function idlePeer() {
  const socket = new WebSocket(`ws://127.0.0.1:${node.port}/v2/peer`, 'cosmic.1');
  const one = { socket, code: undefined };
  socket.on('error', () => (one.code ??= 'refused'));
  socket.on('close', (code) => (one.code ??= code));
  return one;
}

/** More than the kernel's buffers take when it is asked for six hundred times. */
const [large] = await makeWires(1, { seed: 2, dims: 64, textBytes: 65_000 });
const given = await publish(node.url, large.wire);
if (given.status !== 201) throw new Error(`the large block: ${given.status} ${given.text}`);
await users(3);
const before = await users(Math.min(10, seconds / 3));
const residentBefore = node.residentBytes();
const keepers = Array.from({ length: Math.floor(idle / 2) }, () => new Lane(node.port, { onAnswer: () => undefined }));
for (const lane of keepers)
  lane.send(Buffer.from('GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'), Buffer.alloc(0), 0);
const peers = [];
for (let i = 0; i < Math.ceil(idle / 2); i++) {
  peers.push(idlePeer());
  if (i % 25 === 24) await pause(20);
}
const slowOnes = Array.from({ length: slow }, (_, i) => {
  const kind = Object.keys(kinds)[i % 3];
  return bad(kind, kinds[kind]);
});
const steady = steadyImport();
const during = await users(seconds);
const allowedMs = {
  'slow headers': settings.headersMs * 1.25,
  'slow body': settings.slowMs * 1.25,
  'no reading': settings.slowMs * 1.25,
};
await until(
  () => slowOnes.every(({ cutMs }) => cutMs !== undefined),
  'the slow ones cut',
  Math.max(0, settings.slowMs * 1.25 + MARGIN_MS - seconds * 1000) + 1000,
).catch(() => undefined);
// Who does not read does not see the end of the connection either, until it reads.
for (const { kind, socket } of slowOnes) if (kind === 'no reading') socket.resume();
await pause(1000);
const cut = {};
for (const kind of Object.keys(kinds)) {
  const ones = slowOnes.filter((one) => one.kind === kind);
  const times = ones.map(({ cutMs }) => cutMs ?? Infinity);
  cut[kind] = {
    connections: ones.length,
    cut: times.filter(Number.isFinite).length,
    lastMs: Math.round(Math.max(...times)),
  };
  demand(cut[kind].cut === ones.length, `${kind}: ${cut[kind].cut} of ${ones.length} cut`);
  if (kind !== 'no reading')
    reach(Math.max(...times) < allowedMs[kind] + MARGIN_MS, `${kind}: cut after ${cut[kind].lastMs} ms`);
}
demand(steady.cutMs === undefined, 'an import that moves was cut');
const residentAfter = node.residentBytes();
const grownMb = Math.round((residentAfter - residentBefore) / 2 ** 20);
reach(grownMb < MEMORY_MB, `${grownMb} MB more`);
demand(during.wrong === 0, `${during.wrong} wrong answers to normal users`);
reach(
  during.publish.perSecond >= 0.7 * before.publish.perSecond,
  `${during.publish.perSecond} published a second instead of ${before.publish.perSecond}`,
);
reach(
  during.search.perSecond >= 0.7 * before.search.perSecond,
  `${during.search.perSecond} searches a second instead of ${before.search.perSecond}`,
);
const stillOpen = keepers.filter(({ open }) => open).length;
if (settings.idleMs === undefined && seconds < 60)
  demand(stillOpen === keepers.length, `${stillOpen} of ${keepers.length} idle connections open`);
const peersOpen = peers.filter(({ code }) => code === undefined).length;
for (const { socket } of [...keepers, ...slowOnes, steady]) socket.destroy();
for (const { socket } of peers) socket.terminate();
clearInterval(steady.timer);
await until(async () => (await metric(node.url, 'cosmic_inflight_blocks')) === 0, 'nothing under way');
const kept = await allIds(node.url);
const lost = [...acknowledged].filter((id) => !kept.has(id)).length;
demand(lost === 0, `${lost} acknowledged blocks are gone`);
const ended = await node.stop();
demand(ended.code === 0, `stopping: exit ${ended.code}`);
rmSync(data, { recursive: true, force: true });
conclude(
  'connections',
  {
    what: 'idle and slow connections beside normal users',
    seconds,
    n: kept.size,
    dims: 64,
    settings,
    idle: { http: keepers.length, stillOpen, peers: peers.length, peersOpen },
    cut,
    usersBefore: before,
    usersDuring: during,
    residentMb: Math.round(residentAfter / 2 ** 20),
    grownMb,
  },
  broken,
  missed,
);
