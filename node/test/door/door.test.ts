import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  concatBytes,
  corePlugins,
  createBlock,
  createRegistry,
  limits,
  packRows,
  signerOfSeed,
  type BlockStore,
  type NewBlock,
  type ObserverLocation,
} from '@cosmicembeddings/sdk';
import { createLexicalEmbedder, lexicalSpace } from '@cosmicembeddings/sdk/embedders';
import { createMemoryStore } from '@cosmicembeddings/sdk/memory';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { createDoor, type AcceptOptions } from '../../src/door/accept.js';
import { createAdmission, parsePolicy, type Policy } from '../../src/door/admission.js';
import { createVerifyPool, type VerifyPool } from '../../src/door/verify-pool.js';

const nowMs = Date.UTC(2026, 0, 15, 12);
const registry = createRegistry(corePlugins);
const sky = createSky();
const madrid: ObserverLocation = { lat: 40_416_800, lon: -3_703_800, elevation: 650_000 };
let pool: VerifyPool;
let vector: Float32Array;

beforeAll(async () => {
  pool = await createVerifyPool({ network: 'dev', plugins: [], workers: 1, verifier: 'auto' });
  vector = (await createLexicalEmbedder().embed(['a passage'], { role: 'passage' })).vectors[0]!;
});
afterAll(() => pool.close());

let salts = 0;
async function blockOf(change: Partial<NewBlock> = {}, seed = 1, network = 'dev') {
  const fields = {
    space: { ...lexicalSpace },
    embedding: { ...packRows([vector], 'f32') },
    input_type: 'text',
    input_reference: [{ hash: new Uint8Array(32), origin: 'test' }],
    texts: ['a passage'],
  };
  const salt = (): Uint8Array => new Uint8Array(16).fill(++salts);
  return createBlock(
    { kind: 'embedding/1', fields, timeMs: nowMs - 1000, place: madrid, ...change },
    { signer: signerOfSeed(new Uint8Array(32).fill(seed)), network, registry, sky, salt },
  );
}

function doorOf(
  options: { policy?: Policy; store?: BlockStore; inFlightMax?: number; hasRoom?: AcceptOptions['hasRoom'] } = {},
) {
  const store = options.store ?? createMemoryStore();
  const clock = { now: () => nowMs, sleep: async () => undefined };
  const door = createDoor({
    store,
    pool,
    admission: createAdmission(options.policy ?? {}),
    clock,
    inFlightMax: options.inFlightMax ?? 1000,
    inFlightMaxBytes: 1e9,
    ...(options.hasRoom === undefined ? {} : { hasRoom: options.hasRoom }),
  });
  return { store, ...door };
}

