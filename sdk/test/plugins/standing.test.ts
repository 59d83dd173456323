import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../src/bytes.js';
import { cidOf, DAG_CBOR } from '../../src/codec/index.js';
import { didOf, sha256 } from '../../src/crypto/index.js';
import { createRegistry, rotatesFrom, rotatesTo, type Link } from '../../src/kinds/index.js';
import { createMemoryKeyed } from '../../src/memory/index.js';
import { corePlugins } from '../../src/plugins/index.js';
import { createViewWorld, type WorldBlock } from '../../src/testing/index.js';
import { askView, fallenIn, planCones, takeBatch, verdictsOf, type Cone } from '../../src/views/index.js';

const registry = createRegistry(corePlugins);
const plan = planCones(registry).find(({ name }) => name.includes('standing'))!;
const key = (name: string): string => didOf(sha256(utf8(name)));
const id = (name: string): string => cidOf(DAG_CBOR, sha256(utf8(name))).text;

interface Made {
  readonly kind?: string;
  readonly refs?: readonly Link[];
  readonly prev?: string;
  readonly seenMs?: number;
}

function input(name: string, author: string, made: Made = {}): WorldBlock {
  return {
    id: id(name),
    author: key(author),
    kind: made.kind ?? 'embedding/1',
    timeMs: 0,
    refs: made.refs ?? [],
    ...(made.prev === undefined ? {} : { prev: id(made.prev) }),
    seenMs: made.seenMs ?? 0,
  };
}

const retracts = (target: string): Made => ({ kind: 'retract/1', refs: [{ rel: 'retracts', id: id(target) }] });
const supersedes = (target: string): Made => ({ refs: [{ rel: 'supersedes', id: id(target) }] });
const handover = (from: string, to: string, seenMs: number): WorldBlock[] => [
  input(`${from}→${to}`, from, { kind: 'rotate/1', refs: rotatesTo(key(to)), seenMs }),
  input(`${to}←${from}`, to, { kind: 'rotate/1', refs: rotatesFrom(key(from)), seenMs }),
];

/** A node that was handed these blocks, in batches of 100. */
function nodeOf(blocks: readonly WorldBlock[]): Cone {
  const world = createViewWorld(registry);
  for (const block of blocks) world.put(block);
  const store = createMemoryKeyed();
  for (let seq = 0; seq === 0 || seq < world.head; seq += 100)
    takeBatch(plan, store, world, world.items(seq, seq + 100), { epoch: 'e', seq: Math.min(seq + 100, world.head) });
  return { plan, store, world };
}

interface Standing {
  readonly known: boolean;
  readonly stands: boolean;
  readonly reasons: readonly { readonly rel: string; readonly author: string; readonly acts: boolean }[];
  readonly newest: readonly string[];
}

interface Identity {
  readonly state: string;
  readonly keys: readonly string[];
  readonly current?: string;
  readonly handovers: readonly { readonly to: string }[];
}

function ask(blocks: readonly WorldBlock[], view: string, question: string, params: Record<string, string>): unknown {
  return askView(nodeOf(blocks), view, question, params).result;
}
const standing = (blocks: readonly WorldBlock[], name: string): Standing =>
  ask(blocks, 'standing', 'of', { id: id(name) }) as Standing;
const identity = (blocks: readonly WorldBlock[], author: string): Identity =>
  ask(blocks, 'identities', 'of', { author: key(author) }) as Identity;

describe('retraction and superseding', () => {
  test('act when the author is the same', () => {
    expect(standing([input('a', 'ann'), input('r', 'ann', retracts('a'))], 'a')).toMatchObject({
      known: true,
      stands: false,
      reasons: [{ rel: 'retracts', acts: true }],
    });
    expect(standing([input('a', 'ann'), input('b', 'ann', supersedes('a'))], 'a')).toMatchObject({
      stands: false,
      newest: [id('b')],
    });
  });

  test('by a stranger they are just links', () => {
    expect(standing([input('a', 'ann'), input('r', 'bob', retracts('a'))], 'a')).toMatchObject({
      stands: true,
      reasons: [{ acts: false, author: key('bob') }],
    });
    expect(standing([input('a', 'ann'), input('b', 'bob', supersedes('a'))], 'a')).toMatchObject({
      stands: true,
      newest: [id('a')],
    });
  });

  test('a retraction counts in blocks of its kind only', () => {
    expect(
      standing([input('a', 'ann'), input('r', 'ann', { ...retracts('a'), kind: 'embedding/1' })], 'a').stands,
    ).toBe(true);
  });

  test('superseding shows the newest, and every one where there are several', () => {
    const chain = [input('a', 'ann'), input('b', 'ann', supersedes('a')), input('c', 'ann', supersedes('b'))];
    expect(standing(chain, 'a').newest).toEqual([id('c')]);
    expect(standing([...chain, input('d', 'ann', supersedes('b'))], 'a').newest).toEqual([id('c'), id('d')].sort());
  });

  test('a claim on a block that is not here waits for it', () => {
    expect(standing([input('r', 'ann', retracts('a'))], 'a')).toMatchObject({
      known: false,
      stands: false,
      newest: [],
    });
  });

  test('what is no id is refused with a code', () => {
    expect(() => ask([], 'standing', 'of', { id: 'x' })).toThrow(/request\.malformed/);
  });
});

