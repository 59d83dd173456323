/**
 * What words cost beside vectors: `node bench/search-quality/cost.mjs [blocks]`. Blocks are WordNet's entries with the
 * built-in embedder's vectors, questions are trivia; 20 at a time and one at a time, in process, no HTTP.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEnglishEmbedder } from '@cosmicembeddings/sdk/embedders/english';
import { shared } from './collections.mjs';
import { openLedger } from './ledger.mjs';
import { appendLines } from '../record.mjs';

const count = Number(process.argv[2] ?? 100_000);
const embedder = createEnglishEmbedder(
  new Uint8Array(readFileSync(new URL('../../sdk/assets/english-1.bin', import.meta.url))),
);
const entries = gunzipSync(readFileSync(join(shared, 'wordnet', 'oewn_synsets.jsonl.gz')))
  .toString('utf8')
  .trim()
  .split('\n')
  .slice(0, count)
  .map((line) => JSON.parse(line));
const texts = entries.map(
  ({ lemmas, definition, examples }) => `${lemmas.join(', ')}: ${definition}. ${(examples ?? []).join('. ')}`,
);
const { vectors } = await embedder.embed(texts, { role: 'passage' });
const questions = JSON.parse(readFileSync(join(shared, 'embeddings', 'two-models', 'jeopardy.texts.json'), 'utf8'));

const folder = mkdtempSync(join(tmpdir(), 'cosmic-cost-'));
const started = performance.now();
const ledger = await openLedger({
  documents: texts.map((text, i) => ({ text, vector: vectors[i], space: embedder.space })),
  embedders: [embedder],
  folder,
});
console.log(
  `${count} blocks ready after ${((performance.now() - started) / 1000).toFixed(1)} s, ${ledger.engines.store}, ${ledger.engines.index}`,
);
while ((await ledger.vectors.status()).spaces[Object.keys((await ledger.vectors.status()).spaces)[0]].tail > 256)
  await new Promise((resolve) => setTimeout(resolve, 500));

async function measure(name, request, inFlight, n = 1000) {
  const ask = (i) => ledger.search({ text: questions[i % questions.length].replaceAll('"', ' '), k: 10, ...request });
  for (let i = 0; i < 200; i++) await ask(i + 500);
  const times = [];
  let next = 0;
  const cpu = process.cpuUsage();
  const from = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < n) {
        const i = next++;
        const at = performance.now();
        await ask(i);
        times.push(performance.now() - at);
      }
    }),
  );
  const seconds = (performance.now() - from) / 1000;
  const used = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const row = {
    name,
    blocks: count,
    inFlight,
    perSecond: n / seconds,
    p50Ms: times[n >> 1],
    p99Ms: times[Math.floor(n * 0.99)],
    cpuMs: (used.user + used.system) / 1000 / n,
  };
  console.log(
    `${name.padEnd(8)} ${String(inFlight).padStart(2)} in flight: ${row.perSecond.toFixed(0)}/s, p50 ${row.p50Ms.toFixed(2)} ms, p99 ${row.p99Ms.toFixed(2)} ms, ${row.cpuMs.toFixed(2)} ms of CPU each`,
  );
  return row;
}

const rows = [];
for (const inFlight of [1, 20])
  for (const [name, request] of [
    ['vectors', { mode: 'vectors' }],
    ['hybrid', {}],
    ['words', { mode: 'words' }],
  ])
    rows.push(await measure(name, request, inFlight));
appendLines(import.meta.url, 'cost', rows);
await ledger.close();
rmSync(folder, { recursive: true, force: true });
