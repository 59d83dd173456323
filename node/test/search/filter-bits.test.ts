import { expect, test } from '@jest/globals';
import type { Filter } from '@cosmicembeddings/sdk';
import { FilterBits } from '../../src/search/filter-bits.js';

const MB = 1_000_000;

test('long questions about few rows do not fill the memory while the store stands still', async () => {
  let asked = 0;
  const bits = new FilterBits(
    {
      labels: async () => new Uint8Array([255]),
      find: async () => ((asked += 1), { ids: Array.from({ length: 1000 }, (_, i) => `id ${i}`) }),
    },
    3 * MB,
  );
  const filterOf = (n: number): Filter => ({
    authors: Array.from({ length: 100 }, (_, i) => `did:${n}:${i}`.padEnd(400, 'x')),
  });
  const head = { epoch: 'epoch', seq: 1, labels: 8, blocks: 8 } as never;
  for (let n = 0; n < 50; n++) {
    const { labels, rowless } = await bits.allowed(filterOf(n), undefined, head);
    expect([labels?.length, rowless?.size]).toEqual([1, 1000]);
  }
  expect(bits.heldBytes).toBeGreaterThan(MB);
  expect(bits.heldBytes).toBeLessThanOrEqual(3 * MB);
  // The latest are remembered, the first one is asked anew.
  await bits.allowed(filterOf(49), undefined, head);
  expect(asked).toBe(50);
  await bits.allowed(filterOf(0), undefined, head);
  expect(asked).toBe(51);
});
