/**
 * Kills a whole node with SIGKILL at random moments, starting included, while blocks are published and searched for, and
 * starts it on the same folder again: node bench/worst-day/node-kill.mjs [rounds=200] [seed] [fullCheckEvery=25]
 * After each life every acknowledged block must be there; now and then, and at the end, `cosmic-node fsck` finds nothing
 * and the followers have what the store has. Exit status 1 when a promise is broken.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conclude } from './conclude.mjs';
import { randomOf } from './blocks.mjs';
import { Lane } from './http-load.mjs';
import { allIds, ask, followed, run, search, start } from './live-node.mjs';
import { headOf, makeManyWires } from './wires.mjs';

const [rounds = 200, seed = Date.now() % 1_000_000, fullCheckEvery = 25] = process.argv.slice(2).map(Number);
const random = randomOf(seed);
const DIMS = 32;
const AFTER_START_MS = 900;
const folder = mkdtempSync(join(tmpdir(), 'cosmic-node-kill-'));
const acknowledged = new Set();
const begun = performance.now();
let blocks = [];
let at = 0;
let fills = 0;
let searches = 0;
let killedStarting = 0;
let slowestStartMs = 0;
const broken = [];

/** Blocks are made before a life begins, so that making them takes nothing from it. */
async function refill() {
  if (blocks.length - at < 2_000) {
    blocks = await makeManyWires(4_000, { seed: seed * 1000 + fills++, dims: DIMS });
    at = 0;
  }
}

/** Publishes single blocks and small sequences, each connection sending the next when the last is acknowledged. */
function load(node) {
  const lanes = Array.from({ length: 6 }, (_, i) => {
    const lane = new Lane(node.port, {
      onAnswer: (group, status, text) => {
        if (status === 201 || status === 200)
          for (const { id } of group) if (text.includes(`"id":"${id}"`)) acknowledged.add(id);
        next();
      },
    });
    const next = () => {
      const size = i < 4 ? 1 : 8;
      const group = blocks.slice(at, (at += size));
      if (!lane.open || group.length < size) return;
      const body = Buffer.concat(group.map(({ wire }) => wire));
      lane.send(Buffer.from(headOf(body.length)), body, group);
    };
    next();
    return lane;
  });
  let running = true;
  const seek = async () => {
    while (running) {
      const text = `w${seed * 1000}x${Math.floor(random() * 1000)}`;
      const { status } = await search(node.url, { text, k: 5, mode: random() < 0.5 ? 'words' : 'hybrid' });
      if (status === 200) searches += 1;
      else if (running && status !== 0) throw new Error(`a search was answered ${status}`);
    }
  };
  void seek();
  return () => {
    running = false;
    for (const lane of lanes) lane.close();
  };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One life: killed while it starts, or under load. */
async function life() {
  const earlyMs = random() < 0.2 ? random() * 800 : undefined;
  if (earlyMs !== undefined) {
    const early = run(['start', '--data', folder, '--port', '0', '--log', 'warn']);
    await Promise.race([pause(earlyMs), early.ended]);
    early.kill('SIGKILL');
    const { code, err } = await early.ended;
    if (code !== null) throw new Error(`the node ended by itself with ${code}: ${err}`);
    killedStarting += 1;
    return;
  }
  const started = performance.now();
  const node = await start(folder);
  slowestStartMs = Math.max(slowestStartMs, performance.now() - started);
  const stop = load(node);
  await pause(random() * AFTER_START_MS);
  node.kill('SIGKILL');
  stop();
  const { code } = await node.ended;
  if (code !== null) throw new Error(`the node ended by itself with ${code}: ${node.said()}`);
}

/** A life in which nothing is killed: everything acknowledged is there and found, and the folder is sound. */
async function check() {
  const node = await start(folder);
  const status = await followed(node.url);
  const kept = await allIds(node.url);
  const lost = [...acknowledged].filter((id) => !kept.has(id));
  if (lost.length > 0) throw new Error(`${lost.length} acknowledged blocks are gone, e.g. ${lost[0]}`);
  if (status.head.seq !== status.head.count || status.head.count !== kept.size)
    throw new Error(`head ${JSON.stringify(status.head)}, ${kept.size} blocks listed`);
  if (status.counts.rows !== kept.size) throw new Error(`${status.counts.rows} rows of ${kept.size} blocks`);
  const ids = [...kept];
  const sample = [...ids.slice(0, 20), ...Array.from({ length: 20 }, () => ids[Math.floor(random() * ids.length)])];
  for (const id of sample) {
    const { body, status: code } = await ask(`${node.url}/v2/blocks/${id}?vectors=json`);
    if (code !== 200) throw new Error(`${id} is listed and cannot be read: ${code}`);
    const { embedding, texts } = body;
    const vector = { space: status.counts.spaces[0].id, values: embedding.values[0] };
    const found = await search(node.url, { vector, mode: 'vectors', k: 3 });
    if (!found.body?.hits?.some((hit) => hit.id === id)) throw new Error(`${id} is not in the index: ${found.text}`);
    const word = /w\d+x\d+/.exec(texts[0])[0];
    const read = await search(node.url, { text: word, mode: 'words', k: 3 });
    if (read.body?.hits?.[0]?.id !== id) throw new Error(`${id} is not in the text index by ${word}: ${read.text}`);
  }
  const ended = await node.stop();
  if (ended.code !== 0) throw new Error(`stopping: exit ${ended.code}: ${ended.err}`);
  const sound = await run(['fsck', '--data', folder]).ended;
  if (sound.code !== 0) throw new Error(`fsck: ${sound.out}${sound.err}`);
  return kept.size;
}

let round = 0;
let stored = 0;
try {
  for (round = 1; round <= rounds; round++) {
    await refill();
    await life();
    if (round % fullCheckEvery === 0 || round === rounds) {
      stored = await check();
      console.error(`round ${round}: ${acknowledged.size} acknowledged, ${stored} stored`);
    }
  }
  round = rounds;
} catch (error) {
  broken.push(`round ${round}: ${error.message}`);
}
if (broken.length === 0) rmSync(folder, { recursive: true, force: true });
else console.error(`the folder is kept: ${folder}`);
conclude(
  'node-kill',
  {
    what: 'kill -9 of a whole node under load',
    rounds: round,
    killedStarting,
    seed,
    dims: DIMS,
    n: stored,
    acknowledged: acknowledged.size,
    searches,
    slowestStartMs: Math.round(slowestStartMs),
    seconds: Math.round((performance.now() - begun) / 1000),
  },
  broken,
);
