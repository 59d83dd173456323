// What every state of a node's disk has to keep, asked of a whole node that is started on it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concatBytes } from '@cosmicembeddings/sdk';
import { createLog, createNode, loadConfig } from '../../../node/dist/index.js';
import { randomOf } from '../blocks.mjs';
import { assert, sound } from './check-store.mjs';
import { blockOf, rowOf, rowsOf, spaceIds, whichSpace } from './ledger.mjs';

const NULL = Uint8Array.of(0xf6);

/** Answers a judge of states: every acknowledged block is there byte for byte, and found by its vectors and its words. */
export async function judge({ engine, count, seed }) {
  const random = randomOf(seed);
  const all = new Map();
  for (let number = 1; number <= count; number++) all.set(number, await blockOf(number, rowsOf(number)));
  const spare = await blockOf(90_000);
  return (root, marks) => judgeOne(join(root, 'data'), marks, engine, all, spare, random);
}

async function judgeOne(data, marks, engine, all, spare, random) {
  const told = (what) => marks.filter(([name]) => name === what).flatMap(([, ...rest]) => rest);
  const config = await loadConfig({
    data,
    port: 0,
    log: 'silent',
    verifyWorkers: 1,
    store: engine,
    guard: false,
    embedders: [],
  });
  const node = await createNode(config, createLog('silent'));
  try {
    const [did, token] = told('open');
    if (did !== undefined) {
      assert(node.did === did, 'the node has another key than before');
      assert(readFileSync(join(data, 'token'), 'utf8').trim() === token, 'the operator has another token than before');
    }
    const peers = (await node.api.peers()).map((peer) => JSON.stringify(peer)).join(' ');
    for (const peer of told('peer')) assert(peers.includes(new URL(peer).port), `the peer ${peer} is forgotten`);
    const { found, erased } = await readAll(node.api, all);
    for (const number of told('put')) assert(found.has(Number(number)), `acknowledged block ${number} is gone`);
    for (const number of told('erase')) assert(erased.has(Number(number)), `the erasure of ${number} is gone`);
    const { head } = await node.api.status();
    const [next] = await node.api.publish([spare.wire], { wait: 'indexed' });
    assert(next.status === 'stored' && next.seq === head.seq + 1, `the next block: ${JSON.stringify(next)}`);
    await findAll(node.api, found, erased, random);
  } finally {
    await node.close();
  }
  await sound(data, engine);
}

/** Which blocks are there, as they were signed, and which of them are erased. */
async function readAll(api, all) {
  const found = new Set();
  const erased = new Set();
  for (const [number, { id, wire, checked }] of all) {
    const stored = await api.get(id);
    if (stored === undefined) continue;
    found.add(number);
    if (Buffer.compare(stored.wire, wire) === 0) continue;
    const header = Buffer.compare(stored.wire, concatBytes(checked.envelope, NULL)) === 0;
    assert(header, `block ${number}: its bytes are not those that were signed`);
    erased.add(number);
  }
  return { found, erased };
}

/** Searches by vector so far, and those in which the graph, which is approximate, did not come upon the row itself. */
export const tally = { searches: 0, missedByGraph: 0 };
const MISSED_MAX = 0.005;

/** The hit of a block's row; where the graph misses it, asked again among the block's own rows, which is exact. */
async function nearest(api, number, id, row) {
  const vector = { space: spaceIds[whichSpace(number)], values: rowOf(number, row) };
  tally.searches++;
  const own = (answer) => answer.hits.find((one) => one.id === id);
  const near = own(await api.search({ vector, k: 3 }));
  if (near !== undefined) return near;
  const { timeMs } = (await blockOf(number, rowsOf(number))).checked;
  const exact = own(await api.search({ vector, k: 3, filter: { fromMs: timeMs, toMs: timeMs + 1 } }));
  if (exact !== undefined) tally.missedByGraph++;
  assert(
    tally.missedByGraph <= 2 + tally.searches * MISSED_MAX,
    `${tally.missedByGraph} of ${tally.searches} rows missed`,
  );
  return exact;
}

/** The newest and some of the others. */
async function findAll(api, found, erased, random) {
  const asked = [...found].filter((_, i) => i >= found.size - 10 || random() < 30 / found.size);
  for (const number of asked) {
    const row = number % rowsOf(number);
    const { id } = await blockOf(number, rowsOf(number));
    const hit = await nearest(api, number, id, row);
    if (erased.has(number)) assert(hit === undefined, `erased block ${number} is found by its vector`);
    else
      assert(
        hit?.row === row && hit.cosine > 0.999,
        `block ${number}, row ${row}, is not found: ${JSON.stringify(hit)}`,
      );
    const words = await api.search({ text: `word${number}`, mode: 'words', k: 3 });
    assert(
      words.hits.some((one) => one.id === id) === !erased.has(number),
      `block ${number} by its words: ${words.hits.length} hits`,
    );
  }
}
