import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Document } from '@langchain/core/documents';
import { Embeddings } from '@langchain/core/embeddings';
import { sha256, signerOfSeed, utf8 } from '@cosmicembeddings/sdk';
import { CosmicVectorStore } from '@cosmicembeddings/sdk/langchain';
import { createNode, type RunningNode } from '../../src/node.js';
import { loadConfig } from '../../src/operate/config.js';
import { createLog } from '../../src/log.js';

/** Six numbers from the letters of a text: equal texts equal vectors, not of unit length, as LangChain's own tests have it. */
class Letters extends Embeddings {
  model = 'letters';
  constructor() {
    super({});
  }
  embedQuery(text: string): Promise<number[]> {
    const vector = [1, 0, 0, 0, 0, 0];
    for (const letter of text.toLowerCase()) vector[1 + (letter.codePointAt(0)! % 5)]! += 1;
    return Promise.resolve(vector);
  }
  embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map((text) => this.embedQuery(text)));
  }
}

let data: string;
let node: RunningNode;
let number = 0;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'langchain-'));
  await writeFile(join(data, 'config.json'), JSON.stringify({ port: 0, log: 'silent', embedders: [] }));
  const config = await loadConfig({ data });
  node = await createNode(config, createLog(config.log));
}, 60_000);
afterAll(async () => {
  await node.close();
  await rm(data, { recursive: true, force: true });
});

const options = (): { node: string; key: ReturnType<typeof signerOfSeed>; collection: string } => ({
  node: node.url,
  key: signerOfSeed(sha256(utf8('langchain'))),
  collection: `store ${(number += 1)}`,
});
const fresh = (): Promise<CosmicVectorStore> => CosmicVectorStore.open(new Letters(), options());
const doc = (pageContent: string, metadata: object = {}, id?: string): Document =>
  new Document({ pageContent, metadata: metadata as Record<string, unknown>, ...(id === undefined ? {} : { id }) });

describe('a vector store', () => {
  test('is empty, and empty again after everything was deleted', async () => {
    const store = await fresh();
    expect(await store.similaritySearch('foo', 1)).toEqual([]);
    const ids = await store.addDocuments([doc('foo', {}, '1'), doc('bar', {}, '2')]);
    expect(ids).toEqual(['1', '2']);
    await store.delete({ ids });
    expect(await store.similaritySearch('foo', 1)).toEqual([]);
    await store.delete({ ids: ['missing'] });
    await store.delete({ ids: [] });
    await expect(store.delete({})).rejects.toMatchObject({ code: 'memory.empty_filter' });
  });

  test('finds added documents by nearness, with ids and metadata, and changes none of them', async () => {
    const store = await fresh();
    const documents = [
      doc('foo', { id: 1, tags: ['a', 'b'] }),
      doc('bar', { id: 2, loc: { lines: { from: 1, to: 9 } } }),
    ];
    const before = JSON.stringify(documents);
    const ids = await store.addDocuments(documents);
    expect(JSON.stringify(documents)).toBe(before);
    expect(new Set(ids).size).toBe(2);
    const [nearest, other] = await store.similaritySearch('bar', 2);
    expect(nearest).toMatchObject({
      id: ids[1],
      pageContent: 'bar',
      metadata: { id: 2, loc: { lines: { from: 1, to: 9 } } },
    });
    expect(other).toMatchObject({ pageContent: 'foo', metadata: { id: 1, tags: ['a', 'b'] } });
    const scored = await store.similaritySearchWithScore('bar', 2);
    expect(scored[0]![1]).toBeCloseTo(1, 3);
    expect(scored[0]![1]).toBeGreaterThan(scored[1]![1]);
  });

  test('the same id twice changes nothing; other content replaces text and metadata', async () => {
    const store = await fresh();
    await store.addDocuments([doc('foo', { v: 1 }, 'x')]);
    await store.addDocuments([doc('foo', { v: 1 }, 'x')]);
    expect(await store.similaritySearch('foo', 5)).toHaveLength(1);
    await store.addDocuments([doc('another foo', { v: 2 }, 'x')]);
    expect(await store.similaritySearch('foo', 5)).toMatchObject([
      { id: 'x', pageContent: 'another foo', metadata: { v: 2 } },
    ]);
    expect(await store.getByIds(['x', 'nowhere'])).toMatchObject([{ id: 'x', metadata: { v: 2 } }]);
  });

  test('ids given go before a document’s own; vectors may come along', async () => {
    const store = await fresh();
    const embeddings = new Letters();
    const ids = await store.addVectors(
      await embeddings.embedDocuments(['abc', 'xyz']),
      [doc('abc', {}, 'own'), doc('xyz')],
      {
        ids: ['given', 'two'],
      },
    );
    expect(ids).toEqual(['given', 'two']);
    const [hit] = await store.similaritySearchVectorWithScore(await embeddings.embedQuery('xyz'), 1);
    expect(hit![0]).toMatchObject({ id: 'two', pageContent: 'xyz' });
    await expect(store.addDocuments([doc('a')], { ids: [] })).rejects.toMatchObject({ code: 'request.malformed' });
  });

  test('filters, deletes by filter, and diversifies', async () => {
    const store = await CosmicVectorStore.fromTexts(
      ['apple pie', 'apple pie!', 'stone bridge'],
      [{ kind: 'food' }, { kind: 'food' }, { kind: 'thing' }],
      new Letters(),
      options(),
    );
    const food = await store.similaritySearch('bridge', 5, { kind: 'food' });
    expect(food.map(({ metadata }) => metadata['kind'])).toEqual(['food', 'food']);
    const diverse = await store.maxMarginalRelevanceSearch('apple pie', { k: 2, lambda: 0.1 }, undefined);
    expect(diverse.map(({ pageContent }) => pageContent)).toContain('stone bridge');
    await store.delete({ filter: { kind: 'food' } });
    expect(await store.similaritySearch('apple', 5)).toHaveLength(1);
    const retriever = store.asRetriever({ k: 1 });
    expect(await retriever.invoke('stone bridge')).toMatchObject([{ pageContent: 'stone bridge' }]);
  });
});
