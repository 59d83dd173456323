import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  corePlugins,
  CosmicError,
  createRegistry,
  encode,
  type Catalogue,
  type SearchAnswer,
  type SearchRequest,
} from '@cosmicembeddings/sdk';
import { createClient, type NodeClient } from '@cosmicembeddings/sdk/api';
import { readFilter, textsOfFilter, type Filter } from '@cosmicembeddings/sdk/filter';
import type { JsonSchema } from '@cosmicembeddings/sdk/schema';
import { createMemoryCatalogue, createMemoryStore } from '@cosmicembeddings/sdk/memory';
import type { Fact, MetadataValue } from '@cosmicembeddings/sdk/metadata';
import { testBlock } from '@cosmicembeddings/sdk/testing';
import { brokenFilters, filters, type Pool } from '../../../sdk/test/filter/random.ts';
import { createDearRoom } from '../../src/http/dear.js';
import { createHttp } from '../../src/http/server.js';
import type { Routes } from '../../src/http/routes/routes.js';
import { compileSchema } from '../../src/json-schema.js';
import { loadConfig } from '../../src/operate/config.js';
import { openSqlite, type SqliteParts } from '../../src/store/sqlite/index.js';

const targets = [100, 101, 102].map((n) => testBlock(n).id);
const pool: Pool = {
  spaces: [testBlock(1).entry.space!, 'bafynowhere'],
  authors: ['did:key:zA', 'did:key:zB', 'did:key:zC'],
  kinds: ['embedding/1', 'poll.example/1'],
  tags: ['x', 'y', 'ü', 'a b', 'a,b', '😀'],
  rels: ['cites', 'supersedes', 'prev', 'retracts'],
  ids: targets,
  languages: ['en', 'en-gb', 'de-at', 'enx'],
  times: [],
};

/** Values of every type, in rows and of whole blocks; what a header-only block says it does not say. */
function factsOf(n: number): Fact[] {
  const values: readonly MetadataValue[] = [1, '1', true, null, [1, 2], 0.5, 'a', ['a', 'ü', true], 'ü', [], -1, false];
  const rows = n % 5 === 0 ? 1 : 1 + (n % 3);
  return [
    ...(n % 4 === 0 ? [] : [{ row: -1, key: '#collection', value: n % 2 === 0 ? 'a' : 'b' }]),
    ...(n % 6 < 2 ? [{ row: -1, key: '#id', value: `doc ${1 + (n % 3)}` }] : []),
    ...Array.from({ length: rows }, (_, row) => [
      ...(n % 3 === 1 ? [] : [{ row, key: 'a', value: values[(n + row) % values.length]! }]),
      ...((n + row) % 2 === 0 ? [] : [{ row, key: 'b', value: values[(n * 5 + row) % values.length]! }]),
    ]).flat(),
  ];
}

/** What the rows say; some say nothing, and a block without rows may say two things. */
function textsOf(n: number, rows: number): Uint8Array {
  const texts = [`Kiln ${n}`, 'a kiln held for an hour', null, 'the über-kiln 😀 "100 %"', 'kiln here'];
  const said = Array.from({ length: rows === 0 ? 2 : rows }, (_, row) => texts[(n + row) % texts.length]!);
  return encode({ texts: said, input_reference: said.map(() => ({ hash: null, origin: '' })) });
}

/** Blocks that differ in everything that a filter can ask, by the digits of their number. */
const blocks = Array.from({ length: 48 }, (_, n) => {
  const target = targets[n % 3]!;
  const rows = n % 5 === 0 ? 0 : 1 + (n % 3);
  const block = testBlock(n, {
    author: pool.authors[n % 3]!,
    kind: pool.kinds[n % 10 === 0 ? 1 : 0]!,
    tags: pool.tags.filter((_tag, i) => ((n >> i) & 1) === 1),
    links: n % 4 === 1 ? [{ rel: 'cites', id: target }] : [],
    refs: n % 7 === 2 ? [{ rel: 'supersedes', id: targets[0]! }] : [],
    ...(n % 11 === 3 ? { prev: target } : {}),
    languages: pool.languages.filter((_language, i) => (n >> i) % 4 === 1),
    rows,
    ...(n % 13 === 6 ? { headerOnly: true } : { facts: factsOf(n) }),
  });
  return block.headerOnly ? block : { ...block, body: textsOf(n, rows) };
});
const timed: Pool = { ...pool, times: blocks.map(({ timeMs }) => timeMs) };

