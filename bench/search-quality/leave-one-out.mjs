/**
 * Which weight of words generalises? `node bench/search-quality/leave-one-out.mjs [collections]`: every collection with every model there is,
 * all cosines exact, the word index's own scores, the node's own fusion. For each collection the weight that is best for the
 * others, and what it gives there. → results/leave-one-out.jsonl
 */
import { Cutter, WordIndex } from '../../node/dist/index/words/index.js';
import { fuse } from '../../node/dist/search/fusion.js';
import { ndcg10, readCollection } from './collections.mjs';
import { ownDocs } from './own-docs.mjs';
import { record } from './record.mjs';
import { english, ours, published } from './vectors.mjs';

const weights = [0, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1];
const DEPTH = 60;
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

async function scoresOf(collection, made) {
  const n = made.documents.length;
  const cutter = new Cutter();
  const index = new WordIndex(cutter);
  collection.documents.forEach((text, i) => index.add(i, i, '', cutter.text('', text)));
  const sums = new Map(weights.map((weight) => [weight, 0]));
  const sample = Math.min(300, n);
  for (const { text, relevant } of collection.queries) {
    const query = (await made.embedder.embed([text.replaceAll('"', ' ').trim()], { role: 'query' })).vectors[0];
    const cosines = made.documents.map((row) => dot(row, query));
    const background = Array.from({ length: sample }, (_, i) => cosines[Math.floor(((i + 0.5) * n) / sample)]);
    const mean = background.reduce((a, b) => a + b) / sample;
    const spread = Math.sqrt(background.reduce((a, b) => a + (b - mean) ** 2, 0) / sample);
    const also = Uint32Array.from({ length: n }, (_, i) => i);
    const words = index.search(text, { k: DEPTH, also, bm25: { k1: 1.2, b: 0.5 } });
    const near = [...cosines.keys()].sort((a, b) => cosines[b] - cosines[a]).slice(0, DEPTH);
    const labels = [...new Set([...near, ...words.hits.map(({ label }) => label)])];
    const scales = {
      spaces: new Map([['s', { mean, spread, n: sample }]]),
      words: { ...words.scale, spread: Math.max(0.5, words.scale.spread) },
    };
    for (const weight of weights) {
      const candidates = labels.map((label) => ({
        label,
        space: 's',
        cosine: cosines[label],
        bm25: words.also[label],
      }));
      const ranked = fuse(candidates, scales, { vectors: 1, words: weight });
      sums.set(
        weight,
        sums.get(weight) +
          ndcg10(
            ranked.slice(0, 10).map(({ label }) => label),
            relevant,
          ) /
            collection.queries.length,
      );
    }
  }
  return sums;
}

const rows = [];
const given = process.argv.slice(2);
for (const name of given.length > 0 ? given : ['cranfield', 'npl', 'adi', 'cacm', 'own-docs']) {
  const collection = name === 'own-docs' ? ownDocs() : readCollection(name);
  if (collection === undefined) {
    console.log(`skipped: ../shared/data/ir/${name} is absent`);
    continue;
  }
  const models = [['english', await ours(english, collection)]];
  if (['cranfield', 'npl'].includes(name))
    for (const model of ['minilm', 'e5']) models.push([model, published(model, collection)]);
  for (const [model, made] of models) {
    const sums = await scoresOf(collection, made);
    rows.push({
      collection: name,
      model,
      ndcg: Object.fromEntries([...sums].map(([w, x]) => [w, Number(x.toFixed(4))])),
    });
    console.log(name.padEnd(10), model.padEnd(8), [...sums].map(([w, x]) => `${w}: ${x.toFixed(4)}`).join('  '));
  }
}
/** Each collection counts once, whatever models it was asked with. */
const meanOf = (name, weight) => {
  const own = rows.filter((row) => row.collection === name);
  return own.reduce((sum, row) => sum + row.ndcg[weight], 0) / own.length;
};
const names = [...new Set(rows.map(({ collection }) => collection))];
const best = (of) =>
  weights.reduce((a, b) =>
    of.reduce((sum, name) => sum + meanOf(name, b), 0) > of.reduce((sum, name) => sum + meanOf(name, a), 0) ? b : a,
  );
const left = names.map((name) => {
  const weight = best(names.filter((other) => other !== name));
  return {
    leftOut: name,
    weight,
    ndcg: Number(meanOf(name, weight).toFixed(4)),
    had: Number(meanOf(name, best([name])).toFixed(4)),
  };
});
for (const one of left)
  console.log(`left out ${one.leftOut}: weight ${one.weight} gives ${one.ndcg}, ${one.had} was to be had`);
if (rows.length > 0) record('leave-one-out', [{ rows, left }]);
