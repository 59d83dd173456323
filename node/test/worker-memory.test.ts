import { afterEach, expect, test } from '@jest/globals';
import { getHeapStatistics } from 'node:v8';
import { tidyAtRest } from '../src/worker-memory.js';

let end: (() => void) | undefined;
afterEach(() => end?.());

const heldBytes = (): number => getHeapStatistics().total_physical_size;

function work(): void {
  const left = Array.from({ length: 1_000_000 }, (_, i) => ({ i, text: `row ${i}` }));
  expect(left).toHaveLength(1_000_000);
}

test('a thread that rests after work gives back what the work left behind, once', async () => {
  let released = 0;
  const all = new Promise<void>((resolve) => {
    end = tidyAtRest({ worthBytes: 40_000_000, release: () => (released++, resolve()) });
  });
  work();
  const before = heldBytes();
  // The timer itself holds nobody up.
  const holding = setInterval(() => undefined, 100);
  await all;
  clearInterval(holding);
  expect(heldBytes()).toBeLessThan(before - 30_000_000);
  expect(released).toBe(1);
});
