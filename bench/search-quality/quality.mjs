/**
 * Search quality by the labels of Cranfield and NPL, through the real store, text index, vector index and search:
 * `node bench/search-quality/quality.mjs [--weights] [--textless]`. `--weights` prints the sweep that the defaults were
 * chosen from, `--textless` what happens to blocks whose authors kept their texts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { ndcg10, readCollection } from './collections.mjs';
import { openLedger } from './ledger.mjs';
import { appendLines } from '../record.mjs';
import { english, ours, published } from './vectors.mjs';

const goals = { 'english cranfield': 0.525, 'english npl': 0.467, 'minilm cranfield': 0.56, 'minilm npl': 0.51 };
const sweep = process.argv.includes('--weights');
const textless = process.argv.includes('--textless');

async function score({ search, ids }, { queries }, request) {
  const place = new Map(ids.map((id, i) => [id, i]));
  let [sum, silent, hits] = [0, 0, 0];
  for (const { text, relevant } of queries) {
    const answer = await search({ text, k: 10, ...request });
    sum += ndcg10(
      answer.hits.map(({ id }) => place.get(id)),
      relevant,
    );
    silent += answer.hits.filter(({ passage }) => passage === undefined).length;
    hits += answer.hits.length;
  }
  return { ndcg: sum / queries.length, silent: silent / hits };
}

const rows = [];
for (const name of ['cranfield', 'npl']) {
  const collection = readCollection(name);
  if (collection === undefined) {
    console.log(`skipped: ../shared/data/ir/${name} is absent`);
    continue;
  }
  for (const [model, made] of [
    ['english', await ours(english, collection)],
    ['minilm', published('minilm', collection)],
    ['e5', published('e5', collection)],
    ['lexical', await ours(createLexicalEmbedder(), collection)],
  ]) {
    const folder = mkdtempSync(join(tmpdir(), 'cosmic-quality-'));
    const documents = collection.documents.map((text, i) => ({
      text: textless && i % 2 === 1 ? null : text,
      vector: made.documents[i],
      space: made.space,
    }));
    const ledger = await openLedger({ documents, embedders: [made.embedder], folder });
    const vectors = await score(ledger, collection, { mode: 'vectors' });
    const words = await score(ledger, collection, { mode: 'words' });
    const hybrid = await score(ledger, collection, {});
    const goal = goals[`${model} ${name}`];
    rows.push({
      collection: name,
      model,
      vectors: vectors.ndcg,
      words: words.ndcg,
      hybrid: hybrid.ndcg,
      ...(goal === undefined ? {} : { goal }),
      ...(textless ? { silentByVectors: vectors.silent, silentInHybrid: hybrid.silent } : {}),
      engines: ledger.engines,
    });
    console.log(
      `${name.padEnd(10)}${model.padEnd(9)} vectors ${vectors.ndcg.toFixed(4)}  words ${words.ndcg.toFixed(4)}  both ${hybrid.ndcg.toFixed(4)}${goal === undefined ? '' : `  goal ${goal}`}${textless ? `  without text: ${vectors.silent.toFixed(3)} of hits by vectors, ${hybrid.silent.toFixed(3)} of hits by both` : ''}`,
    );
    if (sweep) {
      const line = [];
      for (const weight of [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2])
        line.push(
          `${weight}: ${(await score(ledger, collection, { weights: { vectors: 1, words: weight } })).ndcg.toFixed(4)}`,
        );
      console.log(`${' '.repeat(19)} words at ${line.join('  ')}`);
    }
    await ledger.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
if (!sweep && rows.length > 0) appendLines(import.meta.url, textless ? 'quality-textless' : 'quality', rows);