const folder = mkdtempSync(join(tmpdir(), 'cosmic-filter-'));
let sqlite: SqliteParts;
let http: Awaited<ReturnType<typeof createHttp>>;
let url: string;
let client: NodeClient;
let memory: Catalogue;
/** What the search behind the routes was asked last. */
let searched: SearchRequest | undefined;

beforeAll(async () => {
  const store = createMemoryStore();
  memory = createMemoryCatalogue(store);
  sqlite = await openSqlite({ folder, network: 'dev', node: 'did:key:zTest' });
  for (const kept of [store, sqlite.store]) {
    await kept.put(blocks.map((block) => ({ block, firstSeenMs: 1 })));
    await kept.erase([blocks[4]!.id, blocks[9]!.id, blocks[21]!.id], 'takedown');
  }
  const nothing: SearchAnswer = {
    hits: [],
    requested: 0,
    returned: 0,
    exhausted: true,
    indexedTo: { epoch: '', seq: 0 },
    head: { epoch: '', seq: 0 },
    queries: [],
  };
  const api = {
    find: sqlite.catalogue.find,
    search: (request: SearchRequest) => {
      searched = request;
      return Promise.resolve(nothing);
    },
  };
  const silent = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
  http = await createHttp({
    routes: { api, registry: createRegistry(corePlugins), dear: createDearRoom() } as unknown as Routes,
    log: silent as never,
    requestMaxBytes: 1 << 24,
    version: '0',
    limits: await loadConfig({ data: folder }),
  });
  await http.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(http.server.address() as { port: number }).port}`;
  client = createClient({ url });
});
afterAll(async () => {
  await http.close();
  await sqlite.close();
  rmSync(folder, { recursive: true, force: true });
});

const page = { limit: 100, order: 'oldest' } as const;
const post = (path: string, body: unknown): Promise<Response> =>
  fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
/** Query strings have no room for more, and no empty lists. */
const sayable = (filter: Filter): boolean =>
  Object.values(filter).every((value) => !Array.isArray(value) || value.length > 0) &&
  new URLSearchParams(textsOfFilter(filter)).toString().length < 8000;

describe('one filter', () => {
  test('means the same to the memory matcher, SQL, both routes, the client and search', async () => {
    await fc.assert(
      fc.asyncProperty(filters(timed), async (filter) => {
        const { ids } = await memory.find(filter, page);
        expect((await sqlite.catalogue.find(filter, page)).ids).toEqual(ids);
        expect(await sqlite.catalogue.labels(filter)).toEqual(await memory.labels(filter));
        expect((await client.find(filter, page)).ids).toEqual(ids);
        const wellFormed = JSON.parse(JSON.stringify(filter)) as Filter;
        await client.search({ text: 'x', k: 1, filter });
        expect(readFilter(searched!.filter)).toEqual(readFilter(wellFormed));
        if (!sayable(filter)) return;
        const texts = new URLSearchParams(textsOfFilter(filter));
        expect(await (await fetch(`${url}/v2/blocks?${texts}&order=oldest`)).json()).toEqual({ ids });
        await fetch(`${url}/v2/search?q=x&${texts}`);
        // A query string is UTF-8: half a surrogate pair arrives as a replacement character.
        const arrived = Object.fromEntries(
          Object.entries(readFilter(filter)).map(([key, value]) => [
            key,
            JSON.parse(JSON.stringify(value).replace(/\\ud800/g, '\ufffd')),
          ]),
        );
        expect(searched!.filter).toEqual(arrived);
      }),
      { numRuns: 150 },
    );
    // A thousand requests, on a machine that does something else as well.
  }, 120_000);

  test('finds by each of its fields in the blocks of this test', async () => {
    const found = async (filter: Filter): Promise<number> => (await memory.find(filter, page)).ids.length;
    const some: Filter[] = [
      { spaces: [pool.spaces[0]!] },
      { authors: ['did:key:zB'] },
      { kinds: ['poll.example/1'] },
      { tagsAll: ['x', 'y'] },
      { tagsAny: ['ü'] },
      { links: [{ rel: 'cites', id: targets[1]! }] },
      { links: [{ id: targets[0]! }] },
      { language: 'en' },
      { fromMs: timed.times[20]! },
      { toMs: timed.times[20]! },
      { hasRows: true },
      { where: { a: 1 } },
      { where: { '#id': 'doc 1' } },
      { where: { b: { $contains: 'ü' } } },
      { where: { '#text': { $contains: 'kiln' } } },
      { hasRows: false, where: { '#text': { $contains: 'Kiln' } } },
    ];
    for (const filter of some) {
      expect(await found(filter)).toBeGreaterThan(0);
      expect(await found(filter)).toBeLessThan(blocks.length);
    }
  });
});

describe('what is no filter', () => {
  test('is refused by name at every door, and never a defect', async () => {
    const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: Record<string, { post: { requestBody: { content: Record<string, { schema: JsonSchema }> } } }>;
    };
    const described = compileSchema(paths['/v2/blocks/find']!.post.requestBody.content['application/json']!.schema);
    await fc.assert(
      fc.asyncProperty(brokenFilters(timed), async (filter) => {
        expect(refusalOf(() => readFilter(filter))).toBe('request.malformed');
        for (const catalogue of [memory, sqlite.catalogue]) {
          await expect(catalogue.find(filter as Filter, page)).rejects.toMatchObject({ code: 'request.malformed' });
          await expect(catalogue.labels(filter as Filter)).rejects.toMatchObject({ code: 'request.malformed' });
        }
        for (const [path, body] of [
          ['/v2/blocks/find', { filter }],
          ['/v2/search', { text: 'x', filter }],
        ] as const) {
          const response = await post(path, body);
          expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
            400,
            'request.malformed',
          ]);
        }
        await expect(client.find(filter as Filter, page)).rejects.toMatchObject({ code: 'request.malformed' });
        if (!described({ filter })) return;
        // What the described form lets through and a reader does not: ids that are none.
        expect(JSON.stringify(filter)).toMatch(/"id":/);
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ['1,000 links', `/v2/blocks?${'link=bafy&'.repeat(1000)}`],
    ['1,500 tags', `/v2/blocks?${'tag=t&'.repeat(1500)}`],
    ['1,500 tags of a search', `/v2/search?q=x&${'any-tag=t&'.repeat(1500)}`],
    ['no language', '/v2/blocks?language=en%25'],
    ['no time', '/v2/blocks?from=yesterday'],
    ['neither true nor false', '/v2/blocks?has-rows=maybe'],
    ['no id', '/v2/blocks?link=cites:nothing'],
    ['a name of the JSON form', '/v2/blocks?tagsAll=x'],
    ['two languages', '/v2/blocks?language=en&language=de'],
  ])('in a query string: %s', async (_, path) => {
    const response = await fetch(url + path);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'request.malformed']);
  });
});

test.each([
  ['no JSON', '/v2/blocks?where=%7Ba', 'filter.malformed'],
  ['no object', '/v2/blocks?where=5', 'filter.malformed'],
  [
    'an operator of another library',
    `/v2/blocks?where=${encodeURIComponent('{"a":{"$regex":"x"}}')}`,
    'filter.unsupported',
  ],
  ['the whole text', `/v2/blocks?where=${encodeURIComponent('{"#text":"x"}')}`, 'filter.unsupported'],
  ['no text', `/v2/blocks?where=${encodeURIComponent('{"#text":{"$contains":""}}')}`, 'filter.malformed'],
])('a where that is %s', async (_, path, code) => {
  const response = await fetch(url + path);
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, code]);
});

test('what a text holds follows what comes and goes', async () => {
  const found = async (): Promise<number> =>
    (await sqlite.catalogue.find({ where: { '#text': { $contains: 'late kiln' } } }, page)).ids.length;
  const late = (n: number) => ({
    block: { ...testBlock(n), body: encode({ texts: ['a late kiln'], input_reference: [{ hash: null, origin: '' }] }) },
    firstSeenMs: 1,
  });
  expect(await found()).toBe(0);
  await sqlite.store.put([late(201), late(202)]);
  expect(await found()).toBe(2);
  await sqlite.store.erase([late(201).block.id], 'takedown');
  expect(await found()).toBe(1);
  const labels = await sqlite.catalogue.labels({ where: { '#text': { $not_contains: 'late kiln' } } });
  const all = await sqlite.catalogue.labels({});
  const ones = (bits: Uint8Array): number =>
    [...bits].reduce((n, b) => n + b.toString(2).replaceAll('0', '').length, 0);
  expect(ones(labels)).toBe(ones(all) - 1);
});

function refusalOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return error instanceof CosmicError ? error.code : String(error);
  }
}
