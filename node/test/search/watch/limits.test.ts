import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import { createWatches, watchLimits, type Watches } from '../../../src/search/watch/index.js';

let watches: Watches;
afterEach(() => watches.close());

const conditions = (from: number, n: number) =>
  Array.from({ length: n }, (_, i) => ({ '#text': { $contains: `stone ${from + i}` } }));

test('all watches together look through what comes for so many texts; who ends one makes room', async () => {
  watches = createWatches({
    matcher: {
      add: () => undefined,
      drop: () => undefined,
      close: () => Promise.resolve(),
      take: () => Promise.reject(new Error('nothing comes')),
    },
    clock: systemClock,
    head: () => ({ epoch: 'life', seq: 1, count: 1, labels: 1 }),
    tell: () => Promise.resolve(),
    visible: () => Promise.resolve(),
    near: () => Promise.reject(new Error('nobody asks')),
    isHidden: () => false,
    verdicts: () => Promise.resolve([]),
  });
  const open = async (from: number, n: number, who: string) => {
    const where = n === 0 ? { topic: 'a' } : { $or: conditions(from, n) };
    const watch = watches.watch({ filter: { where } }, new AbortController().signal, who);
    await watch.next();
    return watch;
  };
  const many = watchLimits.texts / 16;
  const first = await open(0, 16, 'one');
  for (let n = 1; n < many; n++) await open(16 * n, 16, `somebody ${n}`);
  await expect(open(9_000, 1, 'another')).rejects.toMatchObject({ code: 'node.busy' });
  await open(0, 0, 'another');
  await first.return(undefined);
  await open(9_000, 16, 'another');
});
