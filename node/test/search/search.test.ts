import { beforeEach, describe, expect, test } from '@jest/globals';
import type { SearchRequest } from '@cosmicembeddings/sdk';
import { Ledger, noise, spaceIdOf, spaceNamed, wordEmbedder, type Draft } from './ledger.ts';

const space = spaceNamed('test/words');
const other = spaceNamed('test/other', 6);
const id = spaceIdOf(space);
const axes = { sky: 0, star: 0, night: 1, bread: 2, oven: 2, river: 3, fish: 3 };

/** Rows about three things, each at its own angle to the axis. */
function about(axis: number, strength: number, text: string, more: Partial<Draft> = {}): Draft {
  const vector = Array.from({ length: 8 }, (_, i) => (i === axis ? strength : 0.2));
  return { rows: [{ vector, text }], space, ...more };
}

let ledger: Ledger;
const ask = (request: Partial<SearchRequest>) => ledger.search({ k: 10, ...request });
const passages = async (request: Partial<SearchRequest>): Promise<(string | undefined)[]> =>
  (await ask(request)).hits.map(({ passage }) => passage);
const codeOf = async (request: Partial<SearchRequest>): Promise<string> =>
  ask(request).then(
    () => 'none',
    (error: Error) => error.message,
  );

beforeEach(() => {
  ledger = new Ledger();
  ledger.embedders = [wordEmbedder(space, axes)];
});

