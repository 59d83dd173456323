import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toUnit } from '@cosmicembeddings/sdk';
import { readCollection, readNpy, shared } from '../search-quality/collections.mjs';
import { english } from '../search-quality/vectors.mjs';

const folder = join(shared, 'embeddings');
const json = (path) => JSON.parse(readFileSync(join(folder, path), 'utf8'));
const textsOf = (list) =>
  list.map((one) =>
    typeof one === 'string' ? one : [one.title, one.abstract, one.text, one.quote].filter(Boolean).join(' '),
  );

/** Real vectors of texts, each set as an honest space: {name: 'model texts', texts, rows}. */
export function spaces() {
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

/** Texts in the home space; one without a letter as a word, so that places stay. */
export async function homeOf(texts) {
  const kept = texts.map((text) => (/\p{L}/u.test(text) ? text : 'empty'));
  return (await english.embed(kept, { role: 'passage' })).vectors.map(toUnit);
}

/** Places of n rows, drawn. */
export function draw({ rows }, next, n) {
  const places = rows.map((_, i) => i);
  for (let i = places.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [places[i], places[j]] = [places[j], places[i]];
  }
  return places.slice(0, n);
}
