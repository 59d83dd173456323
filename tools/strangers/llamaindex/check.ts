/** LlamaIndex.TS itself on our vector store, beside its own store in memory. Usage: node check.js NODE_URL */
import assert from 'node:assert/strict';
import * as llamaIndex from 'llamaindex';
import {
  BaseEmbedding,
  Document,
  Settings,
  SimpleVectorStore,
  VectorStoreIndex,
  storageContextFromDefaults,
} from 'llamaindex';
import type { BaseVectorStore, MetadataFilters, VectorStoreQuery } from 'llamaindex';
import { openVectorStore } from '@cosmicembeddings/sdk/llamaindex';

/** Counts of letters: equal texts, equal vectors; not of unit length. */
class Letters extends BaseEmbedding {
  model = 'letters';
  constructor() {
    super();
  }
  override getTextEmbedding(text: string): Promise<number[]> {
    const vector = [1, ...new Array<number>(26).fill(0)];
    for (const letter of text.toLowerCase()) {
      const at = letter.charCodeAt(0) - 96;
      if (at > 0 && at <= 26) vector[at]! += 1;
    }
    return Promise.resolve(vector);
  }
}

const node = process.argv[2]!;
const embedModel = new Letters();
Settings.embedModel = embedModel;
const store = await openVectorStore(llamaIndex, embedModel, { node, collection: 'llama' });
const fits: BaseVectorStore = store;

const documents = [
  new Document({
    id_: 'kiln',
    text: 'The kiln fires at 1240 °C.',
    metadata: { topic: 'pottery', degrees: 1240, tools: ['tongs', 'bin'], loc: { page: 3 } },
  }),
  new Document({
    id_: 'glaze',
    text: 'Salt makes the glaze of stoneware.',
    metadata: { topic: 'pottery', degrees: 1280, tools: [] },
  }),
  new Document({
    id_: 'bread',
    text: 'Bread is baked until its crust sings.',
    metadata: { topic: 'kitchen', note: '𝔘𝔫𝔦'.repeat(40) },
  }),
];
const storageContext = await storageContextFromDefaults({ vectorStore: fits });
const written = await VectorStoreIndex.fromDocuments(documents, { storageContext });

// Another program: what is stored is enough.
const index = await VectorStoreIndex.fromVectorStore(
  await openVectorStore(llamaIndex, embedModel, { node, collection: 'llama' }),
);
const retriever = index.asRetriever({ similarityTopK: 3 });
const found = await retriever.retrieve('the kiln fires');
assert.equal(found.length, 3);
const of = (id: string): (typeof found)[number]['node'] =>
  found.find(({ node }) => node.sourceNode?.nodeId === id)!.node;
assert.equal(of('kiln').getContent(llamaIndex.MetadataMode.NONE), 'The kiln fires at 1240 °C.');
for (const document of documents) assert.deepEqual(of(document.id_).metadata, document.metadata);

// The same nodes and filters in their store in memory: the same ids, the same order, the same cosines.
const theirs = new SimpleVectorStore();
const nodes = found.map(({ node }) => node);
for (const one of nodes)
  one.embedding = await embedModel.getTextEmbedding(one.getContent(llamaIndex.MetadataMode.EMBED));
await theirs.add(nodes);
const queryEmbedding = await embedModel.getTextEmbedding('salt and fire');
const filters: (MetadataFilters | undefined)[] = [
  undefined,
  { filters: [{ key: 'topic', operator: '==', value: 'pottery' }] },
  { filters: [{ key: 'topic', operator: '!=', value: 'pottery' }] },
  { filters: [{ key: 'degrees', operator: '!=', value: 1 }] },
  { filters: [{ key: 'degrees', operator: '>', value: 1240 }] },
  { filters: [{ key: 'degrees', operator: '<=', value: 1240 }] },
  { filters: [{ key: 'degrees', operator: 'in', value: [1240, 5] }] },
  { filters: [{ key: 'degrees', operator: 'nin', value: [1240, 5] }] },
  { filters: [{ key: 'tools', operator: 'contains', value: 'bin' }] },
  { filters: [{ key: 'tools', operator: 'any', value: ['bin', 'saw'] }] },
  { filters: [{ key: 'tools', operator: 'all', value: ['bin', 'saw'] }] },
  { filters: [{ key: 'tools', operator: 'all', value: ['bin', 'tongs'] }] },
  { filters: [{ key: 'tools', operator: '==', value: 'bin' }] },
  { filters: [{ key: 'degrees', operator: 'is_empty' }] },
  {
    filters: [
      { key: 'topic', operator: '==', value: 'kitchen' },
      { key: 'degrees', operator: '>', value: 1240 },
    ],
    condition: 'or',
  },
  {
    filters: [
      { key: 'topic', operator: '==', value: 'kitchen' },
      { key: 'degrees', operator: '>', value: 1240 },
    ],
    condition: 'and',
  },
];
for (const one of filters) {
  const query: VectorStoreQuery = {
    queryEmbedding,
    similarityTopK: 10,
    mode: llamaIndex.VectorStoreQueryMode.DEFAULT,
    filters: one,
  };
  const [ours, expected] = [await store.query(query), await theirs.query(query)];
  assert.deepEqual(ours.ids, expected.ids, JSON.stringify(one));
  ours.similarities.forEach((similarity, i) => assert.ok(Math.abs(similarity - expected.similarities[i]!) < 1e-4));
}
const only = {
  queryEmbedding,
  similarityTopK: 10,
  mode: llamaIndex.VectorStoreQueryMode.DEFAULT,
  docIds: [nodes[1]!.id_],
};
assert.deepEqual((await store.query(only)).ids, [nodes[1]!.id_]);
const words = { queryStr: 'stoneware', similarityTopK: 1, mode: llamaIndex.VectorStoreQueryMode.SPARSE };
assert.equal((await store.query(words)).nodes[0]?.sourceNode?.nodeId, 'glaze');
await assert.rejects(store.query({ ...only, mode: llamaIndex.VectorStoreQueryMode.SVM }), {
  code: 'filter.unsupported',
});
await assert.rejects(
  store.query({ ...only, filters: { filters: [{ key: 'topic', operator: 'text_match', value: 'pot' }] } }),
  { code: 'filter.unsupported' },
);

await written.deleteRefDoc('kiln');
assert.equal(
  (await retriever.retrieve('the kiln fires')).some(({ node }) => node.sourceNode?.nodeId === 'kiln'),
  false,
);
console.log(`LlamaIndex.TS: ${filters.length} filters as in its own store, nodes come back whole`);
process.exit(0);
