import { expect, test } from '@jest/globals';
import { RecallSample } from '../../../src/index/vectors/recall-sample.js';
import type { SpaceIndex } from '../../../src/index/vectors/space-index.js';
import type { TopRows } from '../../../src/index/vectors/top-rows.js';

/** A space whose graph misses each of the first ten rows with a probability that falls with the candidates it is asked for. */
function compared(start: number, missOf: (candidates: number) => number, comparisons: number): number[] {
  let candidates = start;
  let state = 1;
  const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  const rows = Array.from({ length: 10 }, (_, label) => ({ label, score: 1 - label / 100 }));
  const space = {
    size: 1000,
    scanPart: (_query: Float32Array, top: TopRows, from: number) => {
      if (from === 0) for (const { label, score } of rows) top.offer(label, score, 0);
      return Math.max(from, 1000);
    },
    search: () => ({ rows: rows.filter(() => random() >= missOf(candidates)) }),
    get asksFor() {
      return candidates;
    },
    askFor: (factor: number) => {
      candidates = Math.min(2048, Math.max(32, Math.round(candidates * factor)));
    },
  } as unknown as SpaceIndex;
  const spaces = new Map([['one', space]]);
  const sample = new RecallSample();
  const seen: number[] = [];
  for (let nowMs = 0; seen.length < comparisons; nowMs += 60_000) {
    sample.offer('one', new Float32Array(2));
    while (sample.step(spaces, nowMs));
    seen.push(candidates);
  }
  return seen;
}

test('a graph that finds all is asked for fewer and fewer candidates, down to the least', () => {
  expect(compared(177, () => 0, 200).at(-1)).toBe(32);
});

test('one that misses much is soon asked for many more', () => {
  expect(compared(32, (candidates) => Math.min(0.5, 10 / candidates), 40).at(-1)).toBeGreaterThan(250);
});

test('where candidates are dear already, somewhat more may be missed', () => {
  // Recall 0.98 at 1,000: it would be asked for more of a graph that takes few.
  const seen = compared(1000, (candidates) => 20 / candidates, 400).slice(100);
  const mean = seen.reduce((sum, one) => sum + one, 0) / seen.length;
  expect(mean).toBeGreaterThan(500);
  expect(mean).toBeLessThan(1500);
});

test('real chance does not drive it up: where 48 suffice it stays near them over a thousand comparisons', () => {
  // Recall 0.985 at 32, 0.99 at 48, 0.995 at 96.
  const seen = compared(64, (candidates) => 0.48 / candidates, 1000).slice(100);
  const mean = seen.reduce((sum, one) => sum + one, 0) / seen.length;
  expect(mean).toBeGreaterThan(32);
  expect(mean).toBeLessThan(80);
});
