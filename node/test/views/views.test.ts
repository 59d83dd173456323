import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkBlock,
  corePlugins,
  createBlock,
  createRegistry,
  rotatesFrom,
  rotatesTo,
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
import { hasBit } from '@cosmicembeddings/sdk/memory';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { keyedSuite, testBlock } from '@cosmicembeddings/sdk/testing';
import { systemClock } from '../../src/clock.js';
import { loadPlugins } from '../../src/plugins.js';
import { openDatabase } from '../../src/store/sqlite/driver.js';
import { openSqlite, storeFile, type SqliteParts } from '../../src/store/sqlite/index.js';
import { createSqliteKeyed, KEYED_SCHEMA } from '../../src/views/sqlite-keyed.js';
import { createViews, type Views, type ViewsOptions } from '../../src/views/index.js';
import pollPlugin from '../../../examples/poll/plugin.js';
import { root } from '../../../sdk/test/shared-data.ts';

const poll = pollPlugin as unknown as Plugin;
const pollModule = join(root, 'examples/poll/plugin.js');
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
const closers: (() => Promise<void>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'views-'));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
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

interface Node {
  readonly parts: SqliteParts;
  readonly views: Views;
  readonly faults: readonly string[];
  put(blocks: readonly CheckedBlock[], firstSeenMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** A store and its views in the test's folder, with plug-ins from these modules. */
async function openNode(plugins: readonly string[] = [], over: Partial<ViewsOptions> = {}): Promise<Node> {
  const parts = await openSqlite({ folder, network, node: 'did:key:test', plugins });
  const faults: string[] = [];
  const views = await createViews({
    storePath: storeFile(folder),
    engine: parts.engine,
    registry: createRegistry(await loadPlugins(plugins)),
    plugins,
    folder: join(folder, 'views'),
    clock: systemClock,
    head: await parts.store.head(),
    onFault: (detail) => faults.push(detail),
    ...over,
  });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await views.close();
    await parts.close();
  };
  closers.push(close);
  return {
    parts,
    views,
    faults,
    close,
    async put(blocks, firstSeenMs = timeMs) {
      const results = await parts.store.put(blocks.map((one) => ({ block: one, firstSeenMs })));
      results.forEach(({ seq }, i) => views.noteStored(seq, blocks[i]!.entry));
      await views.settled();
    },
  };
}

const standing = async ({ views }: Node, { id }: CheckedBlock) =>
  (await views.ask('standing', 'of', { id })).result as { stands: boolean; newest: string[] };
const retraction = (target: CheckedBlock): Made => ({
  kind: 'retract/1',
  fields: {},
  refs: [{ rel: 'retracts', id: target.id }],
});
const bits = (views: Views, n: number): boolean[] => Array.from({ length: n }, (_, i) => hasBit(views.hidden(), i));
const head = async ({ parts }: Node): Promise<number> => (await parts.store.head()).seq;

keyedSuite(
  { describe, test },
  {
    name: 'sqlite',
    open: () => {
      const database = openDatabase('better-sqlite3', ':memory:');
      database.exec(KEYED_SCHEMA);
      return { store: createSqliteKeyed(database), close: () => database.close() };
    },
  },
);

describe('what is hidden', () => {
  test('a retraction hides all rows of its author’s block, a stranger’s hides none; views say why', async () => {
    const node = await openNode();
    const [a, b, c] = [await block('ann'), await block('ann'), await block('bob')];
    await node.put([a, b, c]);
    expect(bits(node.views, 6)).toEqual([false, false, false, false, false, false]);
    await node.put([await block('ann', retraction(b)), await block('ann', retraction(c))]);
    expect(bits(node.views, 6)).toEqual([false, false, true, true, false, false]);
    expect([a, b, c].map(({ id }) => node.views.isHidden(id))).toEqual([false, true, false]);
    expect(await Promise.all([a, b, c].map(async (one) => (await standing(node, one)).stands))).toEqual([
      true,
      false,
      true,
    ]);
    expect(await node.views.verdicts([a.id, b.id])).toMatchObject([[], [{ view: 'standing', says: 'retracted' }]]);
  });

  test('who waits with a signal that lasts leaves nothing on it', async () => {
    const node = await openNode();
    const { signal } = new AbortController();
    for (let i = 0; i < 3; i++) {
      const [stored] = await node.parts.store.put([{ block: await block('ann'), firstSeenMs: timeMs }]);
      await node.views.waitFor(stored!.seq, signal);
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await expect(node.views.waitFor(1e9, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });

  test('a retraction that came first acts when its target arrives; superseding names the newest', async () => {
    const node = await openNode();
    const a = await block('ann');
    const next = await block('ann', { refs: [{ rel: 'supersedes', id: a.id }] });
    await node.put([await block('ann', retraction(a)), next]);
    await node.put([await block('bob'), a]);
    await node.views.settled(await head(node));
    expect(bits(node.views, 6)).toEqual([false, false, false, false, true, true]);
    expect(await standing(node, a)).toMatchObject({ stands: false, newest: [next.id] });
  });

  test('a rotated-away key’s later blocks are hidden, its earlier ones are not', async () => {
    const node = await openNode();
    await node.put([await block('old')], timeMs);
    const rotation = [
      await block('old', { kind: 'rotate/1', fields: { to: did('new') }, refs: rotatesTo(did('new')) }),
      await block('new', { kind: 'rotate/1', fields: { from: did('old') }, refs: rotatesFrom(did('old')) }),
    ];
    await node.put(rotation, timeMs + 1000);
    await node.put([await block('old')], timeMs + 2000);
    await node.views.settled(await head(node));
    expect(bits(node.views, 4)).toEqual([false, false, true, true]);
    expect((await node.views.ask('identities', 'of', { author: did('old') })).result).toMatchObject({
      state: 'rotated',
      current: did('new'),
    });
  });

  test('is known from the first moment after a restart, with a plug-in more or less, and in a store of another life', async () => {
    const first = await openNode();
    const a = await block('ann');
    await first.put([a, await block('ann', retraction(a))]);
    await first.close();
    for (const plugins of [[], [pollModule], []]) {
      const node = await openNode(plugins);
      expect(node.views.settled(0)).toBeUndefined();
      expect(node.views.isHidden(a.id)).toBe(true);
      expect(hasBit(node.views.hidden(), 0)).toBe(true);
      await node.close();
    }
    for (const name of readdirSync(join(folder, 'views')).filter((one) => one.endsWith('.sqlite')))
      await writeFile(join(folder, 'views', name), 'no database');
    const mended = await openNode();
    await mended.views.settled();
    expect(mended.faults.join()).toMatch(/damaged/);
    expect(mended.views.isHidden(a.id)).toBe(true);
  });

  test('what an earlier version of a view hid stays hidden until the new one is there', async () => {
    const plugin = (version: number, wait: number): string => {
      const path = join(folder, `hiding-${version}.mjs`);
      writeFileSync(
        path,
        `export default { name: 'hiding', kinds: [], views: [{ name: 'hiding', version: ${version}, rels: ['hides'],
          tables: { said: { key: ['target'] } },
          head: ({ refs }) => { for (const end = Date.now() + ${wait}; Date.now() < end;); return { said: refs.map(({ id }) => ({ target: id })) }; },
          hides: {
            *touched(db, { row }) { return [{ id: row.target }]; },
            *judge(db, { id }) { return (yield* db.row('said', [id])) !== undefined; },
          },
          questions: { count: { describe: '', params: Object.assign(() => undefined, { json: {} }), answer: Object.assign(() => undefined, { json: {} }),
            *run(db) { return (yield* db.rows('said')).length; } } } }] };`,
      );
      return path;
    };
    const first = await openNode([plugin(1, 0)]);
    const a = await block('ann');
    await first.put([
      a,
      ...(await Promise.all(['b', 'c', 'd'].map((name) => block(name, { refs: [{ rel: 'hides', id: a.id }] })))),
    ]);
    expect(first.views.isHidden(a.id)).toBe(true);
    await first.close();
    const second = await openNode([plugin(2, 300)]);
    expect(second.views.isHidden(a.id)).toBe(true);
    await expect(second.views.ask('hiding', 'count', {})).rejects.toThrow(/view\.building/);
    await second.views.waitFor(await head(second));
    expect((await second.views.ask('hiding', 'count', {})).result).toBe(3);
    expect(second.views.isHidden(a.id)).toBe(true);
    await second.close();
    const without = await openNode([]);
    expect(without.views.isHidden(a.id)).toBe(false);
    const files = readdirSync(join(folder, 'views')).filter((one) => one.endsWith('.sqlite'));
    expect(files).toHaveLength(without.views.cones().length);
  });
});

describe('a view that is upgraded', () => {
  test('hides what it newly hides all at once, and what both versions hide throughout', async () => {
    const plugin = (version: number, rels: readonly string[], wait: number): string => {
      const path = join(folder, `shading-${version}.mjs`);
      writeFileSync(
        path,
        `export default { name: 'shading', kinds: [], views: [{ name: 'shading', version: ${version}, rels: ${JSON.stringify(rels)},
          tables: { said: { key: ['target'] } },
          head: ({ refs }) => { for (const end = Date.now() + ${wait}; Date.now() < end;); return { said: refs.map(({ id }) => ({ target: id })) }; },
          hides: {
            *touched(db, { row }) { return [{ id: row.target }]; },
            *judge(db, { id }) { return (yield* db.row('said', [id])) !== undefined; },
          }, questions: {} }] };`,
      );
      return path;
    };
    // The store takes what was checked: nothing here has to be signed.
    const targets = [1, 2, 3].map((number) => testBlock(number));
    const saying = (rel: string, target: number, from: number, count: number): CheckedBlock[] =>
      Array.from({ length: count }, (_, i) => testBlock(from + i, { refs: [{ rel, id: targets[target]!.id }] }));
    const first = await openNode([plugin(1, ['shades'], 0)]);
    await first.put([
      ...targets,
      ...saying('shades', 0, 10, 1),
      // More than a follower takes at a time, so that there is a moment between them.
      ...saying('darkens', 1, 100, 300),
      ...saying('darkens', 2, 500, 100),
    ]);
    await first.close();
    const second = await openNode([plugin(2, ['shades', 'darkens'], 5)]);
    const end = await head(second);
    const seen = new Set<string>();
    const look = (): void =>
      void seen.add(targets.map(({ id }) => (second.views.isHidden(id) ? 'hidden' : 'shown')).join(' '));
    const done = second.views.waitFor(end).then(() => true);
    while (!(await Promise.race([done, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]))) look();
    look();
    expect([...seen]).toEqual(['hidden shown shown', 'hidden hidden hidden']);
  });
});

describe('a plug-in from outside: the poll of the examples', () => {
  const question = { kind: 'poll.example/1', fields: { question: 'Tea or coffee?', options: ['tea', 'coffee'] } };
  const vote = (about: CheckedBlock, choice: number, at = timeMs): Made => ({
    kind: 'poll.example/1',
    fields: { choice },
    refs: [{ rel: 'about', id: about.id }],
    timeMs: at,
  });

  test('counts one vote an author, the latest; forgets one whose body was erased; watchers are told', async () => {
    const node = await openNode([pollModule]);
    const asked = await block('ann', question);
    const ending = new AbortController();
    const told: unknown[] = [];
    const watching = (async () => {
      for await (const { result } of node.views.watch('poll', 'result', { id: asked.id }, ending.signal))
        told.push(result);
    })();
    const bob = await block('bob', vote(asked, 1, timeMs + 5));
    await node.put([await block('bob', vote(asked, 0)), asked, await block('carl', vote(asked, 1)), bob]);
    await node.views.waitFor(await head(node));
    const votes = async (): Promise<unknown> =>
      ((await node.views.ask('poll', 'result', { id: asked.id })).result as { result: { votes: number }[] }).result.map(
        (one) => one.votes,
      );
    expect(await votes()).toEqual([0, 2]);
    await node.parts.store.erase([bob.id], 'takedown');
    await node.views.waitFor(await head(node));
    expect(await votes()).toEqual([1, 1]);
    while (told.length < 2 || !JSON.stringify(told.at(-1)).includes('"votes":1},{'))
      await node.views.ask('poll', 'list', {});
    ending.abort(new Error('enough'));
    await watching;
    expect(told.at(-1)).toMatchObject({ known: true, result: [{ votes: 1 }, { votes: 1 }] });
  });

  test('blocks that were inert before the plug-in was switched on count afterwards', async () => {
    const without = await openNode();
    const asked = await block('ann', question);
    await without.put([
      { ...asked, entry: { ...asked.entry, inert: { code: 'kind.unknown', detail: 'poll.example/1' } } },
    ]);
    await without.close();
    const node = await openNode([pollModule]);
    await node.views.waitFor(1);
    expect((await node.views.ask('poll', 'list', {})).result).toMatchObject({
      polls: [{ question: 'Tea or coffee?' }],
    });
  });

  test('refuses malformed polls at the author’s door', async () => {
    await expect(
      block('ann', { kind: 'poll.example/1', fields: { question: 'one?', options: ['yes'] } }),
    ).rejects.toThrow(/kind\.malformed/);
    await expect(block('ann', { kind: 'poll.example/1', fields: { choice: 1 } })).rejects.toThrow(/about a poll/);
  });
});

describe('views that misbehave', () => {
  const plain =
    '{ params: Object.assign(() => undefined, { json: {} }), answer: Object.assign(() => undefined, { json: {} }), describe: "x" }';
  const module = (name: string, view: string): string => {
    const path = join(folder, `${name}.mjs`);
    writeFileSync(
      path,
      `const plain = ${plain};
       export default { name: '${name}', kinds: [{ name: '${name}.example/1', maxBytes: 1000, schema: {}, parse: (_, body) => ({ ok: true, body }) }],
         views: [{ name: '${name}', version: 1, kinds: ['${name}.example/1'], tables: { rows: { key: ['id'] } }, ${view} }] };`,
    );
    return path;
  };
  const say = async (name: string, author: string, word: string): Promise<CheckedBlock> =>
    block(author, { kind: `${name}.example/1`, fields: { word } }, [
      ...corePlugins,
      {
        name,
        kinds: [{ name: `${name}.example/1`, maxBytes: 1000, schema: {}, parse: (_, body) => ({ ok: true, body }) }],
        views: [],
      },
    ]);

  test('unknown views and questions are refused with what there is', async () => {
    const { views } = await openNode();
    await expect(views.ask('nothing', 'of', {})).rejects.toThrow(/request\.not_found.*standing/);
    await expect(views.ask('standing', 'constructor', {})).rejects.toThrow(/request\.not_found.*claims/);
    await expect(views.ask('standing', 'of', { id: 'x' })).rejects.toThrow(/request\.malformed/);
    await expect(views.ask('standing', 'claims', { limit: '0' })).rejects.toThrow(/limit/);
  });

  test('a block that a view throws on or makes too many rows of is a fault; the others count', async () => {
    const path = module(
      'strict',
      `body: ({ id }, { word }) => { if (word === 'bad') throw new Error('no'); return { rows: Array.from({ length: word === 'many' ? 65 : 1 }, () => ({ id, word })) }; },
       questions: { count: { ...plain, *run(db) { return (yield* db.rows('rows')).map(({ word }) => word); } } }`,
    );
    const node = await openNode([path]);
    await node.put(await Promise.all(['good', 'bad', 'many'].map((word) => say('strict', 'ann', word))));
    await node.views.waitFor(3);
    expect((await node.views.ask('strict', 'count', {})).result).toEqual(['good']);
    expect(node.faults.join()).toMatch(/Error: no.*more than 64 rows/s);
  });

  test('a view that does not come to an end with a block goes on without it, and nothing else is held up', async () => {
    const path = module(
      'loop',
      `body: ({ id }, { word }) => { while (word === 'loop'); return { rows: [{ id, word }] }; },
       questions: { count: { ...plain, *run(db) { return (yield* db.rows('rows')).length; } },
                    loop: { ...plain, *run() { for (;;); } } }`,
    );
    const node = await openNode([path]);
    const startedMs = Date.now();
    const a = await block('ann');
    await node.put([
      await say('loop', 'ann', 'good'),
      await say('loop', 'bob', 'loop'),
      await say('loop', 'ann', 'too'),
      a,
    ]);
    await node.put([await block('ann', retraction(a))]);
    expect(node.views.isHidden(a.id)).toBe(true);
    expect(Date.now() - startedMs).toBeLessThan(4_000);
    await node.views.waitFor(3);
    expect((await node.views.ask('loop', 'count', {})).result).toBe(2);
    expect(node.faults.join()).toMatch(/view loop did not come to an end with the block at 2/);
    const asked = node.views.ask('loop', 'loop', {});
    const other = node.views.ask('standing', 'of', { id: a.id });
    // A machine that gives it no two seconds in thirty says busy.
    await expect(asked).rejects.toThrow(/view\.(failed|busy).*loop\/loop/);
    expect((await other).result).toMatchObject({ stands: false });
  }, 120_000);

  test('a question that is given no time by the machine is waited for', async () => {
    const path = module(
      'held',
      `questions: { up: { ...plain, *run() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500); return 'done'; } } }`,
    );
    const { views, faults } = await openNode([path]);
    expect((await views.ask('held', 'up', {})).result).toBe('done');
    expect(faults).toEqual([]);
  }, 60_000);

  test('four that do not come to an end within an hour stop a view for an hour, and no longer', async () => {
    const path = module(
      'often',
      `body: ({ id }, { word }) => { if (word === 'loop') for (;;); return { rows: [{ id, word }] }; },
       questions: { count: { ...plain, *run(db) { return (yield* db.rows('rows')).length; } } }`,
    );
    let pass!: () => void;
    const hour = new Promise<void>((resolve) => (pass = resolve));
    const clock = {
      now: () => systemClock.now(),
      sleep: (ms: number, signal?: AbortSignal) =>
        ms === 3_600_000 ? hour : systemClock.sleep(ms === 1_000 ? 1 : ms, signal),
    };
    const node = await openNode([path], { clock, hangMs: 400 });
    const words = ['loop', 'loop', 'loop', 'loop', 'good', 'better'];
    await node.put(await Promise.all(words.map((word) => say('often', 'ann', word))));
    await expect(node.views.waitFor(6)).rejects.toThrow(/view\.failed.*often.*4 times within an hour.*it goes on at/);
    expect(node.views.cones().find(({ name }) => name.includes('often'))!.failure).toMatch(/it goes on at/);
    pass();
    while (!node.faults.some((fault) => /often: go on after an hour/.test(fault)))
      await new Promise((resolve) => setTimeout(resolve, 20));
    await node.views.waitFor(6);
    expect((await node.views.ask('often', 'count', {})).result).toBe(2);
  }, 120_000);

  test('a worker that is slow to begin after another was ended is not taken for hanging as well', async () => {
    const path = module(
      'slow',
      `body: ({ id }, { word }) => { if (word === 'loop') { writeFileSync(hung, ''); for (;;); } return { rows: [{ id, word }] }; },
       questions: { count: { ...plain, *run(db) { return (yield* db.rows('rows')).length; } } }`,
    );
    appendFileSync(
      path,
      `import { existsSync, writeFileSync } from 'node:fs';
       const hung = ${JSON.stringify(join(folder, 'hung'))};
       if (existsSync(hung)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);`,
    );
    const node = await openNode([path]);
    await node.put([await say('slow', 'ann', 'loop'), await say('slow', 'ann', 'good')]);
    await node.views.waitFor(2);
    expect((await node.views.ask('slow', 'count', {})).result).toBe(1);
    expect(node.faults.join()).toMatch(/view slow did not come to an end with the block at 1/);
  }, 120_000);
});
