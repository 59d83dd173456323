// Four lives of a whole node, under the recording shim: blocks of one and of 64 rows through its HTTP door, erasures, peers.
import { openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { concatBytes } from '@cosmicembeddings/sdk';
import { createLog, createNode, loadConfig } from '../../../node/dist/index.js';
import { randomOf } from '../blocks.mjs';
import { blockOf, rowsOf } from './ledger.mjs';

const [root, count, seed, engine] = process.argv.slice(2);
const random = randomOf(Number(seed));
const marks = openSync(process.env.POWER_MARKS, 'a');
const mark = (line) => writeSync(marks, `${line}\n`);
const blocks = [];
for (let number = 1; number <= Number(count); number++) blocks.push(await blockOf(number, rowsOf(number)));
const data = join(root, 'data');
const lives = 4;
let next = 0;
const acknowledged = [];

async function post(url, path, type, body, token) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': type, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    body,
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

async function lane(url, token, upTo) {
  while (next < upTo) {
    const group = blocks.slice(next, Math.min(upTo, next + 1 + Math.floor(random() * 8)));
    const from = next + 1;
    next += group.length;
    const wire = concatBytes(...group.map((block) => block.wire));
    await post(url, `/v2/blocks${random() < 0.2 ? '?wait=indexed' : ''}`, 'application/cbor-seq', wire);
    mark(`put ${group.map((_, i) => from + i).join(' ')}`);
    acknowledged.push(...group.map((_, i) => from + i));
    if (random() < 0.1) {
      const victim = acknowledged[Math.floor(random() * acknowledged.length)];
      const ids = [blocks[victim - 1].id];
      await post(url, '/v2/erase', 'application/json', JSON.stringify({ ids, reason: 'takedown' }), token);
      mark(`erase ${victim}`);
    }
  }
}

for (let life = 1; life <= lives; life++) {
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
  const token = readFileSync(join(data, 'token'), 'utf8').trim();
  mark(`open ${node.did} ${token}`);
  await Promise.all([1, 2, 3].map(() => lane(node.url, token, Math.round((blocks.length * life) / lives))));
  // Nobody listens there: the address is kept all the same.
  const peer = `http://127.0.0.1:${9000 + life}`;
  await post(node.url, '/v2/peers', 'application/json', JSON.stringify({ url: peer }), token);
  mark(`peer ${peer}`);
  if (life === lives) process.exit(0);
  await node.close();
  mark('closed');
}
