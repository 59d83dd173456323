/**
 * Lays rows out by the node's own index and map, in one thread, and writes vectors and places for `compare.py`.
 * node bench/map/layout.mjs FOLDER wordnet|npl|ROWS   (ROWS: made, 200 clusters; the others: MiniLM over ../shared texts)
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpaceMap, mapRules } from '../../node/dist/index/map/space-map.js';
import { chooseEngine } from '../../node/dist/index/vectors/choose-engine.js';
import { axesOf, neighboursIn } from '../../node/dist/index/vectors/neighbours.js';
import { SpaceIndex } from '../../node/dist/index/vectors/space-index.js';
import { readMap } from '../../node/dist/index/map/file.js';
import { testSpace } from '../../sdk/dist/testing/index.js';
import { readNpy, shared } from '../search-quality/collections.mjs';
import { clustered } from '../vectors/rows.mjs';

const [out, what] = process.argv.slice(2);
const files = { wordnet: 'wordnet.minilm.f16.npy', npl: 'npl_docs.minilm.f16.npy' };
const dims = 384;
const rows = Object.hasOwn(files, what)
  ? readNpy(join(shared, 'embeddings', 'two-models', files[what]))
  : ((next) => Array.from({ length: Number(what) }, next))(clustered({ dims, seed: 1 }));
const n = rows.length;
const cpuMs = () => Math.round((process.cpuUsage().user + process.cpuUsage().system) / 1000);

const engine = await chooseEngine('auto', { threads: 1 });
const budget = { maxBytes: Infinity, used: 0 };
const index = SpaceIndex.open(testSpace('bench', dims), { engine, budget, graphMin: 2048, guard: true, seed: 1 });
const marks = { start: cpuMs() };
rows.forEach((row, i) => {
  index.append(i, row.slice(), i % 50, 0);
  while (index.tail >= 256) index.work(256);
});
while (index.hasWork) index.work(256);
marks.built = cpuMs();

const source = {
  size: n,
  dims,
  rowOf: (label) => index.rowOf(label),
  sampleOf: (wanted) => index.sampleOf(wanted),
  near: (row, k) => index.search(row, k).rows,
};
const axes = axesOf(source);
let nearMs = 0;
const folder = mkdtempSync(join(tmpdir(), 'bench-map-'));
const map = new SpaceMap(
  {
    space: 'bench',
    folder,
    rules: { ...mapRules, rowsMax: Infinity },
    ofAll: false,
    near: async (labels, k) => {
      const before = cpuMs();
      const found = neighboursIn(source, axes, labels, k, Infinity);
      nearMs += cpuMs() - before;
      return found;
    },
    textOf: () => undefined,
    nowMs: Date.now,
  },
  'bench',
);
const entry = { space: 'bench', author: 'did:key:z', tags: [], rows: n };
map.take({ type: 'put', block: { id: 'b', entry, firstLabel: 0, timeMs: 0 } });
map.caughtUp();
while (await map.step());
map.save();
marks.laidOut = cpuMs();
const { labels, xs, ys } = readMap(join(folder, 'map', 'bench.bin'));
const places = new Float32Array(2 * n).fill(NaN);
labels.forEach((label, i) => places.set([xs[i], ys[i]], 2 * label));
mkdirSync(out, { recursive: true });
const flat = new Float32Array(n * dims);
rows.forEach((row, i) => flat.set(row, i * dims));
writeFileSync(join(out, 'vectors.f32'), flat);
writeFileSync(join(out, 'places.f32'), places);
const figures = {
  what,
  rows: n,
  dims,
  placed: labels.length,
  indexCpuMs: marks.built - marks.start,
  neighboursCpuMs: nearMs,
  layoutCpuMs: marks.laidOut - marks.built - nearMs,
  peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
  pointBytes: 13,
};
writeFileSync(join(out, 'node.json'), JSON.stringify(figures));
console.log(JSON.stringify(figures));
rmSync(folder, { recursive: true, force: true });
