import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkBlock,
  cidOf,
  corePlugins,
  createBlock,
  createRegistry,
  rotatesFrom,
  rotatesTo,
  DAG_CBOR,
  didOf,
  sha256,
  signerOfSeed,
  verify,
  packRows,
  type CheckedBlock,
  type Link,
  type Plugin,
  type SpaceDescriptor,
  type ValueMap,
} from '@cosmicembeddings/sdk';
import { createManualClock, createMemoryStore, hasBit, type MemoryStore } from '@cosmicembeddings/sdk/memory';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { viewSuite } from '@cosmicembeddings/sdk/testing';
import { createViews, type Views } from '../../src/views/index.js';
import pollPlugin from '../../../examples/poll/plugin.js';

const poll = pollPlugin as unknown as Plugin;
const sky = createSky();
const network = 'dev';
const timeMs = Date.UTC(2026, 4, 1);
const space: SpaceDescriptor = {
  model: 'test',
  revision: null,
  weights: null,
  precision: null,
  dims: 2,
  metric: 'cosine',
  pooling: null,
  normalized: false,
  query_prefix: null,
  passage_prefix: null,
  max_tokens: null,
  endpoint: null,
};

let folder: string;
const opened: Views[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'views-'));
});
afterEach(async () => {
  for (const views of opened.splice(0)) await views.close();
  await rm(folder, { recursive: true, force: true });
});

let salts = 0;
const signer = (name: string) => signerOfSeed(sha256(new TextEncoder().encode(name)));
const did = (name: string): string => didOf(signer(name).publicKey);

interface Made {
  readonly kind?: string;
  readonly fields?: ValueMap;
  readonly refs?: readonly Link[];
  readonly links?: readonly Link[];
  readonly timeMs?: number;
}

/** A checked block of `author`; by default an embedding with two rows. */
async function block(
  author: string,
  made: Made = {},
  plugins: readonly Plugin[] = [...corePlugins, poll],
): Promise<CheckedBlock> {
  const registry = createRegistry(plugins);
  const fields = made.fields ?? {
    space: space as unknown as ValueMap,
    embedding: packRows([Float32Array.of(1, 0), Float32Array.of(0, 1)], 'f32') as unknown as ValueMap,
    input_type: 'text',
    input_reference: [0, 1].map((i) => ({ hash: sha256(Uint8Array.of(i)), origin: 'test' })),
  };
  const { wire } = await createBlock(
    {
      kind: made.kind ?? 'embedding/1',
      fields,
      timeMs: made.timeMs ?? timeMs,
      ...(made.refs === undefined ? {} : { refs: made.refs }),
      ...(made.links === undefined ? {} : { links: made.links }),
    },
    {
      signer: signer(author),
      network,
      registry,
      sky,
      salt: () => sha256(Uint8Array.of(salts++, salts >> 8)).slice(0, 16),
    },
  );
  const checked = checkBlock(wire, { network, registry, verify, sha256, sky });
  if (checked.status === 'rejected') throw new Error(`${checked.code}: ${checked.detail}`);
  return checked;
}

async function put(
  store: MemoryStore,
  views: Views | undefined,
  blocks: readonly CheckedBlock[],
  firstSeenMs = timeMs,
): Promise<void> {
  const results = await store.put(blocks.map((one) => ({ block: one, firstSeenMs })));
  views?.notify(await store.head());
  await views?.waitFor(Math.max(...results.map(({ seq }) => seq)));
}

async function open(
  store: MemoryStore,
  plugins: readonly Plugin[] = corePlugins,
  onError?: (error: unknown) => void,
): Promise<Views> {
  const views = await createViews({
    store,
    registry: createRegistry(plugins),
    folder,
    clock: createManualClock(),
    ...(onError === undefined ? {} : { onError }),
  });
  opened.push(views);
  return views;
}

const standing = (views: Views, { id }: CheckedBlock) =>
  views.query('standing', 'of', { id }) as { stands: boolean; newest: string[] };
const retraction = (target: CheckedBlock): Made => ({
  kind: 'retract/1',
  fields: {},
  refs: [{ rel: 'retracts', id: target.id }],
});

