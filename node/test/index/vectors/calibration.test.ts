import { expect, test } from '@jest/globals';
import { toUnit } from '@cosmicembeddings/sdk/space';
import { askedOf, isDue } from '../../../src/index/vectors/calibration.js';
import { chooseEngine } from '../../../src/index/vectors/choose-engine.js';
import { SpaceIndex } from '../../../src/index/vectors/space-index.js';
import { spaceNamed } from './ledger.ts';

const DIMS = 32;
const ROWS = 9000;
const engine = await chooseEngine('auto');

function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
}

/** Rows around so many centres, or (0) all over the sphere. */
function rowsAround(centres: number): (seed: number) => Float32Array {
  const next = random(7);
  const middles = Array.from({ length: centres }, () => Float32Array.from({ length: DIMS }, next));
  return (seed) => {
    const noise = random(1 + seed * 7919);
    for (let i = 0; i < 20; i++) noise();
    const middle = middles[seed % Math.max(1, centres)];
    return toUnit(Float32Array.from({ length: DIMS }, (_, d) => noise() * (middle ? 0.25 : 1) + (middle?.[d] ?? 0)));
  };
}

function indexOf(rowAt: (i: number) => Float32Array): SpaceIndex {
  const index = SpaceIndex.open(spaceNamed('test/calibration', DIMS), {
    engine,
    budget: { maxBytes: Infinity, used: 0 },
    graphMin: 2048,
    guard: false,
    seed: 1,
  });
  for (let i = 0; i < ROWS; i++) index.append(i, rowAt(i));
  while (index.hasWork) index.work(512);
  return index;
}

test('a graph is asked for as many candidates as rows that come to it show that it needs, before any question', () => {
  const found = [200, 0].map((centres) => {
    const rowAt = rowsAround(centres);
    const index = indexOf(rowAt);
    const asked = Array.from({ length: 40 }, (_, i) => rowAt(ROWS + 97 * i));
    const right = asked.map((query) => {
      const exact = new Set(index.search(query, 10, { exact: true }).rows.map(({ label }) => label));
      return index.search(query, 10).rows.filter(({ label }) => exact.has(label)).length / 10;
    });
    return {
      candidates: index.status.candidates,
      tail: index.status.tail,
      recall: right.reduce((sum, one) => sum + one, 0) / right.length,
    };
  });
  expect(found.map(({ tail }) => tail)).toEqual([0, 0]);
  for (const { recall } of found) expect(recall).toBeGreaterThanOrEqual(0.97);
  // What is not clustered takes more.
  expect(found[1]!.candidates).toBeGreaterThan(found[0]!.candidates);
});

test('it is looked at when the graph has grown much, or before the last of what arrived is taken in', () => {
  expect(isDue(8000, 500, 64, 0)).toBe(false);
  expect(isDue(8192, 500, 64, 0)).toBe(true);
  expect(isDue(32_000, 500, 64, 8192)).toBe(false);
  expect(isDue(32_768, 500, 64, 8192)).toBe(true);
  expect(isDue(13_000, 500, 512, 8192)).toBe(true);
  expect(isDue(12_000, 500, 512, 8192)).toBe(false);
  expect(isDue(32_768, 7, 512, 8192)).toBe(false);
  expect(askedOf({ from: 100, to: 132 })).toEqual(Array.from({ length: 16 }, (_, i) => 100 + 2 * i));
});