describe('the door', () => {
  test('keeps a sound block once, whoever brings it and however often', async () => {
    const { accept, store } = doorOf();
    const { id, wire } = await blockOf();
    const answers = await Promise.all([
      accept(wire, { type: 'own' }),
      accept(wire, { type: 'http' }),
      accept(wire, { type: 'peer', peer: 'x' }),
    ]);
    expect(answers.map((answer) => answer.status).sort()).toEqual(['known', 'known', 'stored']);
    expect(await accept(wire, { type: 'import' })).toEqual({ status: 'known', id, seq: 1 });
    expect((await store.head()).count).toBe(1);
    const [stored] = await store.get([id]);
    expect(concatBytes(stored!.envelope, stored!.body!)).toEqual(wire);
    expect(stored!.firstSeenMs).toBe(nowMs);
  });

  test('refuses a changed byte, a replay under another author, a wrong network and a wrong sky, each with its code', async () => {
    const { accept, store } = doorOf();
    const { wire } = await blockOf();
    const other = await blockOf({}, 2);
    const inBody = wire.slice();
    inBody[wire.length - 1]! ^= 1;
    const inSignature = wire.slice();
    inSignature[wire.length - (await bodyBytes(wire)) - 1]! ^= 1;
    const elsewhere = await blockOf({}, 1, 'another');
    const honestSky = {
      stamp: (at: { timeMs: number; place?: ObserverLocation }) => sky.stamp({ ...at, timeMs: at.timeMs - 3_600_000 }),
    };
    const wrongSky = await createBlock(
      {
        kind: 'embedding/1',
        timeMs: nowMs - 1000,
        place: madrid,
        fields: {
          space: { ...lexicalSpace },
          embedding: { ...packRows([vector], 'f32') },
          input_type: 'text',
          input_reference: [{ hash: new Uint8Array(32), origin: '' }],
        },
      },
      {
        signer: signerOfSeed(new Uint8Array(32).fill(1)),
        network: 'dev',
        registry,
        sky: honestSky,
        salt: () => new Uint8Array(16),
      },
    );
    const codes = [];
    for (const bytes of [
      inBody,
      inSignature,
      elsewhere.wire,
      wrongSky.wire,
      new Uint8Array(),
      concatBytes(wire, other.wire),
    ]) {
      const answer = await accept(bytes, { type: 'http' });
      codes.push(answer.status === 'rejected' ? answer.code : answer.status);
    }
    expect(codes).toEqual([
      'block.body_mismatch',
      'block.bad_signature',
      'block.bad_signature',
      'sky.mismatch',
      'block.malformed',
      'block.malformed',
    ]);
    expect((await store.head()).count).toBe(0);
  });

  test('a block of the future is for later and leaves nothing behind', async () => {
    const { accept, store } = doorOf();
    const timeMs = nowMs + limits.futureMaxMs + 5000;
    const { id, wire } = await blockOf({ timeMs });
    expect(await accept(wire, { type: 'http' })).toEqual({
      status: 'later',
      id,
      retryAtMs: timeMs - limits.futureMaxMs,
    });
    expect((await store.head()).count).toBe(0);
  });

  test('a clock may be two minutes off, and not a millisecond more', async () => {
    const { accept } = doorOf();
    const at = async (aheadMs: number) =>
      (await accept((await blockOf({ timeMs: nowMs + aheadMs })).wire, { type: 'http' })).status;
    expect(await at(120_000)).toBe('stored');
    expect(await at(120_001)).toBe('later');
  });

  test('a refused block is remembered as decided and names the rule', async () => {
    const { accept, store } = doorOf({ policy: parsePolicy({ tags: { deny: ['spam'] } }) });
    const { id, wire } = await blockOf({ tags: ['spam'] });
    expect(await accept(wire, { type: 'http' })).toEqual({
      status: 'rejected',
      code: 'policy.refused',
      detail: 'tags.deny: spam',
      id,
    });
    const all = await store.items(
      { timeMs: 0, digest: new Uint8Array(32) },
      { timeMs: Number.MAX_SAFE_INTEGER, digest: new Uint8Array(32) },
      10,
    );
    expect(all).toHaveLength(1);
  });

  test('a full door answers node.busy instead of queueing', async () => {
    const { accept } = doorOf({ inFlightMax: 2 });
    const wires = await Promise.all([1, 2, 3].map(async () => (await blockOf()).wire));
    const answers = await Promise.all(wires.map((wire) => accept(wire, { type: 'http' })));
    expect(answers.map((answer) => (answer.status === 'rejected' ? answer.code : answer.status))).toEqual([
      'stored',
      'stored',
      'node.busy',
    ]);
  });

  test('a store that fails with a code is an answer; any other failure is thrown', async () => {
    const { CosmicError } = await import('@cosmicembeddings/sdk');
    const failing = (error: Error): BlockStore => ({ ...createMemoryStore(), put: () => Promise.reject(error) });
    const { wire } = await blockOf();
    expect(
      await doorOf({ store: failing(new CosmicError('node.storage_full', 'test')) }).accept(wire, { type: 'http' }),
    ).toMatchObject({ status: 'rejected', code: 'node.storage_full' });
    await expect(doorOf({ store: failing(new Error('defect')) }).accept(wire, { type: 'http' })).rejects.toThrow(
      'defect',
    );
  });
});

