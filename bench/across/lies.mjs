/**
 * Are spaces that lie found, and honest ones left alone? `node bench/across/lies.mjs [samples]`: 200 rows a sample of real vectors,
 * honest; another model's under the same name, with and without an embedder, as a whole or beside an honest author's; rows dealt out to
 * other texts; one vector copied. Writes `results/lies.jsonl`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toUnit } from '@cosmicembeddings/sdk';
import { honestyOf } from '../../node/dist/index/common/honesty.js';
import { readCollection, readNpy, shared } from '../search-quality/collections.mjs';
import { english } from '../search-quality/vectors.mjs';
import { random } from '../record.mjs';
import { appendLines } from './lines.mjs';

const samples = Number(process.argv[2] ?? 20);
const ROWS = 200;

const folder = join(shared, 'embeddings');
const json = (path) => JSON.parse(readFileSync(join(folder, path), 'utf8'));
const textsOf = (list) =>
  list.map((one) =>
    typeof one === 'string' ? one : [one.title, one.abstract, one.text, one.quote].filter(Boolean).join(' '),
  );

/** Honest spaces: {name, texts, rows}. */
function spaces() {
  const found = [];
  const add = (name, texts, path) => {
    const full = join(folder, path);
    if (!existsSync(full)) return console.log(`skipped: ${path} is absent`);
    const rows = readNpy(full).map(toUnit);
    if (texts.length !== rows.length)
      return console.log(`skipped: ${path}: ${texts.length} texts, ${rows.length} rows`);
    found.push({ name, texts, rows });
  };
  for (const model of ['minilm', 'e5']) {
    for (const what of ['ag_news', 'jeopardy', 'wordnet', 'stsb_dev'])
      add(`${model} ${what}`, textsOf(json(`two-models/${what}.texts.json`)), `two-models/${what}.${model}.f16.npy`);
    for (const what of ['cranfield', 'npl'])
      add(`${model} ${what}`, readCollection(what).documents, `two-models/${what}_docs.${model}.f16.npy`);
  }
  for (const model of ['all-MiniLM-L6-v2', 'all-mpnet-base-v2'])
    add(`arxiv ${model}`, textsOf(json('arxiv500/texts.json')), `arxiv500/${model}.npy`);
  for (const model of [
    'all-MiniLM-L6-v2',
    'hkunlp-instructor-xl',
    'intfloat-multilingual-e5-base',
    'intfloat-multilingual-e5-large',
    'intfloat-multilingual-e5-small',
    'paraphrase-MiniLM-L12-v2',
    'sentence-transformers-all-MiniLM-L12-v2',
    'sentence-transformers-paraphrase-multilingual-mpnet-base-v2',
  ])
    add(`quotes ${model}`, textsOf(json('quotes100/texts.json')), `quotes100/${model}.npy`);
  for (const model of ['text-embedding-ada-002', 'text-embedding-3-small-1536'])
    add(`films ${model}`, textsOf(json('openai_films/texts.json')), `openai_films/${model}.npy`);
  return found;
}

const all = spaces();
for (const one of all) {
  const kept = one.texts.map((text) => (/\p{L}/u.test(text) ? text : 'empty'));
  one.home = (await english.embed(kept, { role: 'passage' })).vectors.map(toUnit);
}

function draw({ rows }, next) {
  const places = rows.map((_, i) => i);
  for (let i = places.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [places[i], places[j]] = [places[j], places[i]];
  }
  return places.slice(0, ROWS);
}

const tally = new Map();
const note = (what, space, honesty) => {
  const one = tally.get(what) ?? tally.set(what, { what, tries: 0, found: 0, unknown: 0, by: {} }).get(what);
  one.tries++;
  if (honesty.state === 'doubtful') {
    one.found++;
    const key = `${space}: ${honesty.doubts.map((doubt) => doubt.what).join('+')}`;
    one.by[key] = (one.by[key] ?? 0) + 1;
  }
  if (honesty.state === 'unknown') one.unknown++;
};

const names = new Set();
for (const one of all) {
  names.add(one.name);
  const next = random(99 + names.size);
  const [model, what] = one.name.split(' ');
  const other = all.find(({ name }) => name === `${model === 'minilm' ? 'e5' : 'minilm'} ${what}`);
  for (let s = 0; s < samples; s++) {
    const places = draw(one, next);
    const of = (rows, author = () => 'a') =>
      places.map((at, i) => ({ author: author(i), row: rows(at, i), home: one.home[at] }));
    const three = (i) => `author ${i % 3}`;
    note('honest', one.name, honestyOf(of((at) => one.rows[at], three)));
    if (other !== undefined)
      note(
        'honest, embedder here',
        one.name,
        honestyOf(of((at) => one.rows[at], three).map((row, i) => ({ ...row, own: one.rows[places[i]] }))),
      );
    if (one.rows.length < 100) continue;
    const dealt = draw({ rows: places }, next);
    note('rows dealt out to other texts', one.name, honestyOf(of((_, i) => one.rows[places[dealt[i]]])));
    note('one vector copied', one.name, honestyOf(of(() => one.rows[places[0]])));
    note('one vector copied on a tenth', one.name, honestyOf(of((at, i) => one.rows[i % 10 === 0 ? places[0] : at])));
    if (other === undefined) continue;
    note(
      'another model, embedder here',
      one.name,
      honestyOf(of((at) => other.rows[at]).map((row, i) => ({ ...row, own: one.rows[places[i]] }))),
    );
    note(
      'another model beside an honest author, no embedder',
      one.name,
      honestyOf(
        of(
          (at, i) => (i % 4 === 0 ? other : one).rows[at],
          (i) => (i % 4 === 0 ? 'liar' : 'honest'),
        ),
      ),
    );
    note(
      'one author’s rows dealt out, no embedder',
      one.name,
      honestyOf(
        of(
          (at, i) => one.rows[i % 4 === 0 ? places[(i + 4) % places.length] : at],
          (i) => (i % 4 === 0 ? 'liar' : 'honest'),
        ),
      ),
    );
    note('another model, alone, no embedder (cannot be found)', one.name, honestyOf(of((at) => other.rows[at])));
  }
}
// Authors who write about different things in one space are no two models.
for (const model of ['minilm', 'e5'])
  for (const [a, b] of [
    ['ag_news', 'npl'],
    ['jeopardy', 'cranfield'],
    ['wordnet', 'cranfield'],
    ['stsb_dev', 'npl'],
  ]) {
    const [first, second] = [a, b].map((what) => all.find(({ name }) => name === `${model} ${what}`));
    const next = random(77);
    for (let s = 0; s < samples; s++) {
      const [here, there] = [draw(first, next), draw(second, next)];
      note(
        'honest, each author about something else',
        `${model} ${a} ${b}`,
        honestyOf(
          here.map((at, i) => {
            const [of, place, author] = i % 3 === 0 ? [second, there[i], 'b'] : [first, at, 'a'];
            return { author, row: of.rows[place], home: of.home[place] };
          }),
        ),
      );
    }
  }
for (const one of tally.values()) {
  console.log(
    `${one.what.padEnd(54)} ${String(one.found).padStart(4)} of ${one.tries} doubtful (${((100 * one.found) / one.tries).toFixed(1)} %), ${one.unknown} unknown`,
  );
  if (one.what.startsWith('honest')) console.log('   ', JSON.stringify(one.by));
}
appendLines(
  'lies',
  [...tally.values()].map(({ by, ...one }) => ({
    spaces: names.size,
    rows: ROWS,
    ...one,
    ...(one.what.startsWith('honest') ? { by } : {}),
  })),
);
