/**
 * Blocks of two models in one ledger, split between them five ways, searched through the real store, indexes and search:
 * `node bench/across/split.mjs [cranfield,npl] [draws] [common,own]`. Compared with each model over everything. Which blocks are of which model is drawn
 * several times (every second time the models change sides: who has the larger cluster), as one draw moves a figure by two hundredths. Texts are embedded by looking up
 * the given vectors. Writes `results/split.jsonl`; `plot.mjs` draws it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';
import { ndcg10, readCollection } from '../search-quality/collections.mjs';
import { openLedger } from '../search-quality/ledger.mjs';
import { published } from '../search-quality/vectors.mjs';
import { appendLines, random } from '../record.mjs';

const names = (process.argv[2] ?? 'cranfield,npl').split(',');
const draws = Number(process.argv[3] ?? 4);
const backgrounds = (process.argv[4] ?? 'common,own').split(',');

/** What the node makes common is at most so long. */
const TEXT_MAX = 2000;
const keyOf = (text) => text.replaceAll('"', ' ').trim().slice(0, TEXT_MAX).trim();

/** The model as an embedder that knows the collection's questions and documents by heart. */
function byHeart(model, collection) {
  const made = published(model, collection);
  const known = new Map(collection.documents.map((text, i) => [keyOf(text), made.documents[i]]));
  return {
    ...made,
    embedder: {
      space: made.space,
      embed: async ([text], options) => {
        const vector = (await made.embedder.embed([text], options)).vectors[0] ?? known.get(keyOf(text));
        if (vector === undefined || keyOf(text) === '') throw new CosmicError('input.empty', 'no such text');
        return { vectors: [vector], truncated: [false], tokens: [null] };
      },
    },
  };
}

/** Documents by k-means over unit vectors: the cluster of each, 0 the largest, so that who has which does not hang on the numbering. */
function clusters(vectors, k, seed) {
  const next = random(seed);
  const centres = Array.from({ length: k }, () => Float64Array.from(vectors[Math.floor(next() * vectors.length)]));
  let of = [];
  for (let round = 0; round < 12; round++) {
    of = vectors.map((vector) => {
      let [best, at] = [-Infinity, 0];
      centres.forEach((centre, c) => {
        let dot = 0;
        for (let i = 0; i < vector.length; i++) dot += vector[i] * centre[i];
        if (dot > best) [best, at] = [dot, c];
      });
      return at;
    });
    centres.forEach((centre, c) => {
      centre.fill(0);
      vectors.forEach((vector, i) => {
        if (of[i] === c) for (let d = 0; d < vector.length; d++) centre[d] += vector[d];
      });
      const length = Math.hypot(...centre) || 1;
      for (let d = 0; d < centre.length; d++) centre[d] /= length;
    });
  }
  const sizes = centres.map((_, c) => of.filter((one) => one === c).length);
  const bySize = [...sizes.keys()].sort((a, b) => sizes[b] - sizes[a]);
  return of.map((c) => bySize.indexOf(c));
}

/** Is a block of the first model? For one draw. */
function splitsOf(vectors, draw) {
  const next = random(7 + 1013 * draw);
  for (let i = 0; i < 5; i++) next();
  const shares = (share) => vectors.map(() => next() < share);
  const turned = (first) => (draw % 2 === 0 ? first : first.map((one) => !one));
  const two = clusters(vectors, 2, 11 + draw);
  const ten = clusters(vectors, 10, 13 + draw);
  return {
    'random halves': shares(0.5),
    '90 : 10': shares(0.9),
    '10 : 90': shares(0.1),
    'by topic, 2 clusters': turned(two.map((c) => c === 0)),
    'by topic, 3 of 10 clusters': turned(ten.map((c) => c < 3)),
  };
}

async function score({ search, ids }, { queries }, request) {
  const place = new Map(ids.map((id, i) => [id, i]));
  let sum = 0;
  const backgrounds = new Set();
  for (const { text, relevant } of queries) {
    const { hits, spaces } = await search({ text, k: 10, ...request });
    for (const { background } of spaces) backgrounds.add(background?.of ?? 'none');
    sum += ndcg10(
      hits.map(({ id }) => place.get(id)),
      relevant,
    );
  }
  return { ndcg: sum / queries.length, backgrounds: [...backgrounds].sort().join(' ') };
}

async function both(collection, documents, embedders, common) {
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-across-'));
  const ledger = await openLedger({ documents, embedders, common, folder });
  const vectors = await score(ledger, collection, { mode: 'vectors' });
  const hybrid = await score(ledger, collection, {});
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
  return { vectors: vectors.ndcg, hybrid: hybrid.ndcg, compared: vectors.backgrounds };
}

for (const name of names) {
  const collection = readCollection(name);
  if (collection === undefined) {
    console.log(`skipped: ../shared/data/ir/${name} is absent`);
    continue;
  }
  const models = { minilm: byHeart('minilm', collection), e5: byHeart('e5', collection) };
  const row = (i, model) => ({
    text: collection.documents[i],
    vector: models[model].documents[i],
    space: models[model].space,
  });
  const say = (line) => {
    appendLines(import.meta.url, 'split', [{ collection: name, ...line }]);
    console.log(
      `${name.padEnd(10)}${line.split.padEnd(28)}${(line.background ?? '').padEnd(8)} vectors ${line.vectors.toFixed(4)}${line.ofMean === undefined ? '' : ` (${(100 * line.ofMean).toFixed(1)} %)`}  with words ${line.hybrid.toFixed(4)}${line.hybridOfMean === undefined ? '' : ` (${(100 * line.hybridOfMean).toFixed(1)} %)`}`,
    );
  };
  const single = {};
  for (const model of ['minilm', 'e5']) {
    single[model] = await both(
      collection,
      collection.documents.map((_, i) => row(i, model)),
      [models[model].embedder],
      false,
    );
    say({ split: `${model} over everything`, ...single[model] });
  }
  const mean = (what) => (single.minilm[what] + single.e5[what]) / 2;
  const average = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;
  const drawn = Array.from({ length: draws }, (_, draw) => splitsOf(models.minilm.documents, draw));
  // A line as soon as one is there: the whole takes an hour and more where other things run.
  for (const split of Object.keys(drawn[0] ?? {}))
    for (const background of backgrounds) {
      const list = [];
      // What own rows cost shows in one draw.
      for (const of of background === 'common' ? drawn : drawn.slice(0, 1))
        list.push(
          await both(
            collection,
            collection.documents.map((_, i) => row(i, of[split][i] ? 'minilm' : 'e5')),
            [models.minilm.embedder, models.e5.embedder],
            background === 'common',
          ),
        );
      const vectors = average(list.map((one) => one.vectors));
      const hybrid = average(list.map((one) => one.hybrid));
      say({
        split,
        background,
        draws: list.length,
        compared: list[0].compared,
        vectors,
        hybrid,
        ofMean: vectors / mean('vectors'),
        hybridOfMean: hybrid / mean('hybrid'),
        leastOfMean: Math.min(...list.map((one) => one.vectors)) / mean('vectors'),
        leastHybridOfMean: Math.min(...list.map((one) => one.hybrid)) / mean('hybrid'),
      });
    }
}
process.exit();
