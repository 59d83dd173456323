/**
 * What does the guard cost where nobody attacks? `node bench/guard/cost.mjs [collections]`: real rows of two models
 * (`../shared/data/embeddings/two-models`; skipped where absent) in the node's own index. recall@10 against exact cosines without
 * a guard: every row looked at, through the graph, and under a filter that 1 % of the rows pass; with the guard and without,
 * and how often two nodes of other seeds and another order of arrival show the same ten. Where a collection has no questions,
 * every n-th row is one, and is not in the index. → results/cost.json
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readNpy, shared } from '../search-quality/collections.mjs';
import { add, engineName, openIndex } from './ledger.mjs';
import { record, random as randomOf } from '../record.mjs';

const collections = (process.argv[2] ?? 'cranfield,npl,wordnet,ag_news,jeopardy,stsb_dev').split(',');
const folder = join(shared, 'embeddings', 'two-models');
if (!existsSync(folder)) {
  console.log(`skipped: ${folder} is not there`);
  process.exit(0);
}
const K = 10;
const QUESTIONS = 200;
const AUTHORS = 20;
const round = (x) => Math.round(x * 1e4) / 1e4;

const rows = [];
for (const name of collections)
  for (const model of ['minilm', 'e5']) {
    const { documents, questions } = readSet(name, model);
    const n = documents.length;
    const random = randomOf(3);
    const passes = new Uint8Array((n >> 3) + 1);
    const passing = [];
    for (let label = 0; label < n; label++)
      if (random() < Math.max(0.01, 20 / n)) {
        passes[label >> 3] |= 1 << (label & 7);
        passing.push(label);
      }
    const all = Array.from({ length: n }, (_, label) => label);
    const truth = questions.map((query) => nearest(documents, query, all));
    const truthOf1 = questions.map((query) => nearest(documents, query, passing));
    const open = openIndex(documents, { guard: false, authors: AUTHORS });
    const guarded = openIndex(documents, { guard: true, authors: AUTHORS });
    // Another node: other seed, other order of arrival, the same labels.
    const other = openIndex([], { guard: true, authors: AUTHORS, dims: documents[0].length, seed: 99 });
    const order = all.map((label) => [random(), label]).sort((a, b) => a[0] - b[0]);
    for (const [, label] of order) add(other, [documents[label]], label, () => label % AUTHORS);
    while (other.hasWork) other.work(256);
    const ask = (index, options) =>
      questions.map((query) => index.search(query, K, options).rows.map((row) => row.label));
    const filter = { allow: passes };
    const answers = {
      exact: { guarded: ask(guarded, { exact: true }), other: ask(other, { exact: true }) },
      graph: { open: ask(open), guarded: ask(guarded), other: ask(other) },
      filter: { open: ask(open, filter), guarded: ask(guarded, filter), other: ask(other, filter) },
    };
    const row = {
      collection: name,
      model,
      rows: n,
      questions: questions.length,
      exact: costs(truth, answers.exact),
      graph: costs(truth, answers.graph),
      filterOf1Percent: costs(truthOf1, answers.filter),
      demoted: guarded.status.guard?.demoted ?? 0,
    };
    rows.push(row);
    console.log(JSON.stringify(row));
  }
record(import.meta.url, 'cost', { engine: engineName, k: K, authors: AUTHORS, rows });

function costs(truth, { open, guarded, other }) {
  const recall = (answer) =>
    truth.reduce((sum, right, i) => sum + answer[i].filter((label) => right.includes(label)).length / right.length, 0) /
    truth.length;
  return {
    ...(open === undefined ? {} : { recallOpen: round(recall(open)) }),
    recall: round(recall(guarded)),
    recallOther: round(recall(other)),
    firstMissing: truth.filter((right, i) => !guarded[i].includes(right[0])).length,
    // Equal rows may change places.
    sameTen: round(truth.filter((_, i) => guarded[i].every((label) => other[i].includes(label))).length / truth.length),
  };
}

function readSet(name, model) {
  const of = (what) => readNpy(join(folder, `${what}.${model}.f16.npy`));
  if (existsSync(join(folder, `${name}_queries.${model}.f16.npy`)))
    return { documents: of(`${name}_docs`), questions: of(`${name}_queries`).slice(0, QUESTIONS) };
  const list = of(name);
  const step = Math.max(2, Math.floor(list.length / QUESTIONS));
  return {
    documents: list.filter((_, i) => i % step !== 0),
    questions: list.filter((_, i) => i % step === 0).slice(0, QUESTIONS),
  };
}

function nearest(documents, query, labels) {
  const scored = labels.map((label) => {
    const row = documents[label];
    let [sum, squares] = [0, 0];
    for (let i = 0; i < row.length; i++) {
      sum += row[i] * query[i];
      squares += row[i] * row[i];
    }
    return [sum / Math.sqrt(squares), label];
  });
  return scored
    .sort((a, b) => b[0] - a[0])
    .slice(0, K)
    .map(([, label]) => label);
}
