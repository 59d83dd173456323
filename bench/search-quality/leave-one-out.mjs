/**
 * Which weight of words generalises? `node bench/search-quality/leave-one-out.mjs [collections]`: every collection with every model there is,
 * all cosines exact, the word index's own scores, the node's own fusion. Fixed weights, and weights that follow how far the best
 * row stands out. For each collection the fixed weight, and the rule, that is best for the others, and what it gives there.
 * → results/leave-one-out.jsonl
 */
import { Cutter, WordIndex } from '../../node/dist/index/words/index.js';
import { fuse, weigh, weightOfWords } from '../../node/dist/search/fusion.js';
import { ndcg10, readCollection } from './collections.mjs';
import { ownDocs } from './own-docs.mjs';
import { appendLines } from '../record.mjs';
import { english, ours, published } from './vectors.mjs';

const fixed = [0, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1];
/** From one weight where the best row stands out to another where none does; `at` and `width` in spreads of the background. */
const rules = [0.3, 0.35].flatMap((telling) =>
  [0.5, 0.6, 0.7, 0.8].flatMap((flat) =>
    [3, 3.3, 3.6, 3.9, 4.2].flatMap((at) => [0.15, 0.3, 0.6].map((width) => ({ telling, flat, at, width }))),
  ),
);
/** What is tried: a name, and the weight by the best row's standard score. */
const tried = [
  ...fixed.map((weight) => [weight, () => weight]),
  ...rules.map(({ telling, flat, at, width }) => [
    `${telling}–${flat} at ${at} ± ${width}`,
    (best) => telling + (flat - telling) / (1 + Math.exp((best - at) / width)),
  ]),
  ['node', weightOfWords],
];
const isRule = (name) => typeof name === 'string' && name !== 'node';
const DEPTH = 60;
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

async function scoresOf(collection, made) {
  const n = made.documents.length;
  const cutter = new Cutter();
  const index = new WordIndex(cutter);
  collection.documents.forEach((text, i) => index.add(i, i, '', cutter.text('', text)));
  const sums = new Map(tried.map(([name]) => [name, 0]));
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
    const candidates = () =>
      labels.map((label) => ({ label, space: 's', cosine: cosines[label], bm25: words.also[label] }));
    const best = Math.max(...near.map((label) => (cosines[label] - mean) / spread));
    for (const [name, weight] of tried) {
      const weights = name === 'node' ? weigh(candidates(), scales.spaces, {}) : { vectors: 1, words: weight(best) };
      const found = fuse(candidates(), { ...scales, weights }).slice(0, 10);
      const gain = ndcg10(
        found.map(({ label }) => label),
        relevant,
      );
      sums.set(name, sums.get(name) + gain / collection.queries.length);
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
    const shown = [...sums].filter(([w]) => !isRule(w)).map(([w, x]) => `${w}: ${x.toFixed(4)}`);
    console.log(name.padEnd(10), model.padEnd(8), shown.join('  '));
  }
}
/** Each collection counts once, whatever models it was asked with. */
const meanOf = (name, weight) => {
  const own = rows.filter((row) => row.collection === name);
  return own.reduce((sum, row) => sum + row.ndcg[weight], 0) / own.length;
};
const names = [...new Set(rows.map(({ collection }) => collection))];
const best = (choices, of) => {
  const mean = (choice) => of.reduce((sum, name) => sum + meanOf(name, choice), 0);
  return choices.reduce((a, b) => (mean(b) > mean(a) ? b : a));
};
const ruleNames = tried.map(([name]) => name).filter(isRule);
const left = names.map((name) => {
  const others = names.filter((other) => other !== name);
  const [weight, rule] = [best(fixed, others), best(ruleNames, others)];
  const at = (choice) => Number(meanOf(name, choice).toFixed(4));
  return {
    leftOut: name,
    weight,
    ndcg: at(weight),
    rule,
    ruled: at(rule),
    node: at('node'),
    had: at(best(fixed, [name])),
  };
});
for (const { leftOut, weight, ndcg, rule, ruled, node, had } of left)
  console.log(
    `left out ${leftOut}: ${weight} gives ${ndcg}, ${rule} gives ${ruled}; the node's ${node}; ${had} was to be had by one weight`,
  );
const mean = (key) => (left.reduce((sum, one) => sum + one[key], 0) / left.length).toFixed(4);
console.log(
  `mean: fixed ${mean('ndcg')}, by a rule ${mean('ruled')}, the node's ${mean('node')}, to be had by one weight ${mean('had')}`,
);
const told = rows.map(({ ndcg, ...row }) => ({
  ...row,
  ndcg: Object.fromEntries(Object.entries(ndcg).filter(([name]) => !isRule(name))),
}));
if (rows.length > 0) appendLines(import.meta.url, 'leave-one-out', [{ rows: told, left }]);
