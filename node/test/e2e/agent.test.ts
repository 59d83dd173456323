import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { signerOfSeed, sha256, utf8, type NodeApi } from '@cosmicembeddings/sdk';
import { createReader, openMemory, PartialError, type Memory, type OpenOptions } from '@cosmicembeddings/sdk/agent';
import { createClient } from '@cosmicembeddings/sdk/api';
import { portableChecks } from '@cosmicembeddings/sdk/formats';
import { newAgeKey } from '@cosmicembeddings/sdk/sealed';
import { createNode, type RunningNode } from '../../src/node.js';
import { loadConfig } from '../../src/operate/config.js';
import { createLog } from '../../src/log.js';

let data: string;
let node: RunningNode;
let collections = 0;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'agent-'));
  await writeFile(join(data, 'config.json'), JSON.stringify({ port: 0, log: 'silent' }));
  const config = await loadConfig({ data });
  node = await createNode(config, createLog(config.log));
}, 60_000);

afterAll(async () => {
  await node.close();
  await rm(data, { recursive: true, force: true });
});

const keyOf = (name: string): ReturnType<typeof signerOfSeed> => signerOfSeed(sha256(utf8(name)));
const open = (options: OpenOptions = {}): Promise<Memory> =>
  openMemory({ node: node.url, key: keyOf('ann'), collection: `c${collections}`, ...options });

beforeEach(() => {
  collections += 1;
});

test('three verbs: remember, search, forget; and the same call again changes nothing', async () => {
  const memory = await open();
  const first = await memory.remember('The kiln fires at 1240 °C.', { id: 'kiln', metadata: { topic: 'pottery' } });
  expect(first).toMatchObject({ id: 'kiln', status: 'stored', supersedes: [], searchable: true });
  const again = await memory.remember('The kiln fires at 1240 °C.', { id: 'kiln', metadata: { topic: 'pottery' } });
  expect(again).toMatchObject({ status: 'unchanged', block: first.block });
  const hits = await memory.search('how hot is the kiln?', { where: { topic: 'pottery' } });
  expect(hits).toHaveLength(1);
  expect(hits[0]).toMatchObject({
    id: 'kiln',
    text: 'The kiln fires at 1240 °C.',
    metadata: { topic: 'pottery' },
    verified: true,
    why: [],
    author: { mine: true, trusted: true },
  });
  expect(await memory.search('how hot is the kiln?', { where: { topic: 'bread' } })).toHaveLength(0);
  expect(await memory.forget('kiln')).toMatchObject({ forgotten: 1, notYours: 0, notFound: [] });
  expect(await memory.search('how hot is the kiln?')).toHaveLength(0);
  expect(await memory.get('kiln')).toBeUndefined();
});

test('writing to an id again replaces it; the content alone is an id too', async () => {
  const memory = await open();
  const a = await memory.remember('Water boils at 100 °C.', { id: 'x' });
  const b = await memory.remember('Water boils at 93 °C in the mountains.', { id: 'x' });
  expect(b).toMatchObject({ status: 'replaced', supersedes: [a.block] });
  expect(await memory.get('x')).toMatchObject({ text: 'Water boils at 93 °C in the mountains.', versions: 1 });
  const hits = await memory.search('when does water boil?');
  expect(hits.map(({ block }) => block)).toEqual([b.block]);
  const unnamed = await memory.remember('Salt melts at 801 °C.');
  expect(unnamed.id).toMatch(/^h-[a-z2-7]{52}$/);
  expect((await memory.remember('Salt melts at 801 °C.')).status).toBe('unchanged');
  expect((await memory.remember('Salt melts at 801 °C.', { tags: ['chemistry'] })).status).toBe('stored');
});

test('two writers that race leave two versions; the next write heals', async () => {
  const [one, two] = [await open(), await open()];
  const wait = { wait: 'stored' } as const;
  // Neither has seen the other’s: what a race looks like in the ledger.
  const blind = (memory: NodeApi): NodeApi => ({ ...memory, find: () => Promise.resolve({ ids: [] }) });
  const client = createClient({ url: node.url });
  const [racerA, racerB] = [await open({ node: blind(client) }), await open({ node: blind(client) })];
  await racerA.remember('Version of the first.', { id: 'race', ...wait });
  await racerB.remember('Version of the second.', { id: 'race', ...wait });
  expect(await one.get('race')).toMatchObject({ versions: 2 });
  const healed = await two.remember('Agreed version.', { id: 'race' });
  expect(healed.supersedes).toHaveLength(2);
  expect(await one.get('race')).toMatchObject({ versions: 1, text: 'Agreed version.' });
});

