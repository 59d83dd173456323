/**
 * What do an author's bounds cost honest readers, and what do they save? `node bench/guard/authors.mjs [collection]`: the
 * collection in the real store, indexes and search with the built-in embedder, its documents dealt at random to 1, 2, 5 and
 * 1,400 authors (and to 40 by topic): nDCG@10 with `authorShare` open and bounded. Then ten hostile blocks a question by one key.
 * → results/authors.json
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCollection, ndcg10 } from '../search-quality/collections.mjs';
import { openLedger } from '../search-quality/ledger.mjs';
import { english, ours } from '../search-quality/vectors.mjs';
import { random as randomOf, record } from '../record.mjs';

const name = process.argv[2] ?? 'cranfield';
const HOSTILE = 10;
const ATTACKED = 25;
const collection = readCollection(name);
const made = await ours(english, collection);
const { space } = made;
const honest = collection.documents.map((text, i) => ({ text, vector: made.documents[i], space }));
const random = randomOf(5);
const pick = (list) => list[Math.floor(random() * list.length)];

/** Each document to the nearest of n documents: one author a topic, which is the worst an honest collection can be dealt. */
function byTopic(n) {
  const leads = Array.from({ length: n }, () => pick(made.documents));
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  return made.documents.map((row) => {
    const near = leads.map((lead) => dot(lead, row));
    return near.indexOf(Math.max(...near));
  });
}
const dealt = (n) => honest.map(() => Math.floor(random() * n));
const dealings = {
  1: dealt(1),
  2: dealt(2),
  5: dealt(5),
  1400: honest.map((_, i) => i),
  '40 by topic': byTopic(40),
};

async function withLedger(documents, ask) {
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-authors-'));
  const ledger = await openLedger({ documents, embedders: [english], own: true, folder });
  const place = new Map(ledger.ids.map((id, i) => [id, i]));
  const found = async (request) => (await ledger.search({ k: 10, ...request })).hits.map(({ id }) => place.get(id));
  try {
    return await ask(found);
  } finally {
    await ledger.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
const round = (x) => Number(x.toFixed(4));

const rows = [];
for (const [authors, of] of Object.entries(dealings)) {
  const documents = honest.map((one, i) => ({ ...one, author: `did:key:z6Mk${of[i]}` }));
  const row = await withLedger(documents, async (found) => {
    const sums = {};
    for (const mode of ['hybrid', 'vectors'])
      for (const authorShare of ['open', 'bounded']) {
        let sum = 0;
        for (const { text, relevant } of collection.queries)
          sum += ndcg10(await found({ text, mode, authorShare }), relevant);
        sums[`${mode} ${authorShare}`] = round(sum / collection.queries.length);
      }
    return sums;
  });
  rows.push({ authors, ...row });
  console.log(authors, JSON.stringify(row));
}

const questions = collection.queries.slice(0, ATTACKED);
const filler = (n) => Array.from({ length: n }, () => pick(pick(collection.documents).split(/\s+/))).join(' ');
const hostile = [];
for (const [q, { text: asked }] of questions.entries())
  for (let i = 0; i < HOSTILE; i++) {
    const text = `${asked} ${filler(30)}`;
    const [vector] = (await english.embed([text], { role: 'passage' })).vectors;
    hostile.push({ text, vector, space, author: `did:key:z6MkHostile${q}` });
  }
const attack = await withLedger([...honest, ...hostile], async (found) => {
  const places = {};
  for (const mode of ['hybrid', 'vectors'])
    for (const authorShare of ['open', 'bounded']) {
      let sum = 0;
      for (const { text } of questions)
        sum += (await found({ text, mode, authorShare })).filter((at) => at >= honest.length).length;
      places[`${mode} ${authorShare}`] = round(sum / questions.length);
    }
  return places;
});
record(import.meta.url, 'authors', {
  collection: name,
  ndcg10: rows,
  attack: 'ten blocks of one key a question: the question once, and filler, with true vectors',
  placesOfTen: attack,
});
