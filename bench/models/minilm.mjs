/**
 * Speed and agreement of the transformers embedder on all-MiniLM-L6-v2 (q8), one JSON line:
 * node bench/models/minilm.mjs   (needs a build, tools/interop/models installed by its run.sh, and ../shared)
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { createEmbedder } from '../../sdk/dist/embedders/index.js';
import { cosine } from '../../sdk/dist/space/index.js';
import { embeddings, hasModels, host, models } from '../../tools/interop/models/places.mjs';

if (!hasModels) {
  console.log('skipped: ../shared/models/all-MiniLM-L6-v2 is not there');
  process.exit(0);
}
const folder = join(embeddings, 'squad2000');
const texts = JSON.parse(readFileSync(join(folder, 'texts.json'), 'utf8')).map(({ text }) => text);
const npy = readFileSync(join(folder, 'all-MiniLM-L6-v2.npy'));
const start = 10 + npy.readUInt16LE(8);
const published = texts.map((_, row) =>
  Float32Array.from({ length: 384 }, (_, d) => npy.readFloatLE(start + 4 * (384 * row + d))),
);

const begun = performance.now();
const embedder = await createEmbedder({ type: 'transformers', model: 'all-MiniLM-L6-v2', path: models }, host);
const loadMs = performance.now() - begun;
await embedder.embed(texts.slice(0, 50), { role: 'passage' });
const runs = [];
let vectors;
for (let run = 0; run < 3; run++) {
  const cpu = process.cpuUsage();
  const from = performance.now();
  ({ vectors } = await embedder.embed(texts, { role: 'passage' }));
  const ms = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  runs.push({
    perSecond: Math.round((texts.length / ms) * 1000),
    cpuMsPerText: +((user + system) / 1000 / texts.length).toFixed(2),
  });
}
const cosines = vectors.map((vector, i) => cosine(vector, published[i]));
const meanCosine = +(cosines.reduce((sum, x) => sum + x, 0) / cosines.length).toFixed(5);
const round = (x) => +x.toFixed(1);
console.log(
  JSON.stringify({
    texts: texts.length,
    loadMs: Math.round(loadMs),
    runs,
    meanCosine,
    minCosine: +Math.min(...cosines).toFixed(5),
    cores: availableParallelism(),
    node: process.version,
    load: round(loadavg()[0]),
  }),
);