describe('rotation', () => {
  test('both keys have to agree', () => {
    const [to, from] = handover('old', 'new', 100);
    expect(identity([to!], 'old')).toMatchObject({ state: 'single', current: key('old') });
    expect(identity([from!], 'new')).toMatchObject({ state: 'single' });
    expect(identity([to!, from!], 'old')).toMatchObject({ state: 'rotated', current: key('new') });
    expect(identity([to!, from!], 'old').keys).toEqual([key('old'), key('new')].sort());
  });

  test('the new key speaks for the old one’s blocks, over several steps', () => {
    const inputs = [
      input('a', 'k1'),
      ...handover('k1', 'k2', 100),
      ...handover('k2', 'k3', 200),
      input('r', 'k3', { ...retracts('a'), seenMs: 300 }),
    ];
    expect(standing(inputs, 'a').stands).toBe(false);
    expect(identity(inputs, 'k1').current).toBe(key('k3'));
  });

  test('without consent a stranger’s blocks stay out of reach', () => {
    const [to] = handover('thief', 'ann', 100);
    expect(standing([input('a', 'ann'), to!, input('r', 'thief', retracts('a'))], 'a').stands).toBe(true);
  });

  test('a rotated-away key’s block counts only when it was seen before', () => {
    const rotation = handover('old', 'new', 100);
    expect(standing([...rotation, input('early', 'old', { seenMs: 50 })], 'early').stands).toBe(true);
    expect(standing([...rotation, input('late', 'old', { seenMs: 150 })], 'late')).toMatchObject({
      stands: false,
      reasons: [{ rel: 'rotated_away' }],
    });
    const lateClaim = input('r', 'old', { ...retracts('a'), seenMs: 150 });
    expect(standing([input('a', 'new'), ...rotation, lateClaim], 'a').stands).toBe(true);
  });

  test('two that contradict each other freeze the identity, and both are shown', () => {
    const inputs = [
      input('a', 'old', { seenMs: 10 }),
      ...handover('old', 'new', 100),
      ...handover('old', 'thief', 200),
    ];
    const report = identity(inputs, 'old');
    expect(report.state).toBe('frozen');
    expect(report.current).toBeUndefined();
    expect(report.handovers.map(({ to }) => to).sort()).toEqual([key('new'), key('thief')].sort());
    for (const author of ['new', 'thief', 'old'])
      expect(standing([...inputs, input('r', author, { ...retracts('a'), seenMs: 300 })], 'a').stands).toBe(true);
    expect(ask(inputs, 'identities', 'conflicts', {})).toMatchObject({ keys: [{ key: key('old') }] });
  });

  test('keys that hand over to each other in a circle are one identity without a current key', () => {
    const report = identity([...handover('k1', 'k2', 1), ...handover('k2', 'k1', 2)], 'k1');
    expect(report.keys).toHaveLength(2);
    expect(report.current).toBeUndefined();
  });
});

test('two blocks with one prev are a visible fork; a stranger’s is not', () => {
  const inputs = [
    input('a', 'ann'),
    input('b', 'ann', { prev: 'a' }),
    input('c', 'ann', { prev: 'a' }),
    input('d', 'bob', { prev: 'a' }),
  ];
  expect(ask(inputs, 'forks', 'all', {})).toEqual({
    forks: [{ prev: id('a'), author: key('ann'), blocks: [id('b'), id('c')].sort() }],
  });
  expect(ask(inputs, 'forks', 'all', { author: key('bob') })).toEqual({ forks: [] });
});

test('what is hidden is exactly what does not stand, also among thousands', () => {
  const inputs: WorldBlock[] = [];
  for (let i = 0; i < 3000; i++) inputs.push(input(`b${i}`, i % 2 === 0 ? 'ann' : 'bob', { seenMs: i }));
  for (let i = 0; i < 3000; i += 10)
    inputs.push(input(`r${i}`, 'ann', { ...retracts(`b${i + (i % 20 === 0 ? 0 : 1)}`), seenMs: 5000 }));
  inputs.push(...handover('bob', 'bob2', 2500));
  const node = nodeOf(inputs);
  const hidden = new Set(fallenIn(node.store));
  for (const { id: one } of inputs) {
    const { stands } = askView(node, 'standing', 'of', { id: one }).result as Standing;
    expect([one, hidden.has(one)]).toEqual([one, !stands]);
  }
  expect(hidden.size).toBe(150 + 250);
  expect(verdictsOf(node, id('b0'))).toEqual([
    { view: 'standing', says: 'retracted', why: `retracted by ${id('r0')}`, by: [id('r0')] },
  ]);
  expect(verdictsOf(node, id('b2999'))).toMatchObject([{ says: 'of a retired key', local: true }]);
  expect(verdictsOf(node, id('b2'))).toEqual([]);
});
