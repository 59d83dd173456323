// Can a few rows own the answers? `node bench/guard/guard.mjs [counts] [collections]`, e.g. `10,100,10000 cranfield,npl`.
// Real vectors of two models beside the checkout, the node's own index (graph and all), every attack with the guard off and on.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ndcg10, readCollection, readNpy, shared } from '../search-quality/collections.mjs';
import { attacks } from './attacks.mjs';
import { add, engineName, openIndex } from './ledger.mjs';
import { record, random as randomOf } from '../record.mjs';

const counts = (process.argv[2] ?? '10,100,10000').split(',').map(Number);
const collections = (process.argv[3] ?? 'cranfield,npl').split(',');
const folder = join(shared, 'embeddings', 'two-models');
if (!existsSync(folder)) {
  console.log(`skipped: ${folder} is not there`);
  process.exit(0);
}
const HONEST_AUTHORS = 20;
const rows = [];
const honest = [];
for (const name of collections) {
  const collection = readCollection(name);
  for (const model of ['minilm', 'e5']) {
    const documents = readNpy(join(folder, `${name}_docs.${model}.f16.npy`));
    const queries = readNpy(join(folder, `${name}_queries.${model}.f16.npy`));
    const n = documents.length;
    const judge = (index) => {
      let [hostile, all, gain] = [0, 0, 0];
      queries.forEach((query, i) => {
        const labels = index.search(query, 10).rows.map((row) => row.label);
        hostile += labels.filter((label) => label >= n).length;
        all += labels.length;
        gain += ndcg10(labels, collection.queries[i].relevant);
      });
      return { share: round(hostile / all), ndcg: round(gain / queries.length) };
    };
    const exact = (index) =>
      queries.reduce(
        (sum, query, i) =>
          sum +
          ndcg10(
            index.search(query, 10, { exact: true }).rows.map((row) => row.label),
            collection.queries[i].relevant,
          ),
        0,
      ) / queries.length;
    const off = openIndex(documents, { guard: false, authors: HONEST_AUTHORS });
    for (const authors of [1, HONEST_AUTHORS]) {
      const on = openIndex(documents, { guard: true, authors });
      honest.push({
        collection: name,
        model,
        authors,
        ndcgOff: round(exact(off)),
        ndcgOn: round(exact(on)),
        ndcgThroughGraphOff: judge(off).ndcg,
        ndcgThroughGraphOn: judge(on).ndcg,
        ...on.status.guard,
        ...costOf(off, on, queries),
      });
      console.error(honest.at(-1));
    }
    for (const [attack, make] of Object.entries(attacks)) {
      for (const count of counts) {
        const hostile = make({ rows: documents, queries, count, random: randomOf(11) });
        const open = openIndex(documents, { guard: false, authors: HONEST_AUTHORS });
        add(open, hostile, n, () => 777);
        const result = {
          collection: name,
          model,
          attack,
          rows: hostile.length,
          fairShare: round(hostile.length / (n + hostile.length)),
          off: judge(open),
        };
        for (const [who, authorOf] of [
          ['one author', () => 777],
          ['an author each', (i) => 1000 + i],
        ]) {
          const guarded = openIndex(documents, { guard: true, authors: HONEST_AUTHORS });
          add(guarded, hostile, n, authorOf);
          const started = performance.now();
          const judged = judge(guarded);
          result[who] = {
            ...judged,
            aside: guarded.status.guard.aside,
            msPerSearch: round((performance.now() - started) / queries.length),
          };
        }
        rows.push(result);
        console.error(JSON.stringify(result));
      }
    }
  }
}
record(import.meta.url, `guard-${collections.join('-')}`, { engine: engineName, honest, attacks: rows });

/** Search rates with and without, alternating; and the price of a row's hubness. */
function costOf(off, on, queries) {
  const rate = (index) => {
    const started = performance.now();
    for (let pass = 0; pass < 3; pass++) for (const query of queries) index.search(query, 10);
    return (performance.now() - started) / (3 * queries.length);
  };
  const times = [[], []];
  for (let i = 0; i < 9; i++) [off, on].forEach((index, which) => times[which].push(rate(index)));
  const [a, b] = times.map((list) => list.sort((x, y) => x - y)[4]);
  const row = queries[0];
  const started = performance.now();
  let sum = 0;
  for (let i = 0; i < 100_000; i++) sum += on.guard.hubness(row, 0);
  return {
    searchMsOff: round(a),
    searchMsOn: round(b),
    searchCost: round(b / a - 1),
    hubnessMicrosPerRow: round(((performance.now() - started) * 1000) / 100_000 + 0 * sum),
  };
}

function round(x) {
  return Math.round(x * 1e4) / 1e4;
}
