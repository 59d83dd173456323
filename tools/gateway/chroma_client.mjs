/** Chroma's own JavaScript client on `cosmic gateway chroma`. Usage: node chroma_client.mjs PORT, from a folder that has chromadb */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { ChromaClient } = await import(
  pathToFileURL(createRequire(join(process.cwd(), 'x.js')).resolve('chromadb')).href
);
const client = new ChromaClient({ host: '127.0.0.1', port: Number(process.argv[2]) });
assert.ok((await client.heartbeat()) > 0);
// The client speaks with an embedding function or without one; this one never has to embed.
const embeddingFunction = { name: 'none', generate: async (texts) => texts.map(() => [1, 0]) };
const birds = await client.getOrCreateCollection({ name: 'birds', embeddingFunction });
const ids = ['a', 'b', 'c'];
await birds.add({
  ids,
  embeddings: [
    [1, 0],
    [0.8, 0.6],
    [0, 1],
  ],
  documents: ['heron', 'crane', 'kingfisher'],
  metadatas: [{ legs: 2 }, { legs: 2, tall: true }, { legs: 2 }],
});
await birds.add({ ids: ['a'], embeddings: [[0, 1]], documents: ['other'] });
assert.deepEqual((await birds.get({ ids: ['a'] })).documents, ['heron']);
await birds.upsert({ ids: ['a'], embeddings: [[1, 0]], documents: ['night heron'] });
const found = await birds.query({ queryEmbeddings: [[1, 0]], nResults: 10 });
assert.deepEqual(found.ids, [['a', 'b', 'c']]);
assert.ok(Math.abs(found.distances[0][1] - 0.4) < 1e-5, String(found.distances));
assert.deepEqual((await birds.get({ where: { tall: true } })).ids, ['b']);
const near = { queryEmbeddings: [[1, 0]], nResults: 10, whereDocument: { $contains: 'sher' } };
assert.deepEqual((await birds.query(near)).ids, [['c']]);
await birds.update({ ids: ['b'], metadatas: [{ tall: false }] });
assert.deepEqual((await birds.get({ ids: ['b'] })).metadatas, [{ legs: 2, tall: false }]);
await birds.delete({ ids: ['c', 'ghost'] });
assert.equal(await birds.count(), 2);
assert.equal((await birds.peek({ limit: 1 })).ids.length, 1);
assert.deepEqual(
  (await client.listCollections()).map(({ name }) => name).filter((name) => name === 'birds'),
  ['birds'],
);
await client.deleteCollection({ name: 'birds' });
await assert.rejects(client.getCollection({ name: 'birds', embeddingFunction }));
console.log('Chroma’s JavaScript client works');
