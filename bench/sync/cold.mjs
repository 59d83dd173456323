// An empty node catches up with a full one, both real processes over loopback, beside what `accept` does alone on the same blocks in the same run.
// Usage: node bench/sync/cold.mjs [--blocks 20000]
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeBlocks } from '../accept/blocks.mjs';
import { json, startNode } from '../accept/node-process.mjs';
import { record } from '../record.mjs';

const { values } = parseArgs({ options: { blocks: { type: 'string', default: '20000' } } });
const count = Number(values.blocks);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const stored = async (url) => (await json(`${url}/v2/status`)).head.count;

const { wires } = await makeBlocks(count, { rows: 1 });
const full = await startNode();
const cpuBefore = full.cpuSeconds();
const started = performance.now();
await new Promise((resolve, reject) => {
  const call = request(
    `${full.url}/v2/blocks`,
    { method: 'POST', headers: { 'content-type': 'application/cbor-seq' } },
    (response) => response.resume().on('end', resolve),
  );
  call.on('error', reject);
  let at = 0;
  const write = () => {
    while (at < wires.length) {
      const part = Buffer.concat(wires.slice(at, at + 16));
      at += 16;
      if (!call.write(part)) return void call.once('drain', write);
    }
    call.end();
  };
  write();
});
const acceptSeconds = (performance.now() - started) / 1000;
const acceptCpu = full.cpuSeconds() - cpuBefore;
if ((await stored(full.url)) !== count) throw new Error('not all were stored');
// Its followers come to rest: they would work beside the transfer else.
while ((await json(`${full.url}/v2/status`)).followers.some(({ lag }) => lag > 0)) await sleep(250);
for (let busy = full.cpuSeconds(); ; busy = full.cpuSeconds()) {
  await sleep(1000);
  if (full.cpuSeconds() - busy < 0.1) break;
}
const empty = await startNode();
const before = [full.cpuSeconds(), empty.cpuSeconds()];
const startMs = performance.now();
const token = readFileSync(join(empty.folder, 'token'), 'utf8').trim();
await fetch(`${empty.url}/v2/peers`, {
  method: 'POST',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  body: JSON.stringify({ url: full.url }),
}).then(async (answer) => {
  if (!answer.ok) throw new Error(await answer.text());
});
while ((await stored(empty.url)) < count) await sleep(50);
const syncSeconds = (performance.now() - startMs) / 1000;
const round = (x) => Math.round(x * 100) / 100;
const [peer] = await json(`${empty.url}/v2/peers`).then((answer) => answer.peers ?? answer);
record(import.meta.url, 'cold', {
  blocks: count,
  blockBytes: wires[0].length,
  accept: {
    seconds: round(acceptSeconds),
    blocksPerSecond: Math.round(count / acceptSeconds),
    cpuSeconds: round(acceptCpu),
  },
  sync: {
    seconds: round(syncSeconds),
    blocksPerSecond: Math.round(count / syncSeconds),
    cpuSecondsGiving: round(full.cpuSeconds() - before[0]),
    cpuSecondsTaking: round(empty.cpuSeconds() - before[1]),
    bytesIn: peer.bytesIn,
  },
  share: round(acceptSeconds / syncSeconds),
});
await Promise.all([full.stop(), empty.stop()]);
process.exit();