async function bodyBytes(wire: Uint8Array): Promise<number> {
  const { openBlock } = await import('@cosmicembeddings/sdk');
  const opened = openBlock(wire);
  if (opened.status !== 'ok') throw new Error(opened.code);
  return opened.block.header.body_bytes;
}

describe('blocks that nobody can read', () => {
  const rowsOf = (row: Float32Array) => ({
    fields: {
      space: { ...lexicalSpace },
      embedding: { ...packRows([row], 'f32') },
      input_type: 'text',
      input_reference: [{ hash: new Uint8Array(32), origin: 'test' }],
    },
  });
  /** As somebody signs it whose software checks nothing. */
  async function unchecked(row: Float32Array): Promise<Uint8Array> {
    const kinds = registry.kind('embedding/1')!;
    const careless = { ...registry, kind: () => ({ ...kinds, parse: (body: never) => ({ ok: true as const, body }) }) };
    const { wire } = await createBlock(
      { kind: 'embedding/1', timeMs: nowMs - 1000, ...rowsOf(row) },
      {
        signer: signerOfSeed(new Uint8Array(32).fill(1)),
        network: 'dev',
        registry: careless as never,
        sky,
        salt: () => new Uint8Array(16).fill(++salts),
      },
    );
    return wire;
  }

  test.each([
    ['vector.not_finite', () => vector.map((x, i) => (i === 3 ? NaN : x))],
    ['vector.zero', () => vector.map(() => 0)],
    ['vector.not_unit', () => vector.map((x) => 2 * x)],
  ] as const)('%s: refused where its author stands, kept as it is from a peer', async (code, row) => {
    const { accept, store } = doorOf();
    const wire = await unchecked(row());
    for (const type of ['http', 'own', 'import'] as const)
      expect(await accept(wire, { type })).toMatchObject({ status: 'rejected', code });
    expect((await store.head()).count).toBe(0);
    expect(await accept(wire, { type: 'peer', peer: 'x' })).toMatchObject({ status: 'stored' });
  });
});

describe('when there is no room', () => {
  test('a budget that is used up is a refusal with its time, and nothing is decided: the block passes later', async () => {
    const { accept, store } = doorOf({ policy: { quota: { blocks: 1, perMs: 60_000 } } });
    await accept((await blockOf()).wire, { type: 'http' });
    const { wire, id } = await blockOf();
    const refused = await accept(wire, { type: 'peer', peer: 'x' });
    expect(refused).toMatchObject({ status: 'rejected', code: 'policy.over_quota', id, retryAtMs: nowMs + 60_000 });
    expect((refused as { detail: string }).detail).toMatch(/^quota\.blocks: 1 blocks/);
    expect(
      await store.items({ timeMs: 0, digest: new Uint8Array(32) }, { timeMs: 2 ** 50, digest: new Uint8Array(32) }, 9),
    ).toHaveLength(1);
  });

  test('on a disk that is as full as it may be, only what undoes something is taken', async () => {
    const { accept } = doorOf({ hasRoom: ({ entry }) => entry.kind === 'retract/1' });
    expect(await accept((await blockOf()).wire, { type: 'own' })).toMatchObject({ code: 'node.storage_full' });
  });
});

