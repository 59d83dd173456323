/**
 * What can free keys buy in a whole node's answers? `node bench/guard/node.mjs [collection]`: the collection in the real
 * store, indexes and search with the built-in embedder, then ten hostile blocks, each by a key of its own, against one
 * chosen question at a time (all questions in turn), attacks by one who knows the code. Reported: places of the first ten,
 * how often the hostile are first, and nDCG@10. → results/node.json
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCollection, ndcg10 } from '../search-quality/collections.mjs';
import { openLedger } from '../search-quality/ledger.mjs';
import { english, ours } from '../search-quality/vectors.mjs';
import { random as randomOf, record } from '../record.mjs';

const name = process.argv[2] ?? 'cranfield';
const QUESTIONS = Number(process.argv[3] ?? 25);
const HOSTILE = 10;
const collection = readCollection(name);
const made = await ours(english, collection);
const space = made.space;
const random = randomOf(5);
const questions = collection.queries.slice(0, QUESTIONS);
const asked = (
  await english.embed(
    questions.map(({ text }) => text),
    { role: 'query' },
  )
).vectors;
const pick = (list) => list[Math.floor(random() * list.length)];
const jitter = (vector, size) => {
  const out = vector.map((x) => x + size * (random() - 0.5));
  const length = Math.hypot(...out);
  return out.map((x) => x / length);
};
const filler = (n) => Array.from({ length: n }, () => pick(pick(collection.documents).split(/\s+/))).join(' ');
const own = async (text) => (await english.embed([text], { role: 'passage' })).vectors[0];

/** So much of a question, words left out evenly: what knows the rule against echoes stays below it. */
const most = (text, share) =>
  text
    .split(/\s+/)
    .filter((_, i) => Math.floor((i + 1) * share) > Math.floor(i * share))
    .join(' ');

/** Each answers the hostile documents against question `q`: {text | null, vector}. */
const attacks = {
  none: async () => [],
  'forged vectors, own texts': async (q) =>
    Array.from({ length: HOSTILE }, () => ({ text: filler(40), vector: jitter(asked[q], 0.06) })),
  'forged vectors, no texts': async (q) =>
    Array.from({ length: HOSTILE }, () => ({ text: null, vector: jitter(asked[q], 0.06) })),
  'equal vectors, no texts': async (q) => Array.from({ length: HOSTILE }, () => ({ text: null, vector: asked[q] })),
  'copies of the question': async (q) =>
    Promise.all(
      Array.from({ length: HOSTILE }, async () => {
        const text = questions[q].text;
        return { text, vector: await own(text) };
      }),
    ),
  'words stuffed: the question five times, and filler': async (q) =>
    Promise.all(
      Array.from({ length: HOSTILE }, async () => {
        const text = `${`${questions[q].text} `.repeat(5)} ${filler(60)}`;
        return { text, vector: await own(text) };
      }),
    ),
  'the question once, and filler (a true vector)': async (q) =>
    Promise.all(
      Array.from({ length: HOSTILE }, async () => {
        const text = `${questions[q].text} ${filler(30)}`;
        return { text, vector: await own(text) };
      }),
    ),
  'three quarters of the question, and filler (a true vector)': async (q) =>
    Promise.all(
      Array.from({ length: HOSTILE }, async () => {
        const text = `${most(questions[q].text, 0.75)} ${filler(30)}`;
        return { text, vector: await own(text) };
      }),
    ),
};

const rows = [];
for (const [attack, make] of Object.entries(attacks)) {
  const total = { hybrid: { places: 0, first: 0, ndcg: 0 }, vectors: { places: 0, first: 0, ndcg: 0 } };
  // All questions' hostile blocks are in one ledger; each question is judged by its own ten, the others are honest noise to it.
  const hostile = [];
  for (let q = 0; q < questions.length; q++)
    for (const one of await make(q)) hostile.push({ ...one, vector: Float32Array.from(one.vector), space });
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-guard-'));
  const documents = collection.documents.map((text, i) => ({ text, vector: made.documents[i], space }));
  const ledger = await openLedger({ documents: [...documents, ...hostile], embedders: [english], own: true, folder });
  const place = new Map(ledger.ids.map((id, i) => [id, i]));
  for (const [mode, sums] of Object.entries(total)) {
    for (const { text, relevant } of questions) {
      const found = (await ledger.search({ text, k: 10, mode })).hits.map(({ id }) => place.get(id));
      sums.places += found.filter((at) => at >= documents.length).length / questions.length;
      sums.first += (found[0] >= documents.length ? 1 : 0) / questions.length;
      sums.ndcg += ndcg10(found, relevant) / questions.length;
    }
    for (const key of Object.keys(sums)) sums[key] = Number(sums[key].toFixed(4));
  }
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
  rows.push({ attack, ...total });
  console.log(attack.padEnd(52), 'hybrid', JSON.stringify(total.hybrid), 'vectors', JSON.stringify(total.vectors));
}
record(import.meta.url, 'node', { collection: name, questions: questions.length, hostile: HOSTILE, rows });