test('one bad document of many is refused alone, and can be corrected', async () => {
  const memory = await open();
  const failure = await memory.remember(['alpha', '', 'gamma']).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PartialError);
  expect((failure as PartialError).results.map(({ status, error }) => [status, error?.code])).toEqual([
    ['stored', undefined],
    ['refused', 'input.empty'],
    ['stored', undefined],
  ]);
  const settled = await memory.remember(['alpha', '', 'gamma'], { settle: true });
  expect(settled.map(({ status }) => status)).toEqual(['unchanged', 'refused', 'unchanged']);
  const corrected = await memory.remember(['alpha', 'beta', 'gamma']);
  expect(corrected.map(({ status }) => status)).toEqual(['unchanged', 'stored', 'unchanged']);
  await expect(memory.remember('')).rejects.toMatchObject({ code: 'input.empty' });
  await expect(open({ trsut: {} } as never)).rejects.toMatchObject({ code: 'config.malformed' });
  await expect(
    memory.remember([
      { id: 'twice', text: 'one' },
      { id: 'twice', text: 'two' },
    ]),
  ).rejects.toMatchObject({ code: 'memory.duplicate_id' });
  await expect(memory.remember('x', { metadata: { nested: { a: 1 } } as never })).rejects.toMatchObject({
    code: 'kind.malformed',
  });
});

describe('filters over metadata', () => {
  const values = [1, '1', true, null, undefined, [1, 2], 0.5];
  test.each([
    [{ a: 1 }, [1, 6]],
    [{ a: { $ne: 1 } }, [2, 3, 4, 5, 7]],
    [{ a: null }, [4]],
    [{ a: { $exists: false } }, [5]],
    [{ a: { $gt: 0 } }, [1, 6, 7]],
    [{ $not: { a: { $gt: 0 } } }, [2, 3, 4, 5]],
    [{ a: { $contains: 1 } }, [6]],
    [{ a: { $in: ['1', 0.5] } }, [2, 7]],
    [{ '#id': { $in: ['row 2', 'row 3'] } }, [2, 3]],
  ])('%j', async (where, pass) => {
    const memory = await open({ collection: 'typed' });
    await memory.remember(
      values.map((a, i) => ({
        id: `row ${i + 1}`,
        text: `a row about number ${i + 1}`,
        metadata: a === undefined ? {} : { a },
      })),
    );
    const found = await memory.search('a row about a number', { where: where as never, k: 50 });
    expect(found.map(({ id }) => Number(id.slice(4))).sort()).toEqual(pass);
    const listed = [];
    for await (const item of memory.list({ where: where as never })) listed.push(Number(item.id.slice(4)));
    expect(listed.sort()).toEqual(pass);
  });
});

test('others’ memories are told apart, and never written to', async () => {
  const ann = await open();
  await ann.remember('The spare key is under the blue pot.', { id: 'key' });
  const bob = await open({ key: keyOf('bob') });
  await bob.remember('The spare key is under the red pot.', { id: 'key' });
  await bob.remember(
    Array.from({ length: 3 }, (_, i) => ({ id: `n${i}`, text: `note ${i} of bob`, metadata: { kind: 'note' } })),
  );
  const where = 'where is the spare key?';
  expect((await ann.search(where)).map(({ author }) => author.mine)).toEqual([true]);
  const all = await ann.search(where, { authors: 'all', k: 20 });
  expect(
    all
      .filter(({ id }) => id === 'key')
      .map(({ author }) => [author.mine, author.trusted])
      .sort(),
  ).toEqual([
    [false, false],
    [true, true],
  ]);
  const trusting = await open({ trust: { bob: bob.author } });
  const named = (await trusting.search(where, { k: 20 })).find(({ author }) => !author.mine);
  expect(named?.author).toEqual({ did: bob.author, name: 'bob', mine: false, trusted: true });
  expect(await ann.get('key')).toMatchObject({ text: 'The spare key is under the blue pot.' });
  expect(await ann.get('key', { author: bob.author })).toMatchObject({ text: 'The spare key is under the red pot.' });
  await ann.remember(
    Array.from({ length: 20 }, (_, i) => ({ id: `m${i}`, text: `note ${i} of ann`, metadata: { kind: 'note' } })),
  );
  expect(await ann.forget({ where: { kind: 'note' } }, { dryRun: true })).toMatchObject({ forgotten: 20, notYours: 3 });
  const gone = await ann.forget({ where: { kind: 'note' } });
  expect(gone).toMatchObject({ forgotten: 20, notYours: 3 });
  expect(gone.retractions).toHaveLength(2);
  expect(await ann.get(['m0', 'm19'])).toEqual([undefined, undefined]);
  expect(await bob.get('n0')).toBeDefined();
});