describe('what a search answers', () => {
  test('each question tells that somebody asks, so that what can wait gives way', async () => {
    let asked = 0;
    ledger = new Ledger({ onAsked: () => void (asked += 1) });
    await ledger.search({ text: 'bread', mode: 'words', k: 1 });
    await ledger.search({ text: 'stone', mode: 'words', k: 1 });
    expect(asked).toBe(2);
  });

  test('text finds what is near it, with fields that people need and cosines that can be checked', async () => {
    await ledger.put(
      about(0, 3, 'A clear sky', { tags: ['astro'] }),
      about(2, 3, 'Bread for all'),
      about(3, 2, 'The river rises'),
    );
    const answer = await ask({ text: 'star', mode: 'vectors' });
    const [first] = answer.hits;
    expect(first).toMatchObject({
      row: 0,
      space: id,
      author: 'did:key:zAda',
      kind: 'embedding/1',
      timeMs: 1_700_000_000_000,
      firstSeenMs: 1_700_000_000_000,
      skyLabel: 'Orion-0.0',
      tags: ['astro'],
      origin: 'file-0.md',
      passage: 'A clear sky',
    });
    const query = answer.queries.find((one) => one.space === id)!.vector;
    const row = [3, ...Array.from({ length: 7 }, () => 0.2)];
    const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    expect(first!.cosine).toBeCloseTo(dot(query, row) / Math.sqrt(dot(query, query) * dot(row, row)), 5);
    expect(answer).toMatchObject({
      requested: 10,
      returned: 3,
      exhausted: true,
      indexedTo: { seq: 3 },
      head: { seq: 3 },
    });
    expect(answer.next).toBeUndefined();
  });

  test('k = 0 answers nothing but how far the index reaches; k beyond the ledger answers all and says so', async () => {
    await ledger.put(about(0, 3, 'one'), about(2, 3, 'two'));
    expect(await ask({ text: 'sky', k: 0 })).toMatchObject({
      hits: [],
      requested: 0,
      returned: 0,
      exhausted: false,
      head: { seq: 2 },
    });
    expect(await ask({ text: 'sky', k: 1000 })).toMatchObject({ requested: 1000, returned: 2, exhausted: true });
    const empty = new Ledger();
    empty.embedders = ledger.embedders;
    expect(await empty.search({ text: 'sky', k: 5 })).toMatchObject({ hits: [], returned: 0, exhausted: true });
  });

  test('more like a block leaves the block itself out; another row asks another question', async () => {
    const [a, b] = await ledger.put(
      { rows: [{ vector: [1, 0, 0, 0, 0, 0, 0, 0] }, { vector: [0, 0, 1, 0, 0, 0, 0, 0] }], space },
      about(0, 3, 'sky'),
      about(2, 3, 'bread'),
    );
    expect((await ask({ like: { id: a! } })).hits.map(({ passage }) => passage)).toEqual(['sky', 'bread']);
    expect((await ask({ like: { id: a!, row: 1 } })).hits.map(({ passage }) => passage)).toEqual(['bread', 'sky']);
    expect((await ask({ like: { id: b! } })).hits[0]).toMatchObject({ id: a, row: 0 });
  });

  test('one best row a block, or all rows', async () => {
    const rows = [1, 2, 3, 4].map((strength) => ({
      vector: [strength, 0.5, 0.2, 0, 0, 0, 0, 0],
      text: `row ${strength}`,
    }));
    await ledger.put({ rows, space }, about(0, 0.3, 'single'));
    expect(await passages({ text: 'sky', mode: 'vectors' })).toEqual(['row 4', 'single']);
    expect(await passages({ text: 'sky', mode: 'vectors', rows: 'all' })).toEqual([
      'row 4',
      'row 3',
      'row 2',
      'row 1',
      'single',
    ]);
  });

  test('a block of very many rows does not crowd the others out: the search goes deeper', async () => {
    await ledger.put(
      { rows: Array.from({ length: 200 }, (_, i) => ({ vector: [5, 0.01 * i, 0, 0, 0, 0, 0, 0] })), space },
      about(2, 1, 'far'),
      about(3, 1, 'farther'),
    );
    const answer = await ask({ text: 'sky', mode: 'vectors', k: 3 });
    expect(answer.returned).toBe(3);
    expect(answer.exhausted).toBe(true);
  });

  test('hidden blocks stay out by default and are counted by nobody', async () => {
    const [, hidden] = await ledger.put(about(0, 3, 'kept'), about(0, 4, 'retracted'));
    ledger.hidden = Uint8Array.of(0b10);
    expect(await passages({ text: 'sky' })).toEqual(['kept']);
    expect((await ask({ text: 'sky', hidden: 'show' })).hits.map((hit) => hit.id)).toContain(hidden);
    expect(await passages({ text: 'sky', filter: { authors: ['did:key:zAda'] } })).toEqual(['kept']);
    expect((await ask({ text: 'sky', k: 1 })).returned).toBe(1);
  });

  test('an erased block is gone at once, also from what was read before', async () => {
    const [first, second] = await ledger.put(about(0, 3, 'first'), about(0, 2, 'second'));
    expect((await ask({ text: 'sky' })).hits).toHaveLength(2);
    await ledger.erase(first!);
    expect((await ask({ text: 'sky' })).hits.map((hit) => hit.id)).toEqual([second]);
  });

  test('at most so many of one author', async () => {
    const byEve = Array.from({ length: 5 }, (_, i) => about(0, 3 + 0.2 * i, `eve ${i}`, { author: 'did:key:zEve' }));
    await ledger.put(...byEve, about(0, 2, 'ada'), about(0, 1, 'bob', { author: 'did:key:zBob' }));
    expect(await passages({ text: 'sky', mode: 'vectors', perAuthor: 2, k: 4 })).toEqual([
      'eve 4',
      'eve 3',
      'ada',
      'bob',
    ]);
  });

  test('near-duplicates fold into who was first, with their number', async () => {
    await ledger.put(
      about(0, 3.0, 'copy of the copy', { firstSeenMs: 300 }),
      about(0, 3.01, 'copy', { firstSeenMs: 200 }),
      about(0, 2.99, 'original', { firstSeenMs: 100 }),
      about(2, 3, 'something else', { firstSeenMs: 50 }),
    );
    const answer = await ask({ text: 'sky', mode: 'vectors', collapse: true });
    expect(answer.hits.map(({ passage, duplicates }) => [passage, duplicates])).toEqual([
      ['original', 2],
      ['something else', undefined],
    ]);
    const page = await ask({ text: 'sky', mode: 'vectors', collapse: true, k: 1 });
    expect(page.hits[0]).toMatchObject({ passage: 'original', duplicates: 2 });
    const rest = await ask({ text: 'sky', mode: 'vectors', collapse: true, k: 5, after: page.next! });
    expect(rest.hits.map(({ passage }) => passage)).toEqual(['something else']);
  });

  test('a least cosine cuts, also what words alone have found', async () => {
    await ledger.put(about(0, 5, 'bright'), about(0, 0.3, 'dim'), about(2, 5, 'a sky of bread'));
    const answer = await ask({ text: 'sky', minCosine: 0.9 });
    expect(answer.hits.map(({ passage }) => passage)).toEqual(['bright']);
    expect(answer.exhausted).toBe(true);
  });

  test('a vector that is asked for in the space of another is refused, naming both sides', async () => {
    await ledger.put(about(0, 3, 'sky'));
    expect(await codeOf({ vector: { space: id, values: [1, 2, 3] } })).toMatch(
      /space\.dims_mismatch: the query has 3 numbers, test\/words .*8/,
    );
    expect(await codeOf({ vector: { space: spaceIdOf(other), values: [1, 2, 3, 4, 5, 6] } })).toMatch(
      /space\.unknown: asked for bafy.*; here are test\/words/,
    );
    expect(await codeOf({ vector: { space: id, values: [NaN, 0, 0, 0, 0, 0, 0, 0] } })).toMatch(
      /search\.bad_query.*finite/,
    );
    expect(await codeOf({ vector: { space: id, values: [0, 0, 0, 0, 0, 0, 0, 0] } })).toMatch(
      /search\.bad_query.*zero/,
    );
    expect((await ask({ vector: { space: id, values: [1, 0, 0, 0, 0, 0, 0, 0] } })).returned).toBe(1);
  });

  test('questions that are none', async () => {
    const [a] = await ledger.put(about(0, 3, 'sky'));
    expect(await codeOf({})).toMatch(/search\.bad_query: give text, vector or like/);
    expect(await codeOf({ text: '   ' })).toMatch(/search\.bad_query: text: it is empty/);
    expect(await codeOf({ text: 'sky', k: -1 })).toMatch(/search\.bad_query: k/);
    expect(await codeOf({ text: 'sky', k: 1.5 })).toMatch(/search\.bad_query: k/);
    expect(await codeOf({ text: 'sky', after: 'nonsense' })).toMatch(/search\.bad_query: after/);
    expect(await codeOf({ like: { id: 'bafyreinothing' } })).toMatch(/block\.not_found/);
    expect(await codeOf({ like: { id: a!, row: 7 } })).toMatch(
      /search\.bad_query: like\.row: 7; the block has rows 0 to 0/,
    );
    expect(await codeOf({ text: 'sky', filter: { spaces: ['bafyreinospace'] } })).toMatch(/space\.unknown/);
    expect(await codeOf({ mode: 'words', vector: { space: id, values: new Float32Array(8).fill(1) } })).toMatch(
      /search\.bad_query: mode words/,
    );
    expect(await codeOf({ text: 'sky', weights: { words: -1 } })).toMatch(/search\.bad_query: weights/);
  });

  test('without an embedder for what is here, words serve and the answer says why; vectors alone cannot', async () => {
    await ledger.put(about(0, 3, 'the night sky'), about(2, 3, 'bread'));
    ledger.embedders = [wordEmbedder(other, {})];
    expect(await codeOf({ text: 'sky', mode: 'vectors', filter: { spaces: [id] } })).toMatch(
      /search\.no_embedder: blocks are in test\/words .*; embedders here are for test\/other/,
    );
    ledger.embedders = [];
    expect(await codeOf({ text: 'sky', mode: 'vectors' })).toMatch(
      /search\.no_embedder: blocks are in test\/words .*; embedders here are for no space/,
    );
    const answer = await ask({ text: 'sky' });
    expect(answer.hits.map(({ passage }) => passage)).toEqual(['the night sky']);
    expect(answer.notes!.join()).toMatch(/words only: blocks are in test\/words/);
  });

  test('an embedder that fails leaves the words, and its own error where there is nothing else', async () => {
    await ledger.put(about(0, 3, 'the night sky'));
    ledger.embedders = [{ space, embed: () => Promise.reject(new Error('the model is away')) }];
    const answer = await ask({ text: 'sky' });
    expect(answer.hits).toHaveLength(1);
    expect(answer.notes!.join()).toMatch(/not searched in test\/words .*: the model is away/);
    expect(await codeOf({ text: 'sky', mode: 'vectors' })).toBe('the model is away');
  });

  test('an aborted search stops', async () => {
    await ledger.put(about(0, 3, 'sky'));
    await expect(ledger.search({ text: 'sky', k: 1 }, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
      'enough',
    );
  });
});

describe('filters', () => {
  beforeEach(async () => {
    await ledger.put(
      about(0, 3, 'sky one', { tags: ['a', 'b'], timeMs: 100 }),
      about(0, 2, 'sky two', { tags: ['b'], timeMs: 200, author: 'did:key:zBob' }),
      { rows: [{ vector: noise(1), text: 'céu', language: 'pt-br' }], space, timeMs: 300 },
    );
  });

  test.each([
    [{ tagsAll: ['a', 'b'] }, ['sky one']],
    [{ tagsAny: ['a', 'b'] }, ['sky one', 'sky two']],
    [{ authors: ['did:key:zBob'] }, ['sky two']],
    [{ kinds: ['embedding/1'], toMs: 200 }, ['sky one']],
    [{ fromMs: 200, toMs: 300 }, ['sky two']],
    [{ language: 'pt' }, ['céu']],
    [{ tagsAll: ['nothing'] }, []],
    [{ spaces: [id], authors: ['did:key:zAda'], tagsAny: ['a'] }, ['sky one']],
  ])('%j', async (filter, expected) => {
    const answer = await ask({ text: 'sky', filter });
    expect(answer.hits.map(({ passage }) => passage)).toEqual(expected);
    expect(answer.exhausted).toBe(true);
  });

  test('a bitset is kept while the store stands still, and made anew when it moves', async () => {
    let made = 0;
    const labels = ledger.catalogue.labels;
    ledger.catalogue.labels = (filter) => {
      if (filter.tagsAny !== undefined) made++;
      return labels(filter);
    };
    const tagged = { text: 'sky', filter: { tagsAny: ['b'] } };
    await ask(tagged);
    await ask(tagged);
    expect(made).toBe(1);
    await ledger.put(about(0, 4, 'sky three', { tags: ['b'] }));
    expect(await passages(tagged)).toContain('sky three');
    expect(made).toBe(2);
  });
});

describe('pages', () => {
  test('follow one another without gap or repetition, whatever arrives in between', async () => {
    await ledger.put(...Array.from({ length: 40 }, (_, i) => about(i % 4, 1 + (i % 7), `sky ${i}`)));
    const all = (await ask({ text: 'sky', k: 40 })).hits.map((hit) => hit.id);
    expect(new Set(all).size).toBe(40);
    const paged: string[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const answer = await ask({ text: 'sky', k: 7, ...(after === undefined ? {} : { after }) });
      paged.push(...answer.hits.map((hit) => hit.id));
      expect(answer.exhausted).toBe(answer.next === undefined);
      after = answer.next;
      await ledger.put(about(0, 9, `sky newcomer ${pages++}`));
    } while (after !== undefined);
    expect(pages).toBe(6);
    expect(new Set(paged)).toEqual(new Set(all));
    expect(paged).toHaveLength(40);
  });

  test('the place in one question is none in another', async () => {
    await ledger.put(about(0, 3, 'sky'), about(0, 2, 'sky one'), about(0, 1, 'sky two'));
    const { next } = await ask({ text: 'sky', k: 1 });
    expect(await codeOf({ text: 'bread', k: 1, after: next! })).toMatch(
      /search\.bad_query: after: it belongs to another question/,
    );
    expect((await ask({ text: 'sky', k: 2, after: next! })).returned).toBe(2);
    const near = (x: number) => ({ vector: { space: id, values: [1, x, 0, 0, 0, 0, 0, 0] }, k: 1 });
    const first = await ask(near(0));
    expect(await codeOf({ ...near(0.001), after: first.next! })).toMatch(/search\.bad_query: after: it belongs/);
    expect((await ask({ ...near(0), after: first.next! })).returned).toBe(1);
  });

  test('all rows page by row', async () => {
    await ledger.put({
      rows: Array.from({ length: 5 }, (_, i) => ({ vector: [1, i / 10, 0, 0, 0, 0, 0, 0], text: `row ${i}` })),
      space,
    });
    const first = await ask({ text: 'sky', mode: 'vectors', rows: 'all', k: 3 });
    const rest = await ask({ text: 'sky', mode: 'vectors', rows: 'all', k: 3, after: first.next! });
    expect([...first.hits, ...rest.hits].map(({ row }) => row)).toEqual(expect.arrayContaining([0, 1, 2, 3, 4]));
    expect(rest.returned).toBe(2);
  });
});

describe('blocks of the largest size', () => {
  test('a page reads each block once, for its best row alone, and ends early where texts are many', async () => {
    const ledger = new Ledger();
    const space = spaceNamed('large');
    const text = (n: number): string => `${n} `.padEnd(65_536, 'a text that is long ');
    for (let n = 0; n < 80; n++)
      await ledger.put({ space, rows: [0, 1, 2].map((row) => ({ vector: noise(3 * n + row), text: text(n) })) });
    const get = ledger.store.get.bind(ledger.store);
    const loaded: string[] = [];
    ledger.store.get = async (ids) => (loaded.push(...ids), get(ids));
    const question = { vector: { space: spaceIdOf(space), values: [...noise(1)] }, k: 10_000 };
    const first = await ledger.search(question);
    expect(new Set(loaded).size).toBe(loaded.length);
    expect(loaded.length).toBeLessThanOrEqual(72);
    expect(first).toMatchObject({ returned: 64, exhausted: false });
    expect(first.notes!.join()).toMatch('the page ends early');
    const second = await ledger.search({ ...question, after: first.next! });
    expect(second).toMatchObject({ returned: 16, exhausted: true });
    expect(new Set([...first.hits, ...second.hits].map(({ id }) => id)).size).toBe(80);
    // With every row a hit of its own, a block is still read once.
    loaded.length = 0;
    const rows = await ledger.search({ ...question, rows: 'all' });
    expect(new Set(loaded).size).toBe(loaded.length);
    expect(rows.returned).toBeGreaterThanOrEqual(60);
  });

  test('many large pages at once let everything else go by between their steps', async () => {
    const ledger = new Ledger();
    const space = spaceNamed('many');
    for (let n = 0; n < 300; n++) await ledger.put({ space, rows: [{ vector: noise(n), text: `text ${n}` }] });
    let turns = 0;
    let over = false;
    const count = (): void => {
      turns++;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    const question = { vector: { space: spaceIdOf(space), values: [...noise(1)] }, k: 200, collapse: true };
    const pages = await Promise.all(Array.from({ length: 10 }, () => ledger.search(question)));
    over = true;
    expect(pages.map(({ returned }) => returned)).toEqual(Array.from({ length: 10 }, () => 200));
    // Each page: its candidates, then 64 blocks at a time.
    expect(turns).toBeGreaterThan(40);
  });

  test('near-duplicates are looked for as far as a budget goes', async () => {
    const ledger = new Ledger();
    const space = spaceNamed('wide', 4096);
    for (let n = 0; n < 400; n++) await ledger.put({ space, rows: [{ vector: noise(n, 4096), text: `text ${n}` }] });
    const question = { vector: { space: spaceIdOf(space), values: [...noise(1, 4096)] }, k: 400, collapse: true };
    const page = await ledger.search(question);
    expect(page.exhausted).toBe(false);
    expect(page.returned).toBeGreaterThan(200);
    expect(page.returned).toBeLessThan(400);
    expect(page.next).toBeDefined();
  });
});
