import { afterEach, expect, test } from '@jest/globals';
import type { WatchEvent } from '@cosmicembeddings/sdk';
import { systemClock } from '../../../src/clock.js';
import { createWatches, watchLimits, type Watches } from '../../../src/search/watch/index.js';
import type { Matcher } from '../../../src/search/watch/matcher.js';

let watches: Watches;
afterEach(() => watches.close());

/** Watches of a store with so many blocks, whose comparing thread takes so long for ten of them; and how often it was asked. */
function opened(seq: number, spentMs: number): { asked: number } {
  const thread = { asked: 0 };
  const matcher: Matcher = {
    add: () => undefined,
    drop: () => undefined,
    close: () => Promise.resolve(),
    take: ({ after, to }) => {
      thread.asked += 1;
      return Promise.resolve({
        number: 0,
        said: [],
        hits: [],
        upTo: { seq: Math.min(to, after.seq + 10), n: 0 },
        spentMs,
      });
    },
  };
  watches = createWatches({
    ...{
      matcher,
      clock: systemClock,
      head: () => ({ epoch: 'life', seq, count: seq, labels: seq }),
      tell: () => Promise.resolve(),
    },
    ...{ visible: () => Promise.resolve(), near: () => Promise.reject(new Error('nobody asks')) },
    ...{ isHidden: () => false, verdicts: () => Promise.resolve([]) },
  });
  return thread;
}

async function heard(after: string): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const event of watches.watch({ after }, new AbortController().signal)) {
    if (event.type !== 'opened') events.push(event);
    if (event.type === 'live') return events;
  }
  return events;
}

test('a cursor over 100,000 blocks back gets a gap with what to do, and goes on from now; nothing is compared', async () => {
  const thread = opened(watchLimits.replayBlocks + 6, 0);
  const advice = expect.stringMatching(/Search once/);
  expect(await heard('life.5.0')).toMatchObject([
    { type: 'gap', from: 'life.5.0', reason: 'too_old', cursor: 'life.100006.0', advice },
    { type: 'live', cursor: 'life.100006.0' },
  ]);
  expect(thread.asked).toBe(0);
});

test('just within them all is read', async () => {
  const thread = opened(30, 1);
  expect(await heard('life.5.0')).toMatchObject([{ type: 'live', cursor: 'life.30.0' }]);
  expect(thread.asked).toBe(3);
});

test('what would take over two seconds of comparing ends in a gap where it had come to', async () => {
  const thread = opened(1000, watchLimits.replayMs / 2 + 1);
  expect(await heard('life.5.0')).toMatchObject([
    { type: 'gap', from: 'life.25.0', reason: 'too_old', cursor: 'life.1000.0' },
    { type: 'live' },
  ]);
  expect(thread.asked).toBe(2);
});
