import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../src/bytes.js';
import { cidOf, DAG_CBOR } from '../../src/codec/index.js';
import { didOf, sha256 } from '../../src/crypto/index.js';
import {
  fallen,
  forksView,
  identitiesView,
  rotatesFrom,
  rotatesTo,
  standingView,
  type FoldInput,
  type IdentityReport,
  type Link,
  type Standing,
  type StandingState,
  type View,
} from '../../src/kinds/index.js';
import { askView, fold, viewSuite } from '../../src/testing/index.js';

const views = [identitiesView, standingView, forksView] as readonly View[];
const key = (name: string): string => didOf(sha256(utf8(name)));
const id = (name: string): string => cidOf(DAG_CBOR, sha256(utf8(name))).text;

interface Made {
  readonly kind?: string;
  readonly refs?: readonly Link[];
  readonly prev?: string;
  readonly seenMs?: number;
  readonly receiptMs?: number;
}

function input(name: string, author: string, made: Made = {}): FoldInput {
  return {
    block: {
      id: id(name),
      author: key(author),
      kind: made.kind ?? 'embedding/1',
      timeMs: 0,
      refs: made.refs ?? [],
      links: [],
      tags: [],
      ...(made.prev === undefined ? {} : { prev: id(made.prev) }),
      body: {},
    },
    firstSeenMs: made.seenMs ?? 0,
    receipts: made.receiptMs === undefined ? [] : [{ node: key('some node'), seenMs: made.receiptMs }],
  };
}

const retracts = (target: string): Made => ({ kind: 'retract/1', refs: [{ rel: 'retracts', id: id(target) }] });
const supersedes = (target: string): Made => ({ refs: [{ rel: 'supersedes', id: id(target) }] });
const handover = (from: string, to: string, seenMs: number): FoldInput[] => [
  input(`${from}→${to}`, from, { kind: 'rotate/1', refs: rotatesTo(key(to)), seenMs }),
  input(`${to}←${from}`, to, { kind: 'rotate/1', refs: rotatesFrom(key(from)), seenMs }),
];

function ask(inputs: readonly FoldInput[], view: string, query: string, params: Record<string, string>): unknown {
  return askView(views, fold(views, inputs), { view, query, params });
}
const standing = (inputs: readonly FoldInput[], name: string): Standing =>
  ask(inputs, 'standing', 'of', { id: id(name) }) as Standing;
const identity = (inputs: readonly FoldInput[], author: string): IdentityReport =>
  ask(inputs, 'identities', 'of', { author: key(author) }) as IdentityReport;

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

  test('a rotated-away key’s block counts only when it, or a receipt for it, was seen before', () => {
    const rotation = handover('old', 'new', 100);
    expect(standing([...rotation, input('early', 'old', { seenMs: 50 })], 'early').stands).toBe(true);
    expect(standing([...rotation, input('late', 'old', { seenMs: 150 })], 'late')).toMatchObject({
      stands: false,
      reasons: [{ rel: 'rotated_away' }],
    });
    expect(standing([...rotation, input('late', 'old', { seenMs: 150, receiptMs: 60 })], 'late').stands).toBe(true);
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

test('fallen lists exactly what does not stand, also among thousands', () => {
  const inputs: FoldInput[] = [];
  for (let i = 0; i < 3000; i++) inputs.push(input(`b${i}`, i % 2 === 0 ? 'ann' : 'bob', { seenMs: i }));
  for (let i = 0; i < 3000; i += 10)
    inputs.push(input(`r${i}`, 'ann', { ...retracts(`b${i + (i % 20 === 0 ? 0 : 1)}`), seenMs: 5000 }));
  inputs.push(...handover('bob', 'bob2', 2500));
  const states = fold(views, inputs);
  const state = states['standing'] as StandingState;
  expect(state.blocks.count).toBe(3000 + 300 + 2);
  const listed = new Set(fallen(state, states));
  for (const { block } of inputs) {
    const one = askView(views, states, { view: 'standing', query: 'of', params: { id: block.id } }) as Standing;
    expect([block.id, listed.has(block.id)]).toEqual([block.id, !one.stands]);
  }
  expect(listed.size).toBe(150 + 250);
});

viewSuite(
  { describe, test },
  {
    name: 'identities, standing, forks',
    views,
    scenario(random) {
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
      const authors = ['k1', 'k2', 'k3', 'k4'];
      const names = Array.from({ length: 12 }, (_, i) => `b${i}`);
      const inputs = names.map((name, i) => {
        const seen = {
          seenMs: Math.floor(random() * 20),
          ...(random() < 0.2 ? { receiptMs: Math.floor(random() * 20) } : {}),
        };
        const earlier = i === 0 ? 'nothing' : pick(names.slice(0, i));
        const made = pick<Made>([{}, {}, retracts(earlier), supersedes(earlier), { prev: earlier }]);
        return input(name, pick(authors), { ...made, ...seen });
      });
      for (let i = 0; i < 3; i++) {
        const halves = handover(pick(authors), pick(authors), Math.floor(random() * 20));
        inputs.push(halves[0]!);
        if (random() < 0.8) inputs.push(halves[1]!);
      }
      const questions = [
        ...names.map((name) => ({ view: 'standing', query: 'of', params: { id: id(name) } })),
        ...authors.map((author) => ({ view: 'identities', query: 'of', params: { author: key(author) } })),
        { view: 'standing', query: 'fallen', params: {} },
        { view: 'identities', query: 'rotations', params: {} },
        { view: 'identities', query: 'conflicts', params: {} },
        { view: 'forks', query: 'all', params: {} },
      ];
      return { inputs, questions };
    },
  },
);
