/**
 * Search over HTTP by vector, k = 10, through a real node process: rate from 20 clients, latency of one, recall@10 against
 * exact float64 truth, hits with their default fields, distinct queries, index caught up.
 * Usage: node bench/search/http.mjs [rows=20000] [queries=4000]
 */
import { Agent, request } from 'node:http';
import { spaceIdOf } from '@cosmicembeddings/sdk';
import { benchSpace, makeBlocks, vectorsOf } from '../accept/blocks.mjs';
import { json, startNode, untilFollowed } from '../accept/node-process.mjs';
import { record } from '../record.mjs';

const [rows = 20_000, queries = 4000] = process.argv.slice(2).map(Number);
const seed = 7;
const agent = new Agent({ keepAlive: true, maxSockets: 32 });

function post(url, body, type = 'application/json') {
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method: 'POST', agent, headers: { 'content-type': type, 'content-length': body.length } },
      (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () => resolve(JSON.parse(Buffer.concat(parts).toString('utf8'))));
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

console.error(`making ${rows} blocks`);
const { wires, vectors } = await makeBlocks(rows, { seed });
const node = await startNode();
for (let at = 0; at < wires.length; at += 2000)
  await post(`${node.url}/v2/blocks`, Buffer.concat(wires.slice(at, at + 2000)), 'application/cbor-seq');
await untilFollowed(node.url);

// The same clusters, other points of them.
const more = vectorsOf(seed);
for (let i = 0; i < rows; i++) more();
const asked = Array.from({ length: queries + 500 }, more);
const bodies = asked.map((vector) =>
  Buffer.from(
    JSON.stringify({ vector: { space: spaceIdOf(benchSpace), values: Array.from(vector) }, k: 10, mode: 'vectors' }),
  ),
);
for (const body of bodies.slice(queries)) await post(`${node.url}/v2/search`, body);

async function run(clients) {
  const times = [];
  const answers = new Array(queries);
  let next = 0;
  const cpuBefore = process.cpuUsage();
  const nodeCpuBefore = node.cpuSeconds();
  const started = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let i = next++; i < queries; i = next++) {
        const at = performance.now();
        answers[i] = await post(`${node.url}/v2/search`, bodies[i]);
        times.push(performance.now() - at);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  times.sort((a, b) => a - b);
  const quantile = (q) => Number(times[Math.min(times.length - 1, Math.floor(q * times.length))].toFixed(2));
  return {
    answers,
    figures: {
      clients,
      perSecond: Math.round(queries / seconds),
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      clientCpuSeconds: (cpu.user + cpu.system) / 1e6,
      nodeCpuSeconds: Number((node.cpuSeconds() - nodeCpuBefore).toFixed(2)),
      seconds: Number(seconds.toFixed(2)),
    },
  };
}

/** Cosine of each found row against the true tenth best, so that ties count as found. */
function recallOf(answers, count) {
  let found = 0;
  for (let q = 0; q < count; q++) {
    const scores = vectors.map((row) => row.reduce((sum, x, i) => sum + x * asked[q][i], 0)).sort((a, b) => b - a);
    found += answers[q].hits.filter((hit) => hit.cosine >= scores[9] - 1e-6).length;
  }
  return found / (10 * count);
}

const many = await run(20);
const one = await run(1);
const status = await json(`${node.url}/v2/status`);
record(import.meta.url, `http-${rows}`, {
  rows,
  dims: 384,
  queries,
  recallAt10: recallOf(many.answers, 100),
  many: many.figures,
  one: one.figures,
  residentMb: Math.round(node.residentBytes() / 1e6),
  diskBytesPerBlock: Math.round(node.diskBytes() / rows),
  engines: status.engines,
});
await node.stop();
process.exit();
