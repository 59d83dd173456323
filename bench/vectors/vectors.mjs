// Build rate, search rate, recall@10 against exact double precision, filters, files and memory of the index engines.
// `node --expose-gc bench/vectors/vectors.mjs [rows] [engines] [queries]`, e.g. `100000 usearch,hnswlib,exact 1000`.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseEngine } from '../../node/dist/index/vectors/graph.js';
import { SpaceIndex } from '../../node/dist/index/vectors/space-index.js';
import { record } from '../record.mjs';
import { clustered } from './rows.mjs';
import { testSpace } from '../../sdk/dist/testing/index.js';

const n = Number(process.argv[2] ?? 100_000);
const engines = (process.argv[3] ?? 'usearch,hnswlib,exact').split(',');
const q = Number(process.argv[4] ?? 500);
const dims = 384;
const next = clustered({ dims, seed: 1 });
const flat = new Float32Array(n * dims);
for (let i = 0; i < n; i++) flat.set(next(), i * dims);
const queries = Array.from({ length: q }, next);
const row = (i) => flat.slice(i * dims, (i + 1) * dims);
const space = testSpace('bench', dims);

const TRUTHS = Math.min(q, Math.max(20, Math.floor(20_000_000 / n)));
const truthOf = (query, keep) => {
  const top = [];
  for (let i = 0; i < n; i++) {
    if (!keep(i)) continue;
    let sum = 0;
    for (let d = 0, at = i * dims; d < dims; d++) sum += query[d] * flat[at + d];
    if (top.length < 10 || sum > top[9][0]) {
      top.push([sum, i]);
      top.sort((a, b) => b[0] - a[0]);
      top.length = Math.min(10, top.length);
    }
  }
  return new Set(top.map(([, i]) => i));
};
const truths = queries.slice(0, TRUTHS).map((query) => truthOf(query, () => true));

for (const name of engines) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-vectors-'));
  const engine = await chooseEngine(name);
  const options = { folder, engine, budget: { maxBytes: Infinity, used: 0 }, graphMin: 2048, guard: true, seed: 1 };
  const result = { engine: engine.name, rows: n, dims };
  try {
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    let index = SpaceIndex.open(space, options);
    let started = performance.now();
    for (let i = 0; i < n; i++) {
      index.append(i, row(i), i % 50, 0);
      while (index.tail >= 64) index.work(64);
    }
    while (index.hasWork) index.work(64);
    result.buildRowsPerSecond = Math.round((n / (performance.now() - started)) * 1000);
    started = performance.now();
    await index.save({ graph: true });
    result.saveMs = Math.round(performance.now() - started);
    result.bytesPerRow = Math.round(
      readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0) / n,
    );
    result.residentMb = Math.round((process.memoryUsage().rss - before) / 1e6);
    await index.close();

    started = performance.now();
    index = SpaceIndex.open(space, options);
    index.search(queries[0], 10);
    result.reopenToFirstSearchMs = Math.round(performance.now() - started);
    const asked = engine.name === 'exact' ? queries.slice(0, 50) : queries;
    const run = (search) => {
      const times = [];
      for (const query of asked) {
        const at = performance.now();
        search(query);
        times.push(performance.now() - at);
      }
      times.sort((a, b) => a - b);
      return {
        perSecond: Math.round(1000 / (times.reduce((sum, ms) => sum + ms, 0) / times.length)),
        p50Ms: round(times[times.length >> 1]),
        p99Ms: round(times[Math.floor(times.length * 0.99)]),
      };
    };
    const recall = (search, expected) => {
      let found = 0;
      expected.forEach((truth, i) => search(queries[i]).rows.forEach((hit) => (found += truth.has(hit.label) ? 1 : 0)));
      return round(found / expected.reduce((sum, truth) => sum + truth.size, 0));
    };
    const plain = (query) => index.search(query, 10);
    run(plain);
    result.searches = [];
    for (const candidates of engine.name === 'exact' ? [0] : [24, 32, 48, 64, 96, 128, 192]) {
      if (candidates > 0) index.candidates = candidates;
      result.searches.push({ ...(candidates > 0 ? { candidates } : {}), recall: recall(plain, truths), ...run(plain) });
    }
    if (engine.name !== 'exact') index.candidates = engine.graph.candidates;
    result.withBackground = run((query) => index.search(query, 10, { background: true }));
    result.filters = [];
    for (const every of [2, 10, 100, 1000]) {
      const allow = new Uint8Array(n / 8 + 1);
      for (let i = 0; i < n; i += every) allow[i >> 3] |= 1 << (i & 7);
      const expected = queries.slice(0, Math.min(50, TRUTHS)).map((query) => truthOf(query, (i) => i % every === 0));
      const filtered = (query) => index.search(query, 10, { allow });
      result.filters.push({ keeps: 1 / every, recall: recall(filtered, expected), ...run(filtered) });
    }
    await index.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  record(import.meta.url, `${name}-${n}`, result);
}

function round(x) {
  return Math.round(x * 1e4) / 1e4;
}
