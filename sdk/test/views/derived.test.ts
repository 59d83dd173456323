import { describe, expect, test } from '@jest/globals';
import { createRegistry, ownFields, type Plugin } from '../../src/kinds/index.js';
import { createMemoryKeyed } from '../../src/memory/index.js';
import { integer, list, struct, text } from '../../src/schema/index.js';
import { blockId, createViewWorld, pluginSuite, type WorldBlock } from '../../src/testing/index.js';
import { askView, planCones, takeBatch, type View } from '../../src/views/index.js';

const amount = integer(-(2 ** 53) + 1, 2 ** 53 - 1);
const fields = struct({ amount });
const BIG = 2 ** 52;

/** Lines of credit as they may come one day: a transfer names those that it follows, and carries their sum on. */
const creditView: View<{ readonly amount: number }> = {
  name: 'credit',
  version: 1,
  kinds: ['transfer.example/1'],
  tables: { transfers: { key: ['owner'] }, given: { key: ['owner', 'amount'] } },
  head: ({ author, refs }) => ({ transfers: [{ owner: author, spends: refs.map(({ id }) => id) }] }),
  body: ({ author }, own) => ({ given: [{ owner: author, amount: own.amount }] }),
  derived: {
    depth: {
      op: 'causal',
      from: 'transfers',
      along: 'spends',
      key: ['owner'],
      rows: ([own], before) => [
        {
          owner: own!['owner']!,
          depth: 1 + Math.max(0, ...before.flatMap((rows) => rows.map((row) => row['depth'] as number))),
          paths: before.flat().reduce((sum, row) => (sum + (row['paths'] as number)) % 1_000_003, 1),
        },
      ],
    },
    deepest: {
      op: 'group',
      from: 'depth',
      by: ['owner'],
      key: ['owner'],
      rows: (rows) => [{ owner: rows[0]!['owner']!, depth: Math.max(...rows.map((row) => row['depth'] as number)) }],
    },
    balance: { op: 'sum', from: 'given', by: ['owner'], ints: ['amount'] },
  },
  questions: {
    of: {
      describe: 'What an owner has.',
      params: struct({ owner: text(64) }),
      answer: struct(
        { lines: list(struct({ depth: integer(0, 10_000), paths: amount }), 1000), deepest: integer(0, 10_000) },
        { optional: { balance: text(64) } },
      ),
      *run(db, { owner }) {
        const balance = yield* db.row('balance', [owner as string]);
        return {
          lines: (yield* db.rows('depth', [owner as string])).map(({ depth, paths }) => ({ depth, paths })),
          deepest: (yield* db.row('deepest', [owner as string]))?.['depth'] ?? 0,
          ...(balance === undefined ? {} : { balance: String(balance['amount']) }),
        };
      },
    },
    given: {
      describe: 'Amounts that an owner has given, in order.',
      params: struct({ owner: text(64) }),
      answer: struct({ amounts: list(amount, 1000) }),
      *run(db, { owner }) {
        return { amounts: (yield* db.rows('given', [owner as string])).map((row) => row['amount']) };
      },
    },
    seen: {
      describe: 'When a block was seen.',
      params: struct({ id: text(64) }),
      answer: struct({}, { optional: { ms: integer(0, 1e15) } }),
      *run(db, { id }) {
        const ms = yield* db.seen(id as string);
        return ms === undefined ? {} : { ms };
      },
    },
  },
  scope: {
    // eslint-disable-next-line require-yield -- it needs to read nothing
    *contains(_db, scope, block) {
      return block.timeMs <= Number(scope);
    },
  },
};

const credit: Plugin = {
  name: 'credit',
  kinds: [
    {
      name: 'transfer.example/1',
      maxBytes: 1000,
      schema: fields.json,
      parse: (_header, body) => {
        const own = ownFields(body);
        const fault = fields(own, 'body');
        return fault === undefined ? { ok: true, body: own } : { ok: false, code: 'kind.malformed', detail: fault };
      },
    },
  ],
  views: [creditView],
};

const transfer = (name: string, owner: string, spends: readonly string[], given = 1, timeMs = 0): WorldBlock => ({
  id: blockId(name),
  kind: 'transfer.example/1',
  author: owner,
  timeMs,
  refs: spends.map((one) => ({ rel: 'spends', id: blockId(one) })),
  fields: { amount: given },
});