test('forgetting needs something to forget', async () => {
  const memory = await open();
  await expect(memory.forget([])).rejects.toMatchObject({ code: 'memory.empty_filter' });
  await expect(memory.forget({ where: {} })).rejects.toMatchObject({ code: 'memory.empty_filter' });
  expect(await memory.forget('nope')).toMatchObject({ forgotten: 0, notFound: ['nope'], retractions: [] });
  await memory.remember(['one thing', 'another thing']);
  expect(await memory.forget({ all: true })).toMatchObject({ forgotten: 2 });
  expect(await memory.search('thing')).toHaveLength(0);
});

test('a node that lies is found out', async () => {
  const memory = await open();
  await memory.remember('Honest words.', { id: 'honest' });
  const client = createClient({ url: node.url });
  const lying: NodeApi = {
    ...client,
    search: async (request, signal) => {
      const answer = await client.search(request, signal);
      return { ...answer, hits: answer.hits.map((hit) => ({ ...hit, passage: 'Other words.', cosine: 0.99 })) };
    },
  };
  const dropping = await (await open({ node: lying })).search('honest words');
  expect([dropping.length, dropping.dropped.length]).toEqual([0, 1]);
  expect(dropping.dropped[0]!.why).toMatch(/cosine.*passage/);
  const [marked] = await (await open({ node: lying, verify: 'mark' })).search('honest words');
  expect(marked).toMatchObject({ verified: false, text: 'Honest words.' });
});

test('a document of several passages is found by each and read whole', async () => {
  const memory = await open();
  await memory.remember({
    id: 'doc',
    passages: ['Cats sleep most of the day.', 'The moon has no air.'],
    origin: 'facts.md',
  });
  const [hit] = await memory.search('is there air on the moon?');
  expect(hit).toMatchObject({ id: 'doc', row: 1, text: 'The moon has no air.', origin: 'facts.md' });
  expect((await memory.get('doc'))!.text).toBe('Cats sleep most of the day.\n\nThe moon has no air.');
});

