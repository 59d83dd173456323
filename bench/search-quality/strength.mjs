/**
 * Does an answer say how good it is? `node bench/search-quality/strength.mjs [collections]`: labelled questions and trivia
 * about nothing that is there, through the real store, indexes and search. Wanted: at least 95 % of the first hits of trivia
 * say `weak`, at most 5 % of the first hits that are labelled relevant do. → results/strength.jsonl
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCollection, shared } from './collections.mjs';
import { openLedger } from './ledger.mjs';
import { appendLines } from '../record.mjs';
import { english, ours, published } from './vectors.mjs';

const names = (process.argv[2] ?? 'cranfield,npl,cacm,adi').split(',');
const trivia = JSON.parse(readFileSync(join(shared, 'embeddings', 'two-models', 'jeopardy.texts.json'), 'utf8'));
const asked = trivia.slice(0, 300);
const rows = [];
for (const name of names) {
  const collection = readCollection(name);
  const models = [['english', await ours(english, collection)]];
  if (['cranfield', 'npl'].includes(name))
    for (const model of ['minilm', 'e5']) models.push([model, published(model, collection, [['jeopardy', trivia]])]);
  for (const [model, made] of models) {
    const folder = mkdtempSync(join(tmpdir(), 'cosmic-strength-'));
    const documents = collection.documents.map((text, i) => ({ text, vector: made.documents[i], space: made.space }));
    const ledger = await openLedger({ documents, embedders: [made.embedder], folder });
    const place = new Map(ledger.ids.map((id, i) => [id, i]));
    for (const mode of ['hybrid', 'vectors', 'words']) {
      const counts = { relevant: {}, other: {}, off: {} };
      const count = (of, strength) => (counts[of][strength] = (counts[of][strength] ?? 0) + 1);
      for (const { text, relevant } of collection.queries) {
        const [hit] = (await ledger.search({ text, k: 1, mode })).hits;
        if (hit !== undefined) count(relevant.has(place.get(hit.id)) ? 'relevant' : 'other', hit.strength);
      }
      let silent = 0;
      for (const text of asked) {
        const [hit] = (await ledger.search({ text, k: 1, mode })).hits;
        if (hit === undefined) silent++;
        else count('off', hit.strength);
      }
      const share = (of, word) => {
        const all = Object.values(counts[of]).reduce((sum, n) => sum + n, 0);
        return all === 0 ? null : Number(((counts[of][word] ?? 0) / all).toFixed(3));
      };
      rows.push({
        collection: name,
        model,
        mode,
        documents: documents.length,
        offTopicWeak: share('off', 'weak'),
        relevantWeak: share('relevant', 'weak'),
        relevantStrong: share('relevant', 'strong'),
        otherStrong: share('other', 'strong'),
        offTopicWithoutHits: silent,
        counts,
      });
      console.log(
        `${name.padEnd(10)}${model.padEnd(8)}${mode.padEnd(8)} off-topic weak ${share('off', 'weak')}  relevant weak ${share('relevant', 'weak')}  strong: relevant ${share('relevant', 'strong')} other ${share('other', 'strong')} off ${share('off', 'strong')}`,
      );
    }
    await ledger.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
appendLines(import.meta.url, 'strength', rows);
