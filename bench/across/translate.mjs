/**
 * Questions translated from one model's space to another's, by the product's own fit, trust and threshold, against
 * re-embedding them: nDCG@10 by the collections' labels. `node bench/across/translate.mjs [draws] [cranfield,npl] [500,100,1400,general]`;
 * a line as soon as one is there, appended to results/translate.jsonl.
 * QUESTIONS_FILE=FILE also writes, question by question, what the line of decision 0022 is fitted on. Vectors of two real models lie beside the checkout (shared/data/embeddings/two-models).
 */
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { fitParameters, fitTranslator, openTranslator, placeOf, relevanceMin } from '@cosmicembeddings/sdk/translators';
import { spaceNamed, toUnit } from '@cosmicembeddings/sdk';
import { ndcg10, readCollection, readNpy, shared } from '../search-quality/collections.mjs';
import { appendLines, random } from '../record.mjs';

const draws = Number(process.argv[2] ?? 5);
const names = (process.argv[3] ?? 'cranfield,npl').split(',');
const counts = (process.argv[4] ?? '500,100,1400,general').split(',');
const spaces = { from: spaceNamed('minilm', 384), to: spaceNamed('e5', 384) };
const npy = (what, model) => readNpy(join(shared, 'embeddings', 'two-models', `${what}.${model}.f16.npy`)).map(toUnit);

function told(result) {
  const line = { bench: 'translate', ...result };
  appendLines(import.meta.url, 'translate', [line]);
  console.log(JSON.stringify(line));
}

function pairsOf(from, to, name) {
  return from.map((vector, i) => ({
    reference: new Uint8Array(createHash('sha256').update(`${name} ${i}`).digest()),
    from: vector,
    to: to[i],
  }));
}

function drawn(list, n, seed) {
  const next = random(seed * 7919 + 17);
  const all = [...list];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all.slice(0, n);
}

function topOf(query, rows, k) {
  const scores = rows.map((row) => {
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += row[i] * query[i];
    return sum;
  });
  return [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, k);
}

/** The target's mean beside a rotated question of length 1, which is as long as anchors are from their mean. */
function textbookMean(pairs) {
  const meanOf = (side) =>
    pairs[0][side].map((_, i) => pairs.reduce((sum, pair) => sum + pair[side][i], 0) / pairs.length);
  const center = meanOf('from');
  const length = mean(pairs.map(({ from }) => Math.hypot(...from.map((x, i) => x - center[i]))));
  return meanOf('to').map((x) => x / length);
}

const mean = (list) => list.reduce((sum, one) => sum + one, 0) / Math.max(1, list.length);
const three = (x) => Number(x.toFixed(3));

const collections = Object.fromEntries(
  names.map((name) => [
    name,
    {
      ...readCollection(name),
      from: npy(`${name}_queries`, 'minilm'),
      truth: npy(`${name}_queries`, 'e5'),
      rows: npy(`${name}_docs`, 'e5'),
      pairs: pairsOf(npy(`${name}_docs`, 'minilm'), npy(`${name}_docs`, 'e5'), name),
    },
  ]),
);

function measure({ queries, from, truth, rows }, parameters, nearness) {
  const translator = openTranslator(parameters);
  const translated = translator.translate(from);
  const scored = queries.map(({ relevant }, i) => {
    const top = topOf(translated[i], rows, 10);
    const place =
      nearness &&
      placeOf(
        translator,
        nearness,
        from[i],
        top.map((at) => rows[at]),
      );
    const best = topOf(truth[i], rows, 10);
    return {
      ndcg: ndcg10(top, relevant),
      own: ndcg10(best, relevant),
      recall: top.filter((at) => best.includes(at)).length / 10,
      kept: place?.kept,
      place,
    };
  });
  if (nearness && process.env.QUESTIONS_FILE)
    appendFileSync(
      process.env.QUESTIONS_FILE,
      `${JSON.stringify({ nearness, questions: scored.map(({ ndcg, own, place }) => [ndcg, own, place.near, place.hits]) })}\n`,
    );
  const answered = scored.filter(({ kept }) => kept >= relevanceMin);
  return {
    ndcg: mean(scored.map(({ ndcg }) => ndcg)),
    own: mean(scored.map(({ own }) => own)),
    recall: mean(scored.map(({ recall }) => recall)),
    expected: mean(scored.map(({ kept }) => kept ?? 0)),
    answered: answered.length / scored.length,
    answeredKept:
      answered.length === 0 ? null : mean(answered.map(({ ndcg }) => ndcg)) / mean(answered.map(({ own }) => own)),
  };
}

const cut = (result) =>
  Object.fromEntries(Object.entries(result).map(([key, x]) => [key, x === null ? null : three(x)]));

for (const [name, collection] of Object.entries(collections)) {
  for (const n of counts.filter((one) => one !== 'general').map(Number))
    for (let seed = 0; seed < (n >= collection.pairs.length ? 1 : draws); seed++) {
      // What is held out comes on top: n is what was fitted on.
      const all = drawn(collection.pairs, n + Math.max(10, Math.round(n / 19)), seed);
      const started = process.cpuUsage();
      const fitted = fitTranslator(all, spaces);
      const used = process.cpuUsage(started);
      // Against the plain method on the same anchors.
      const fittedOn = new Set(fitted.anchors.references.map((one) => Buffer.from(one).toString('hex')));
      const pairs = all.filter(({ reference }) => fittedOn.has(Buffer.from(reference).toString('hex')));
      const rotation = fitParameters(pairs, spaces, { method: 'procrustes' }, Math.min(pairs.length, 1500));
      // The textbook's form: (x − mean)·W + mean, on all n; and without the mean.
      const plain = measure(collection, { ...rotation, centerTo: textbookMean(pairs) });
      const bare = measure(collection, { ...rotation, centerTo: rotation.centerTo.map(() => 0) });
      told({
        queries: name,
        anchors: `${n} of the domain`,
        fittedOn: pairs.length,
        seed,
        method: fitted.parameters.method,
        tried: fitted.tried.map(
          ({ method, width, damped, recall }) => `${method} ${width ?? ''}${damped ? ' damped' : ''} ${three(recall)}`,
        ),
        fitCpuS: three((used.user + used.system) / 1e6),
        heldOut: cut(fitted.quality),
        ...cut(measure(collection, fitted.parameters, fitted.nearness)),
        procrustes: three(plain.ndcg),
        procrustesWithoutMean: three(bare.ndcg),
      });
    }
}
for (const [set, n] of (counts.includes('general') ? [1] : []).flatMap(() => [
  ['wordnet', 5000],
  ['stsb_dev', 2910],
  ['ag_news', 1000],
  ['jeopardy', 1000],
])) {
  const fitted = fitTranslator(pairsOf(npy(set, 'minilm'), npy(set, 'e5'), set).slice(0, n), spaces);
  for (const [name, collection] of Object.entries(collections)) {
    told({
      queries: name,
      anchors: `${n} of ${set}`,
      method: fitted.parameters.method,
      heldOut: cut(fitted.quality),
      ...cut(measure(collection, fitted.parameters, fitted.nearness)),
    });
  }
}
