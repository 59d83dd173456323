// Five real processes on loopback, each connected with each: how many blocks a second are durable on all, beside a fifth of what one node accepts alone and beside
// gossipsub (signed, the same sizes, five processes) in the same run; and how long it takes from acknowledged on one node to found by search on another, at half of that load.
// Usage: node bench/network/rate.mjs [--blocks 3000] [--probes 100] [--no-gossipsub] [--no-record]       gossipsub: cd bench && npm install
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cidOf, DAG_CBOR, readEnvelope, sha256 } from '@cosmicembeddings/sdk';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { benchSpace, makeBlocks } from '../accept/blocks.mjs';
import { json, publishAll, startNode, storedIn } from '../accept/node-process.mjs';
import { record } from '../record.mjs';

const { values } = parseArgs({
  options: {
    ...{ blocks: { type: 'string', default: '3000' }, probes: { type: 'string', default: '100' } },
    ...{ 'no-gossipsub': { type: 'boolean' }, 'no-record': { type: 'boolean' } },
  },
});
const COUNT = 5;
const count = Number(values.blocks);
const probes = Number(values.probes);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const round = (x) => Math.round(x * 10) / 10;

const { wires } = await makeBlocks(count, { rows: 1, seed: 1 });

// ---- one node alone
const alone = await startNode();
let startedMs = performance.now();
await publishAll(alone, wires);
const acceptPerSecond = count / ((performance.now() - startedMs) / 1000);
if ((await storedIn(alone)) !== count) throw new Error('not all were stored');
await alone.stop();
console.error(`alone: ${Math.round(acceptPerSecond)}/s`);

// ---- five, each a fifth of the blocks
const nodes = [];
for (let n = 0; n < COUNT; n++)
  nodes.push(await startNode({ args: nodes.flatMap(({ url }) => ['--peer', url.replace('http', 'ws') + '/v2/peer']) }));
const met = async ({ url }) => (await json(`${url}/v2/status`)).peers;
for (const node of nodes) while ((await met(node)) < COUNT - 1) await sleep(100);
startedMs = performance.now();
await Promise.all(
  nodes.map((node, n) =>
    publishAll(
      node,
      wires.filter((_, i) => i % COUNT === n),
    ),
  ),
);
const acknowledgedSeconds = (performance.now() - startedMs) / 1000;
for (const node of nodes) while ((await storedIn(node)) < count) await sleep(25);
const fivePerSecond = count / ((performance.now() - startedMs) / 1000);
console.error(`five: ${Math.round(fivePerSecond)}/s on all, acknowledged after ${round(acknowledgedSeconds)} s`);
for (const { url } of nodes)
  while ((await json(`${url}/v2/status`)).followers.some(({ lag }) => lag > 0)) await sleep(100);

// ---- acknowledged on one, found on another, at half of that rate
const { wires: more, vectors } = await makeBlocks(Math.ceil(fivePerSecond * 0.5 * probes * 0.25) + probes, {
  rows: 1,
  seed: 2,
});
const idOf = (wire) => cidOf(DAG_CBOR, sha256(readEnvelope(wire).envelope.header)).text;
const space = spaceIdOf(benchSpace);
const waits = [];
const looking = [];
const fromMs = performance.now();
const lookFor = async (i, ackedMs) => {
  const { url } = nodes[(i + 2) % COUNT];
  const body = JSON.stringify({ vector: { space, values: [...vectors[i]] }, k: 1, mode: 'vectors' });
  const id = idOf(more[i]);
  for (;;) {
    const answer = await json(`${url}/v2/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    if (answer.hits[0]?.block === id || answer.hits[0]?.id === id) return void waits.push(performance.now() - ackedMs);
    if (performance.now() - ackedMs > 60_000) throw new Error(`never found: ${JSON.stringify(answer).slice(0, 300)}`);
    await sleep(5);
  }
};
let probed = 0;
for (let at = 0; at < more.length && probed < probes;) {
  const due = Math.min(more.length, Math.floor(((performance.now() - fromMs) / 1000) * fivePerSecond * 0.5));
  for (; at < due; at++) {
    const i = at;
    const isProbe = performance.now() - fromMs > probed * 250;
    if (isProbe) probed += 1;
    const call = fetch(`${nodes[i % COUNT].url}/v2/blocks`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor-seq' },
      body: more[i],
    })
      .then((answer) => answer.text())
      .then(() => (isProbe ? lookFor(i, performance.now()) : undefined));
    looking.push(call);
  }
  await sleep(5);
}
await Promise.all(looking);
waits.sort((a, b) => a - b);
const quantile = (q) => round(waits[Math.min(waits.length - 1, Math.floor(q * waits.length))]);
console.error(`found elsewhere: p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms of ${waits.length}`);
const cpuSeconds = nodes.map((node) => round(node.cpuSeconds()));
for (const node of nodes) await node.stop();

// ---- gossipsub
let gossipsub;
if (values['no-gossipsub'] !== true) {
  const parts = Array.from({ length: COUNT }, () => fork(fileURLToPath(new URL('gossipsub.mjs', import.meta.url))));
  const said = (part, type) =>
    new Promise((resolve, reject) => {
      part.on('message', (message) => message.type === type && resolve(message));
      part.once('exit', (code) => reject(new Error(`gossipsub ended with ${code}`)));
    });
  const addresses = [];
  for (const part of parts) addresses.push((await said(part, 'listening')).address);
  const meshed = parts.map((part) => said(part, 'meshed'));
  parts.forEach((part, n) => part.send({ type: 'dial', addresses: addresses.slice(0, n) }));
  await Promise.all(meshed);
  const done = parts.map((part) => said(part, 'done'));
  startedMs = performance.now();
  parts.forEach((part, n) =>
    part.send({
      type: 'publish',
      all: count,
      bytes: wires.filter((_, i) => i % COUNT === n).map(({ length }) => length),
    }),
  );
  const ended = await Promise.race([Promise.all(done), sleep(240_000)]);
  const seconds = (performance.now() - startedMs) / 1000;
  gossipsub = { perSecond: ended === undefined ? null : round(count / seconds), seconds: round(seconds) };
  if (ended === undefined) gossipsub.why = 'not all messages had come after 240 s';
  console.error(`gossipsub: ${JSON.stringify(gossipsub)}`);
  for (const part of parts) part.kill('SIGKILL');
}
const result = {
  ...{ nodes: COUNT, blocks: count, blockBytes: wires[0].length, acceptPerSecond: round(acceptPerSecond) },
  ...{
    durableOnAllPerSecond: round(fivePerSecond),
    ofAFifth: Math.round((fivePerSecond / (acceptPerSecond / COUNT)) * 100) / 100,
  },
  found: {
    load: round(fivePerSecond / 2),
    probes: waits.length,
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
  },
  ...{ cpuSeconds, ...(gossipsub === undefined ? {} : { gossipsub }) },
};
if (values['no-record'] === true) console.log(JSON.stringify(result, null, 1));
else record(import.meta.url, 'rate', result);
process.exit();