describe('admission', () => {
  const judge = (
    policy: unknown,
    entry: object = {},
    more: { bytes?: number; timeMs?: number; place?: ObserverLocation } = {},
  ) =>
    createAdmission(parsePolicy(policy))(
      {
        block: {
          entry: { author: 'a', kind: 'embedding/1', timeMs: 0, tags: [], links: [], refs: [], rows: 0, ...entry },
          timeMs: more.timeMs ?? nowMs,
        },
        bytes: more.bytes ?? 100,
        place: () => more.place,
      },
      nowMs,
    )?.rule;

  test.each([
    [{ authors: { allow: ['b'] } }, {}, {}, 'authors.allow'],
    [{ authors: { deny: ['a'] } }, {}, {}, 'authors.deny'],
    [{ kinds: { deny: ['embedding/1'] } }, {}, {}, 'kinds.deny'],
    [{ spaces: { allow: ['s'] } }, { space: 't' }, {}, 'spaces.allow'],
    [{ spaces: { allow: ['s'] } }, {}, {}, undefined],
    [{ tags: { allow: ['x'] } }, { tags: ['y'] }, {}, 'tags.allow'],
    [{ maxBytes: 99 }, {}, {}, 'maxBytes'],
    [{ maxAgeMs: 1000 }, {}, { timeMs: nowMs - 1001 }, 'maxAgeMs'],
    [{ regions: [{ south: 30, north: 50, west: -10, east: 10 }] }, {}, {}, 'regions'],
    [{ regions: [{ south: 30, north: 50, west: -10, east: 10 }] }, {}, { place: madrid }, undefined],
    [{ regions: [{ south: -90, north: 90, west: 170, east: -170 }] }, {}, { place: madrid }, 'regions'],
    ...([
      [178, undefined],
      [-178, undefined],
      [170, undefined],
      [-170, undefined],
      [169.999999, 'regions'],
      [-169.999999, 'regions'],
      [0, 'regions'],
    ].map(([lon, rule]) => [
      { regions: [{ south: -90, north: 90, west: 170, east: -170 }] },
      {},
      { place: { lat: 0, lon: Math.round((lon as number) * 1e6), elevation: 0 } },
      rule,
    ]) as [object, object, object, string | undefined][]),
    // Up to its edges and no further, on all four sides.
    ...([
      [30, 10, undefined],
      [50, -10, undefined],
      [40, 10.000001, 'regions'],
      [40, -10.000001, 'regions'],
      [29.999999, 0, 'regions'],
      [50.000001, 0, 'regions'],
    ].map(([lat, lon, rule]) => [
      { regions: [{ south: 30, north: 50, west: -10, east: 10 }] },
      {},
      { place: { lat: Math.round((lat as number) * 1e6), lon: Math.round((lon as number) * 1e6), elevation: 0 } },
      rule,
    ]) as [object, object, object, string | undefined][]),
    [{ requiredProofs: ['cites'] }, {}, {}, 'requiredProofs'],
    [{ requiredProofs: ['cites'] }, { links: [{ rel: 'cites', id: 'x' }] }, {}, undefined],
  ])('%j on %j %j → %s', (policy, entry, more, rule) => {
    expect(judge(policy, entry, more)).toBe(rule);
  });

  test('quotas count an author’s blocks and bytes and start anew after their time', () => {
    const admission = createAdmission({ quota: { blocks: 2, bytes: 250, perMs: 1000 } });
    const candidate = (author: string, bytes = 100) => ({
      block: { entry: { author, kind: 'k/1', timeMs: 0, tags: [], links: [], refs: [], rows: 0 }, timeMs: 0 },
      bytes,
      place: () => undefined,
    });
    const rules = [
      admission(candidate('a'), 0),
      admission(candidate('a'), 1),
      admission(candidate('a'), 2),
      admission(candidate('b', 300), 2),
      admission(candidate('a'), 1000),
    ];
    expect(rules.map((refusal) => refusal?.rule)).toEqual([
      undefined,
      undefined,
      'quota.blocks',
      'quota.bytes',
      undefined,
    ]);
  });

  test.each([
    [{ author: {} }],
    [{ authors: ['a'] }],
    [{ authors: { allow: 'a' } }],
    [{ maxBytes: -1 }],
    [{ quota: { perDay: 1 } }],
    [{ regions: [{ south: 1 }] }],
    [[]],
  ])('refuses the policy %j', (policy) => {
    expect(() => parsePolicy(policy)).toThrow('config.malformed');
  });
});
