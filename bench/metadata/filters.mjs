/**
 * 10,000 documents with metadata under filters: are all that pass found and nothing else, and how long does it take?
 * node bench/metadata/filters.mjs [documents]   Each search is compared with an exact scan in this process. Appends to results/filters.jsonl.
 */
import { createHash } from 'node:crypto';
import { corePlugins, createBlock, createRegistry, packRows } from '@cosmicembeddings/sdk';
import { createClient } from '@cosmicembeddings/sdk/api';
import { encodeMetadata, matches, readWhere } from '@cosmicembeddings/sdk/metadata';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { benchSpace, fastSigner, randomOf, vectorsOf } from '../accept/blocks.mjs';
import { startNode } from '../accept/node-process.mjs';
import { record } from '../accept/record.mjs';

const count = Number(process.argv[2] ?? 10_000);
const QUESTIONS = 100;
const space = spaceIdOf(benchSpace);
const random = randomOf(3);
const vector = vectorsOf(1);
const author = {
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
  salt: () => new Uint8Array(16),
  signer: fastSigner(createHash('sha256').update('filters').digest()),
};
const node = await startNode();
try {
  const client = createClient({ url: node.url });
  const documents = [];
  const wires = [];
  const startMs = Date.now() - 86_400_000;
  for (let i = 0; i < count; i++) {
    const metadata = {
      shelf: Math.floor(random() * 100),
      year: 1990 + Math.floor(random() * 35),
      price: Math.round(random() * 10_000) / 100,
      topic: ['pottery', 'glass', 'weaving', 'ships'][Math.floor(random() * 4)],
      open: random() < 0.5,
      words: [`w${Math.floor(random() * 50)}`, `w${Math.floor(random() * 50)}`],
      ...(i % 1000 === 7 ? { rare: null } : {}),
    };
    const row = vector();
    const text = `document ${i} about ${metadata.topic} on shelf ${metadata.shelf}`;
    const fields = {
      space: benchSpace,
      embedding: packRows([row], 'f32'),
      input_type: 'text',
      input_reference: [{ hash: null, origin: '' }],
      texts: [text],
      collection: 'bench',
      document: `d${i}`,
      metadata: [encodeMetadata(metadata)],
    };
    const block = await createBlock({ kind: 'embedding/1', fields, timeMs: startMs + i }, author);
    documents.push({
      id: block.id,
      row,
      metadata,
      facts: { ...metadata, '#id': `d${i}`, '#collection': 'bench', '#text': text },
    });
    wires.push(block.wire);
  }
  const answers = await client.publish(wires, { wait: 'indexed' });
  if (answers.some(({ status }) => status !== 'stored')) throw new Error('not all were stored');
  const filters = {
    'all (#collection)': { '#collection': 'bench' },
    'shelf = 7, 1 %': { shelf: 7 },
    'year ≥ 2020, 14 %': { year: { $gte: 2020 } },
    'price < 1, 1 %': { price: { $lt: 1 } },
    'topic in two, 50 %': { topic: { $in: ['glass', 'ships'] } },
    'list contains': { words: { $contains: 'w3' } },
    'key exists, 0.1 %': { rare: { $exists: true } },
    'not open and (old or dear)': {
      $and: [{ $not: { open: true } }, { $or: [{ year: { $lt: 1995 } }, { price: { $gt: 95 } }] }],
    },
    'one id': { '#id': 'd1234' },
    'nothing passes': { topic: 'none' },
    'text contains, 3 %': { '#text': { $contains: 'about glass on shelf 7' } },
    'text does not contain, and old': { '#text': { $not_contains: 'ships' }, year: { $lt: 1995 } },
  };
  const question = vectorsOf(9);
  for (const [name, where] of Object.entries(filters)) {
    const condition = readWhere(where);
    const passing = documents.filter(({ metadata, facts }) => matches(condition, { metadata, facts }));
    const wanted = new Set(passing.map(({ id }) => id));
    const found = [];
    let after;
    do {
      const page = await client.find({ where }, { limit: 1000, ...(after === undefined ? {} : { after }) });
      found.push(...page.ids);
      after = page.next;
    } while (after !== undefined);
    const isExact = found.length === wanted.size && found.every((id) => wanted.has(id));
    const times = [];
    let [near, wrong, due] = [0, 0, 0];
    for (let i = 0; i < QUESTIONS; i++) {
      const values = question();
      const best = passing
        .map(({ id, row }) => ({ id, score: row.reduce((sum, x, j) => sum + x * values[j], 0) }))
        .sort((a, b) => b.score - a.score)
        .slice(0, 10);
      const begun = performance.now();
      const { hits } = await client.search({
        vector: { space, values },
        k: 10,
        filter: { where },
        authorShare: 'open',
      });
      times.push(performance.now() - begun);
      wrong += hits.filter(({ id }) => !wanted.has(id)).length;
      near += best.filter(({ id }) => hits.some((hit) => hit.id === id)).length;
      due += best.length;
    }
    times.sort((a, b) => a - b);
    const of = (share) => Number(times[Math.floor(share * (times.length - 1))].toFixed(2));
    await record(new URL('results/filters.jsonl', import.meta.url), {
      what: 'filters',
      n: count,
      dims: 384,
      filter: name,
      pass: wanted.size,
      listIsExact: isExact,
      recallAt10: due === 0 ? 1 : Number((near / due).toFixed(4)),
      wrongHits: wrong,
      p50Ms: of(0.5),
      p99Ms: of(0.99),
    });
  }
} finally {
  await node.stop();
}
