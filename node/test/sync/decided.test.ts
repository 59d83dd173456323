import { expect, test } from '@jest/globals';
import { Decided } from '../../src/sync/decided.js';

/** As many ids, one a millisecond. */
function decided(count: number): Decided {
  return new Decided({
    items: async ({ timeMs, digest }, _to, max) => {
      const first = digest.every((byte) => byte === 0) ? timeMs : timeMs + 1;
      const length = Math.max(0, Math.min(max, count - first));
      return Array.from({ length }, (_, i) => ({ timeMs: first + i, digest: new Uint8Array(32) }));
    },
  });
}

test('where much is decided it rests once, after the first ids that are merged, and then reads all', async () => {
  const rests: number[] = [];
  for (const count of [10, 40_000]) {
    const all = decided(count);
    let rested = 0;
    await all.load(new AbortController().signal, async () => void rested++);
    rests.push(rested);
    expect(all.size).toBe(count);
    expect(all.has(new Uint8Array(32), count - 1)).toBe(true);
  }
  expect(rests).toEqual([0, 1]);
});
