import { describe, expect, test } from '@jest/globals';
import type { SyncLimits } from '../../src/sync/index.js';
import { hostiles, simulate, type Defence, type Plan } from '../../src/testing/index.js';

const plan = (hostile: readonly string[], more: Partial<Plan> = {}): Plan => ({
  seed: 1,
  nodes: 4,
  blocks: 30,
  hostile,
  faults: false,
  ...more,
});

/** Blocks are told, not pushed: what a liar promises first is asked of him first. */
const told: Partial<SyncLimits> = { pushTo: 0 };
/** Whose peers keep a part passes on for others, and says so. */
const parts = {
  topics: ['tea', 'milk'],
  subscriptions: { 1: [{ tagsAny: ['tea'] }], 2: [{ tagsAny: ['milk'] }], 3: [{ tagsAny: ['tea', 'milk'] }] },
};
/** So many that those which are withheld one by one last longer than the world. */
const worlds: Readonly<Record<string, Partial<Plan>>> = {
  'relay inventor': parts,
  withholder: { blocks: 90, healMs: 30_000 },
  // Who comes back needs its good name to be let in.
  impostor: { seed: 3, nodes: 2, churn: { upMs: 6_000, downMs: 3_000 } },
  'false witness': { policy: { quota: { blocks: 60 } }, stormMs: 60_000 },
};
const worldOf = (name: string): Partial<Plan> => worlds[name] ?? {};
const free = { workPerSecond: 1e12, workBurst: 1e12, unknownWorkPerSecond: 1e12 };

/** A defence, and what shows that it is needed: without it some invariant breaks. */
const defences: readonly (readonly [
  name: string,
  on: Partial<SyncLimits>,
  off: Partial<SyncLimits>,
  breaks: RegExp,
  without?: readonly Defence[],
  more?: Partial<Plan>,
])[] = [
  [
    'id spammer',
    {},
    { shares: { known: 1e9, proven: 1e9, claimed: 1e9 }, strikesMax: 1e9, wantMs: 1e9 },
    /ids of one peer/,
  ],
  ['promise breaker', told, { ...told, wantsFirst: 256, wantMs: 1e9 }, /blocks are missing/],
  ['forger', {}, { faultsMax: 1e9, banAt: -1e9 }, /bad signatures/],
  ['pinger', {}, free, /small talk/],
  ['looper', {}, free, /bytes were sent to strangers|small talk/],
  ['coverage inventor', {}, { partsMax: 1e6, ...free }, /coverages are compared/],
  ['relay inventor', {}, { ...free, relaysMs: 0, relaysBytes: 1e9 }, /bytes went between honest nodes/],
  ['equal asker', {}, free, /bytes were sent to strangers|small talk/],
  ['crowd', {}, { inboundMax: 1e6, prefixMax: 1e6 }, /connections came in/],
  ['withholder', told, { ...told, wantsFirst: 256, wantMs: 1e9 }, /blocks are missing/],
  ['impostor', {}, {}, /blocks are missing/, ['proofs']],
  ['clock attacker', {}, {}, /blocks are kept, 30 were published/, ['clock']],
  ['false witness', {}, {}, /receipts of one stranger/, [], { policy: {} }],
  ['false witness', {}, {}, /receipts in the name of nodes that signed none/, ['signatures']],
  ['false witness', {}, {}, /count as witnessed/, ['operators']],
];

describe('each hostile peer by its name', () => {
  test.each(Object.keys(hostiles))('%s: every invariant holds', async (name) => {
    const limits = defences.find(([one]) => one === name)?.[1] ?? {};
    expect((await simulate(plan([name, name], { limits, ...worldOf(name) }))).violations).toEqual([]);
  });

  test('each has its defence', () => {
    expect([...new Set(defences.map(([name]) => name))].sort()).toEqual(Object.keys(hostiles).sort());
  });

  test.each(defences)(
    '%s: with its defence switched off one breaks',
    async (name, _on, limits, breaks, without = [], more = {}) => {
      const world = plan([name, name], { limits, without, healMs: 30_000, ...worldOf(name), ...more });
      expect((await simulate(world)).violations.join()).toMatch(breaks);
    },
  );
});

test('a world is the same each time that it is made from its seed', async () => {
  const one = plan(['promise breaker', 'forger'], { seed: 5, faults: true });
  expect(await simulate(one)).toEqual(await simulate(one));
});
