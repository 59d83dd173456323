// The whole index worker as a node runs it, behind its message port: from store items (decoded here) to graph, searches from
// several askers, restart. `node bench/vectors/worker.mjs [rows] [rows a block] [engine]`
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openVectors } from '../../node/dist/index/vectors/index.js';
import { spaceIdOf } from '../../sdk/dist/space/index.js';
import { space } from './made-store.mjs';
import { record } from '../record.mjs';
import { clustered } from './rows.mjs';

const rows = Number(process.argv[2] ?? 100_000);
const perBlock = Number(process.argv[3] ?? 10);
const engine = process.argv[4] ?? 'usearch';
const id = spaceIdOf(space);
const folder = mkdtempSync(join(tmpdir(), 'bench-worker-'));
const open = () =>
  openVectors({
    folder: join(folder, 'index'),
    engine,
    reader: { folder, engine: `${rows / perBlock}x${perBlock}` },
    readerModule: new URL('./made-store.mjs', import.meta.url).href,
  });
const result = { engine, rows, perBlock };
try {
  let started = performance.now();
  let vectors = await open();
  await vectors.waitFor(rows / perBlock);
  while ((await vectors.status()).spaces[id].tail > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  result.rowsPerSecondFromStoreToGraph = Math.round((rows / (performance.now() - started)) * 1000);
  const make = clustered({ seed: 1 });
  for (let i = 0; i < 5; i++) make();
  const queries = Array.from({ length: 2000 }, make);
  const ask = async (askers) => {
    const times = [];
    let at = 0;
    const began = performance.now();
    await Promise.all(
      Array.from({ length: askers }, async () => {
        while (at < queries.length) {
          const query = queries[at++];
          const one = performance.now();
          await vectors.search(id, query, 10);
          times.push(performance.now() - one);
        }
      }),
    );
    times.sort((a, b) => a - b);
    return {
      askers,
      perSecond: Math.round((queries.length / (performance.now() - began)) * 1000),
      p50Ms: round(times[1000]),
      p99Ms: round(times[1980]),
    };
  };
  await ask(20);
  result.searches = [await ask(1), await ask(20)];
  let found = 0;
  for (const query of queries.slice(0, 100)) {
    const truth = new Set((await vectors.search(id, query, 10, { exact: true })).hits.map((hit) => hit.label));
    found += (await vectors.search(id, query, 10)).hits.filter((hit) => truth.has(hit.label)).length;
  }
  result.graphRecallOfGuardedExact = found / 1000;
  result.status = (await vectors.status()).spaces[id];
  result.residentMb = Math.round(process.memoryUsage().rss / 1e6);
  await vectors.close();
  started = performance.now();
  vectors = await open();
  const first = await vectors.search(id, queries[0], 10);
  result.restartToFirstCompleteSearchMs = Math.round(performance.now() - started);
  result.complete = first.indexedTo.seq === rows / perBlock && first.hits.length === 10;
  await vectors.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
record(import.meta.url, `worker-${engine}-${rows}`, result);

function round(x) {
  return Math.round(x * 1000) / 1000;
}
