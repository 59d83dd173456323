import { describe, expect, test } from '@jest/globals';
import { toUnit } from '@cosmicembeddings/sdk/space';
import { chooseEngine } from '../../../src/index/vectors/choose-engine.js';
import { guardRules } from '../../../src/index/vectors/guard.js';
import { SpaceIndex } from '../../../src/index/vectors/space-index.js';
import { spaceNamed } from './ledger.ts';

const DIMS = 64;
const engine = await chooseEngine('auto');

function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
}

/** Rows in a narrow cone, as some models make them: the mean direction is near everything. */
function cone(count: number, seed: number): Float32Array[] {
  const next = random(seed);
  return Array.from({ length: count }, () => toUnit(Float32Array.from({ length: DIMS }, () => 0.6 + next() * 1.4)));
}

function open(guard = true): SpaceIndex {
  return SpaceIndex.open(spaceNamed('test/guard', DIMS), {
    engine,
    budget: { maxBytes: Infinity, used: 0 },
    graphMin: 300,
    guard,
    seed: 5,
  });
}

function add(
  index: SpaceIndex,
  rows: readonly Float32Array[],
  firstLabel: number,
  author: (i: number) => number = () => 1,
  seenMs = 0,
): void {
  rows.forEach((row, i) => index.append(firstLabel + i, row.slice(), author(i), seenMs));
  while (index.hasWork) index.work(128);
}

const mean = toUnit(new Float32Array(DIMS).fill(1));
const hostile = (count: number): Float32Array[] => {
  const next = random(99);
  return Array.from({ length: count }, () => toUnit(mean.map((x) => x + next() * 0.01)));
};
const share = (index: SpaceIndex, from: number): number => {
  const queries = cone(40, 1234);
  return (
    queries.reduce((sum, query) => sum + index.search(query, 10).rows.filter((row) => row.label >= from).length, 0) /
    400
  );
};

describe('guard', () => {
  test('ten rows near everything own the answers without it, and none with it', () => {
    for (const [guard, least, most] of [
      [false, 0.5, 1],
      [true, 0, 0.001],
    ] as const) {
      const index = open(guard);
      add(index, cone(1000, 3), 0);
      add(index, hostile(10), 1000);
      expect(share(index, 1000)).toBeGreaterThanOrEqual(least);
      expect(share(index, 1000)).toBeLessThanOrEqual(most);
    }
  });

  test('nor do three thousand, of one author or of as many: honest rows still fill the answers', () => {
    for (const author of [() => 7, (i: number) => 100 + i]) {
      const index = open();
      add(index, cone(1000, 3), 0, (i) => i % 10);
      add(index, hostile(3000), 1000, author);
      expect(share(index, 1000)).toBe(0);
      expect(index.status.guard!.aside).toBeGreaterThan(2700);
    }
  });

  test('from the first hundred rows on; before that nothing is demoted', () => {
    const index = open();
    add(index, cone(guardRules.rowsMin - 1, 3), 0);
    expect(index.status.guard).toBeNull();
    add(index, cone(1, 4), 99);
    add(index, hostile(5), 100);
    expect(share(index, 100)).toBe(0);
  });

  test('demoted rows are shown with cosine and demotion, and found where the filter leaves nothing else', () => {
    const index = open();
    add(index, cone(1000, 3), 0);
    add(index, hostile(3), 1000);
    const allow = new Uint8Array(126);
    for (const label of [1000, 1001, 1002]) allow[label >> 3]! |= 1 << (label & 7);
    const { rows } = index.search(mean, 10, { allow });
    expect(rows.map((row) => row.label).sort()).toEqual([1000, 1001, 1002]);
    for (const row of rows) {
      expect(row.score).toBeGreaterThan(0.99);
      expect(row.demotion).toBeGreaterThan(0);
    }
    expect(index.search(mean, 2000).rows).toHaveLength(1003);
  });

  test('the sample holds one row an author first', () => {
    const index = open();
    add(index, cone(2000, 3), 0, (i) => (i < 1900 ? 1 : i));
    const few = new Set(index.hubs.guard!.sampleSlots.filter((slot) => slot >= 1900));
    expect(few.size).toBe(100);
    expect(index.hubs.guard!.sampleSlots).toHaveLength(guardRules.sampleMax);
  });

  test('once founded, a flood of authors moves one row of the sample in half an hour', () => {
    const index = open();
    add(index, cone(2000, 3), 0, (i) => i % 10, 1000);
    const before = [...index.hubs.guard!.sampleSlots];
    add(index, cone(3000, 8), 2000, (i) => 1000 + i, 2000);
    expect(index.hubs.guard!.sampleSlots).toEqual(before);
    add(index, cone(50, 9), 5000, (i) => 9000 + i, 1000 + guardRules.changeEveryMs);
    expect(index.hubs.guard!.sampleSlots.filter((slot) => !before.includes(slot))).toHaveLength(1);
  });

  test('an erased background row is forgotten', () => {
    const index = open();
    add(index, cone(500, 3), 0);
    const slot = index.hubs.guard!.sampleSlots[0]!;
    index.remove([slot], 0);
    expect(index.hubs.guard!.sampleSlots).not.toContain(slot);
    expect(index.hubs.guard!.background.length).toBe(DIMS * guardRules.sampleMax);
  });
});
