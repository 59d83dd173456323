import { describe, expect, test } from '@jest/globals';
import { createLoopback, createManualClock, createTransportPair } from '../../src/memory/index.js';
import { transportSuite } from '../../src/testing/index.js';

transportSuite(
  { describe, test },
  {
    name: 'loopback',
    nowhere: 'memory:nobody',
    open: async () => {
      const loopback = createLoopback();
      const server = loopback.network('memory:server');
      const client = loopback.network('memory:client');
      return {
        server,
        client,
        address: 'memory:server',
        close: async () => void (await Promise.all([server.close(), client.close()])),
      };
    },
  },
);

describe('loopback under a clock', () => {
  test('delays keep the order on a stream, and lose it where that is asked for', async () => {
    const clock = createManualClock();
    for (const ordered of [true, false]) {
      const delays = [30, 10, 20];
      const [a, b] = createTransportPair({ clock, ordered, passage: () => ({ copies: 1, delayMs: delays.shift()! }) });
      for (const n of [1, 2, 3]) await a.send(Uint8Array.of(n));
      const got: number[] = [];
      void (async () => {
        for await (const frame of b) got.push(frame[0]!);
      })();
      await clock.advance(100);
      expect(got).toEqual(ordered ? [1, 2, 3] : [2, 3, 1]);
    }
  });

  test('a cut closes what is open and refuses what is new, until healed', async () => {
    const loopback = createLoopback();
    const [a] = [loopback.network('a'), loopback.network('b')];
    const line = await a!.dial('b');
    loopback.cut('a', 'b');
    await expect(line.send(Uint8Array.of(1))).rejects.toMatchObject({ code: 'node.unreachable' });
    await expect(a!.dial('b')).rejects.toMatchObject({ code: 'node.unreachable' });
    loopback.heal('a', 'b');
    await expect(a!.dial('b')).resolves.toBeDefined();
  });
});

describe('manual clock', () => {
  test('sleepers wake in the order of their times, and see their own time', async () => {
    const clock = createManualClock({ startMs: 0 });
    const woken: [number, number][] = [];
    for (const ms of [30, 10, 20]) void clock.sleep(ms).then(() => woken.push([ms, clock.now()]));
    await clock.advance(25);
    expect(woken).toEqual([
      [10, 10],
      [20, 20],
    ]);
    expect(clock.now()).toBe(25);
    await clock.advance(5);
    expect(woken[2]).toEqual([30, 30]);
  });

  test('an aborted sleep rejects with the reason and is forgotten', async () => {
    const clock = createManualClock();
    const stop = new AbortController();
    const sleeping = clock.sleep(1000, stop.signal);
    stop.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    expect(clock.waiting).toBe(0);
  });
});