describe('views follow the store', () => {
  test('a retraction hides all rows of its author’s block, a stranger’s hides none', async () => {
    const store = createMemoryStore();
    const views = await open(store);
    const [a, b, c] = [await block('ann'), await block('ann'), await block('bob')];
    await put(store, views, [a, b, c]);
    expect(views.hidden().length).toBe(0);
    await put(store, views, [await block('ann', retraction(b)), await block('ann', retraction(c))]);
    expect([a, b, c].map((one) => standing(views, one).stands)).toEqual([true, false, true]);
    expect([0, 1, 2, 3, 4, 5].map((label) => hasBit(views.hidden(), label))).toEqual([
      false,
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  test('a retraction that came first acts when its target arrives', async () => {
    const store = createMemoryStore();
    const views = await open(store);
    const a = await block('ann');
    await put(store, views, [await block('ann', retraction(a))]);
    await put(store, views, [await block('bob'), a]);
    expect([0, 1, 2, 3].map((label) => hasBit(views.hidden(), label))).toEqual([false, false, true, true]);
  });

  test('superseding hides the old and names the newest', async () => {
    const store = createMemoryStore();
    const views = await open(store);
    const old = await block('ann');
    const next = await block('ann', { refs: [{ rel: 'supersedes', id: old.id }] });
    await put(store, views, [old, next]);
    expect(standing(views, old)).toMatchObject({ stands: false, newest: [next.id] });
    expect([0, 2].map((label) => hasBit(views.hidden(), label))).toEqual([true, false]);
  });

  test('a rotated-away key’s later blocks are hidden, its earlier ones are not', async () => {
    const store = createMemoryStore();
    const views = await open(store);
    await put(store, views, [await block('old')], timeMs);
    const rotation = [
      await block('old', { kind: 'rotate/1', fields: { to: did('new') }, refs: rotatesTo(did('new')) }),
      await block('new', { kind: 'rotate/1', fields: { from: did('old') }, refs: rotatesFrom(did('old')) }),
    ];
    await put(store, views, rotation, timeMs + 1000);
    await put(store, views, [await block('old')], timeMs + 2000);
    expect([0, 1, 2, 3].map((label) => hasBit(views.hidden(), label))).toEqual([false, false, true, true]);
    expect(views.query('identities', 'of', { author: did('old') })).toMatchObject({
      state: 'rotated',
      current: did('new'),
    });
  });

  test('goes on from its snapshot after a restart and equals a fold from the start', async () => {
    const store = createMemoryStore();
    const first = await open(store);
    const a = await block('ann');
    await put(store, first, [a]);
    await first.close();
    await put(store, undefined, [await block('ann', retraction(a))]);
    const reads: number[] = [];
    const watched: MemoryStore = { ...store, tail: (cursor, max) => (reads.push(cursor.seq), store.tail(cursor, max)) };
    const second = await open(watched);
    await second.waitFor(2);
    expect(reads[0]).toBe(1);
    expect(standing(second, a).stands).toBe(false);
    expect(hasBit(second.hidden(), 0)).toBe(true);
    await second.close();
    const third = await open(store);
    expect(hasBit(third.hidden(), 0)).toBe(true);
  });

  test('a damaged snapshot, another set of plug-ins or a foreign epoch mean folding anew', async () => {
    const store = createMemoryStore();
    const views = await open(store);
    await put(store, views, [await block('ann')]);
    await views.close();
    const file = join(folder, 'views.snapshot');
    const bytes = await readFile(file);
    for (const [saved, plugins, epoch] of [
      [bytes.subarray(0, bytes.length - 9), corePlugins, 'memory'],
      [bytes, [...corePlugins, poll], 'memory'],
      [bytes, corePlugins, 'other'],
    ] as const) {
      await writeFile(file, saved);
      const target = createMemoryStore({ epoch });
      await put(target, undefined, [await block('ann')]);
      const reads: number[] = [];
      const again = await open(
        { ...target, tail: (cursor, max) => (reads.push(cursor.seq), target.tail(cursor, max)) },
        plugins,
      );
      await again.waitFor(1);
      expect(reads[0]).toBe(0);
      await again.close();
    }
  });

  test('unknown views and queries are refused with what there is', async () => {
    const views = await open(createMemoryStore());
    expect(() => views.query('nothing', 'of', {})).toThrow(/request\.not_found.*standing/);
    expect(() => views.query('standing', 'constructor', {})).toThrow(/request\.not_found.*fallen/);
    expect(() => views.query('standing', 'of', { id: 'x' })).toThrow(/request\.malformed/);
  });

  test('a view that throws is switched off; the others go on', async () => {
    const broken: Plugin = {
      name: 'broken',
      kinds: [],
      views: [
        {
          name: 'broken',
          version: 1,
          kinds: ['*'],
          headersOnly: true,
          empty: () => 0,
          apply: () => {
            throw new Error('no');
          },
          queries: { all: () => 1 },
        },
      ],
    };
    const errors: unknown[] = [];
    const store = createMemoryStore();
    const views = await open(store, [...corePlugins, broken], (error) => errors.push(error));
    const a = await block('ann');
    await put(store, views, [a, await block('bob')]);
    expect(errors).toHaveLength(1);
    expect(() => views.query('broken', 'all', {})).toThrow(/node\.internal/);
    expect(standing(views, a).stands).toBe(true);
  });
});

describe('a plug-in from outside: the poll of the examples', () => {
  const question = { kind: 'poll.example/1', fields: { question: 'Tea or coffee?', options: ['tea', 'coffee'] } };
  const vote = (about: CheckedBlock, choice: number, at = timeMs): Made => ({
    kind: 'poll.example/1',
    fields: { choice },
    links: [{ rel: 'about', id: about.id }],
    timeMs: at,
  });

  test('counts one vote an author, the latest', async () => {
    const store = createMemoryStore();
    const views = await open(store, [...corePlugins, poll]);
    const asked = await block('ann', question);
    await put(store, views, [
      await block('bob', vote(asked, 0)),
      asked,
      await block('carl', vote(asked, 1)),
      await block('bob', vote(asked, 1, timeMs + 5)),
    ]);
    expect(views.query('poll', 'result', { id: asked.id })).toMatchObject({
      result: [
        { option: 'tea', votes: 0 },
        { option: 'coffee', votes: 2 },
      ],
    });
  });

  test('forgets a vote whose body was erased, and says the old until the new is there', async () => {
    const store = createMemoryStore();
    const views = await open(store, [...corePlugins, poll]);
    const asked = await block('ann', question);
    const [bob, carl] = [await block('bob', vote(asked, 0)), await block('carl', vote(asked, 1))];
    await put(store, views, [asked, bob, carl]);
    await store.erase([bob.id], 'takedown');
    views.notify(await store.head());
    await views.waitFor((await store.head()).seq);
    expect(views.query('poll', 'result', { id: asked.id })).toMatchObject({ result: [{ votes: 0 }, { votes: 1 }] });
  });

  test('blocks that were inert before the plug-in was switched on are folded after', async () => {
    const store = createMemoryStore();
    const asked = await block('ann', question);
    const inert = { ...asked, entry: { ...asked.entry, inert: { code: 'kind.unknown', detail: 'poll.example/1' } } };
    const without = await open(store);
    await put(store, without, [inert]);
    await without.close();
    const views = await open(store, [...corePlugins, poll]);
    await views.waitFor(1);
    expect(views.query('poll', 'list', {})).toMatchObject({ polls: [{ question: 'Tea or coffee?' }] });
  });

  test('refuses malformed polls at the author’s door', async () => {
    await expect(
      block('ann', { kind: 'poll.example/1', fields: { question: 'one?', options: ['yes'] } }),
    ).rejects.toThrow(/kind\.malformed/);
  });

  viewSuite(
    { describe, test },
    {
      name: 'poll',
      views: poll.views,
      scenario(random) {
        const ids = Array.from({ length: 30 }, (_, i) => cidOf(DAG_CBOR, sha256(Uint8Array.of(i))).text);
        const inputs = ids.map((id, i) => ({
          block: {
            id,
            author: `author ${Math.floor(random() * 5)}`,
            kind: 'poll.example/1',
            timeMs: Math.floor(random() * 4),
            refs: [],
            tags: [],
            links: i < 3 ? [] : [{ rel: 'about', id: ids[Math.floor(random() * 3)]! }],
            body: i < 3 ? { question: `q${i}`, options: ['a', 'b', 'c'] } : { choice: Math.floor(random() * 4) },
          },
          firstSeenMs: 0,
          receipts: [],
        }));
        return { inputs, questions: [{ view: 'poll', query: 'list', params: {} }] };
      },
    },
  );
});