pluginSuite(
  { describe, test },
  {
    plugins: [credit],
    rounds: 12,
    scenario(random) {
      const names = Array.from({ length: 24 }, (_, i) => `t${i}`);
      const blocks = names.map((name, i) => {
        const spends = new Set(Array.from({ length: i === 0 ? 0 : random(3) }, () => names[random(i)]!));
        // One of them may spend what never comes.
        if (random(30) === 0) spends.add('nothing');
        return transfer(name, `owner ${random(4)}`, [...spends], random(2) === 0 ? BIG : -random(9), random(5));
      });
      const questions = ['owner 0', 'owner 1', 'owner 2', 'owner 3', 'nobody'].flatMap((owner) => [
        { view: 'credit', question: 'of', params: { owner } },
        { view: 'credit', question: 'given', params: { owner } },
      ]);
      return { blocks, questions };
    },
  },
);

function nodeOf(blocks: readonly WorldBlock[]) {
  const registry = createRegistry([credit]);
  const [plan] = planCones(registry);
  const world = createViewWorld(registry);
  for (const block of blocks) world.put(block);
  const store = createMemoryKeyed();
  const taken = takeBatch(plan!, store, world, world.items(0, world.head), { epoch: 'e', seq: world.head });
  return { plan: plan!, store, world, taken };
}

test('a deep lattice is worked out once a block, and a late root reaches the end', () => {
  const lattice = Array.from({ length: 60 }, (_, i) => [
    transfer(`a${i}`, 'a', i === 0 ? ['root'] : [`a${i - 1}`, `b${i - 1}`]),
    transfer(`b${i}`, 'b', i === 0 ? ['root'] : [`a${i - 1}`, `b${i - 1}`]),
  ]).flat();
  let runs = 0;
  const counted = creditView.derived!['depth'] as { rows: (...given: never[]) => readonly never[] };
  const rows = counted.rows;
  counted.rows = (...given) => (runs++, rows(...given));
  try {
    const { plan, store, world } = nodeOf(lattice);
    expect(askView({ plan, store, world }, 'credit', 'of', { owner: 'a' }).result).toMatchObject({ deepest: 0 });
    world.put(transfer('root', 'r', []));
    takeBatch(plan, store, world, world.items(120, 121), { epoch: 'e', seq: 121 });
    expect(askView({ plan, store, world }, 'credit', 'of', { owner: 'a' }).result).toMatchObject({ deepest: 61 });
    expect(runs).toBe(121);
  } finally {
    counted.rows = rows;
  }
});

test('sums go beyond 2^53 and come back', () => {
  const { plan, store, world } = nodeOf(Array.from({ length: 8 }, (_, i) => transfer(`t${i}`, 'ann', [], 2 ** 53 - 1)));
  const balance = (): unknown =>
    (askView({ plan, store, world }, 'credit', 'of', { owner: 'ann' }).result as { balance: string }).balance;
  expect(balance()).toBe(String(8n * BigInt(2 ** 53 - 1)));
  for (let i = 0; i < 7; i++) world.erase(blockId(`t${i}`));
  takeBatch(plan, store, world, world.items(8, 15), { epoch: 'e', seq: 15 });
  expect(balance()).toBe(String(2 ** 53 - 1));
});

test('asked at a scope, a question sees base rows of its blocks alone, and nothing that is local or derived', () => {
  const cone = nodeOf([1, 2, 3].map((n) => transfer(`t${n}`, 'ann', [], n, n)));
  const at = (question: string, params: Record<string, string>, scope?: string): unknown =>
    askView(cone, 'credit', question, params, { at: scope }).result;
  expect(at('given', { owner: 'ann' })).toEqual({ amounts: [1, 2, 3] });
  expect(at('given', { owner: 'ann' }, '2')).toEqual({ amounts: [1, 2] });
  expect(() => at('of', { owner: 'ann' }, '2')).toThrow(/view\.too_costly/);
  expect(() => at('seen', { id: blockId('t1') }, '2')).toThrow(/view\.local/);
});
