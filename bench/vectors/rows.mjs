/**
 * What rows in a quarter of the bytes (node/src/index/vectors/row-format.ts) cost an order: of judged collections with vectors of two
 * models by others and with the built-in embedder, nDCG@10 and the first ten by float32 rows and by 8-bit ones, exact search.
 * Usage: node bench/vectors/rows.mjs        (with ../shared)
 */
import { PackedRows } from '../../node/dist/index/vectors/row-format.js';
import { dot, makeUnit } from '../../node/dist/index/vectors/dot.js';
import { record } from '../accept/record.mjs';
import { ndcg10, readCollection } from '../search-quality/collections.mjs';
import { english, ours, published } from '../search-quality/vectors.mjs';

const K = 10;

function best(query, rows) {
  return rows
    .map((row, i) => [dot(query, row, 0), i])
    .sort((a, b) => b[0] - a[0] || a[1] - b[1])
    .slice(0, K);
}

for (const name of ['cranfield', 'npl'])
  for (const model of ['minilm', 'e5', 'english-1']) {
    const collection = readCollection(name);
    if (collection === undefined) continue;
    const { documents, embedder } =
      model === 'english-1' ? await ours(english, collection) : published(model, collection);
    const rows = documents.map((one) => makeUnit(Float32Array.from(one)));
    const packed = new PackedRows('i8', rows[0].length, 1);
    const rounded = rows.map((row) => {
      const out = new Float32Array(row.length);
      packed.set(0, row);
      packed.read(0, out);
      return out;
    });
    let [same, n, off, whole, quarter] = [0, 0, 0, 0, 0];
    for (const { text, relevant } of collection.queries) {
      const [vector] = (await embedder.embed([text.replaceAll('"', ' ').trim()], { role: 'query' })).vectors;
      const query = makeUnit(Float32Array.from(vector));
      const [a, b] = [best(query, rows), best(query, rounded)];
      const first = new Set(a.map(([, i]) => i));
      same += b.filter(([, i]) => first.has(i)).length / K;
      for (const [score, i] of b) off = Math.max(off, Math.abs(score - dot(query, rows[i], 0)));
      whole += ndcg10(
        a.map(([, i]) => i),
        relevant,
      );
      quarter += ndcg10(
        b.map(([, i]) => i),
        relevant,
      );
      n++;
    }
    record(new URL('results/rows.jsonl', import.meta.url).href, {
      collection: name,
      model,
      rows: rows.length,
      queries: n,
      sameOfTen: Number((same / n).toFixed(4)),
      cosineOffMax: Number(off.toExponential(1)),
      ndcg10F32: Number((whole / n).toFixed(4)),
      ndcg10I8: Number((quarter / n).toFixed(4)),
    });
  }