describe('sealed for named readers', () => {
  test('found, filtered, replaced, listed and forgotten by who holds a key, and by nobody else', async () => {
    const [annKey, bobKey] = [await newAgeKey(), await newAgeKey()];
    const ann = await open({ identities: [annKey.identity] });
    const bob = await open({ key: keyOf('bob'), trust: { ann: ann.author }, identities: [bobKey.identity] });
    const eve = await open({
      key: keyOf('eve'),
      trust: { ann: ann.author },
      identities: [(await newAgeKey()).identity],
    });
    const about = { metadata: { room: 1 }, tags: ['house'] };
    const first = await ann.remember('The key is under the stone.', { id: 'key', ...about, for: [bobKey.recipient] });
    await ann.remember('The stone lies by the door.');
    expect(JSON.stringify(await createClient({ url: node.url }).get(first.block!))).not.toContain('house');

    const where = { room: 1, '#tag': 'house', '#text': { $contains: 'under' }, '#id': 'key' };
    const [hit] = await bob.search('where is the key?', { where });
    expect(hit).toMatchObject({ id: 'key', sealed: true, verified: true, ...about, author: { name: 'ann' } });
    expect((await bob.search('where is the key?')).map(({ sealed }) => sealed)).toEqual([true, false]);
    expect(await bob.search('where is the key?', { where: { room: 2 } })).toHaveLength(0);
    expect(await bob.search('where is the key?', { k: 1 })).toHaveLength(1);
    expect((await eve.search('where is the key?')).map(({ sealed }) => sealed)).toEqual([false]);
    expect(await eve.get('key', { author: ann.author })).toBeUndefined();
    expect(await bob.read(hit!.block)).toMatchObject({ id: 'key', sealed: true, text: 'The key is under the stone.' });
    expect(await eve.read(hit!.block)).toBeUndefined();

    const second = await ann.remember('The key is in the shed.', { id: 'key', ...about, for: [bobKey.recipient] });
    expect(second).toMatchObject({ status: 'replaced', supersedes: [first.block] });
    expect(await bob.get('key', { author: ann.author })).toMatchObject({
      text: 'The key is in the shed.',
      versions: 1,
    });
    const listed = [];
    for await (const item of bob.list({ order: 'oldest' })) listed.push(item.sealed);
    expect(listed).toEqual([false, true]);
    expect((await bob.forget({ where: { room: 1 } })).notYours).toBe(1);
    expect(await ann.forget('key')).toMatchObject({ forgotten: 1 });
    expect(await bob.search('where is the key?', { where: { room: 1 } })).toHaveLength(0);
  });

  test('the id that is made for it is the same again for its author, and no hash that others could make', async () => {
    const { identity, recipient } = await newAgeKey();
    const text = 'The safe opens with 4711.';
    const idOf = async (memory: Memory, options = {}): Promise<string> => (await memory.remember(text, options)).id;
    const ann = await open({ identities: [identity] });
    const bob = await open({ key: keyOf('bob') });
    const sealed = await idOf(ann, { for: [recipient] });
    expect(await idOf(ann, { for: [recipient] })).toBe(sealed);
    const others = [await idOf(bob, { for: [recipient] }), await idOf(bob), await idOf(ann)];
    expect(others).not.toContain(sealed);
  });

  test('a private question does not go to the node; what is no recipient is refused', async () => {
    const { identity, recipient } = await newAgeKey();
    const client = createClient({ url: node.url });
    const asked = (): Promise<never> => Promise.reject(new Error('the node was asked'));
    const memory = await open({ node: { ...client, search: asked }, identities: [identity] });
    await memory.remember(['The safe opens with 4711.', 'Milk is in the fridge.'], { for: [recipient] });
    const [hit, ...more] = await memory.search('how does the safe open?', { private: true });
    expect([hit?.text, more.length]).toEqual(['The safe opens with 4711.', 1]);
    await expect(memory.search('how does the safe open?')).rejects.toThrow('the node was asked');
    // Nothing found would say that there is nothing.
    const refused = { code: 'request.malformed' };
    await expect(memory.search({ like: hit!.block }, { private: true })).rejects.toMatchObject(refused);
    await expect((await open()).search('how does the safe open?', { private: true })).rejects.toMatchObject(refused);
    const checks = portableChecks('dev');
    const reader = createReader({ api: client, checks, trust: {}, verify: 'drop', identities: [identity] });
    await expect(reader.search('how does the safe open?', { private: true })).rejects.toMatchObject({
      code: 'embedder.unavailable',
    });
    for (const one of ['bob', identity, 'age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq'])
      await expect(memory.remember('x y z', { for: [one] })).rejects.toMatchObject({ code: 'request.malformed' });
  });
});

describe('the space of a collection', () => {
  test('is said with the first document; another embedder is refused before anything is sent', async () => {
    const client = createClient({ url: node.url });
    const memory = await open();
    const { block } = await memory.remember('The kiln fires at 1240 °C.', { id: 'kiln' });
    await memory.remember('Bread is baked at 230 °C.', { id: 'oven' });
    const where = { '#collection': `c${collections}` };
    const said = await client.find({ kinds: ['collection/1'], where }, { limit: 9 });
    expect(said.ids).toHaveLength(1);
    expect((await client.find({ kinds: ['embedding/1'], where }, { limit: 9 })).ids).toHaveLength(2);

    const published: unknown[] = [];
    const watched: NodeApi = {
      ...client,
      publish: (wires, how) => (published.push(wires), client.publish(wires, how)),
    };
    const other = await open({ node: watched, embedder: 'lexical' });
    await expect(other.remember('The kiln fires at 1260 °C.', { id: 'kiln' })).rejects.toMatchObject({
      code: 'space.mismatch',
      message: expect.stringContaining('english-1') as string,
    });
    expect(published).toEqual([]);
    expect((await memory.get('kiln'))?.block).toBe(block);
    // The same embedder again says nothing twice.
    expect((await (await open()).remember('Bread is baked at 230 °C.', { id: 'oven' })).status).toBe('unchanged');
    expect((await client.find({ kinds: ['collection/1'], where }, { limit: 9 })).ids).toEqual(said.ids);

    expect(await memory.forget({ all: true })).toMatchObject({ forgotten: 2 });
    expect(await other.remember('The kiln fires at 1260 °C.', { id: 'kiln' })).toMatchObject({ status: 'stored' });
    await expect(memory.remember('Bread.', { id: 'oven' })).rejects.toMatchObject({ code: 'space.mismatch' });
  });
});
