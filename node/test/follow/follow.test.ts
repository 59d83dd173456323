import { describe, expect, test } from '@jest/globals';
import { CosmicError, type Cursor, type Follower, type TailItem } from '@cosmicembeddings/sdk';
import { createManualClock, createMemoryStore, type ManualClock, type MemoryStore } from '@cosmicembeddings/sdk/memory';
import { testBlock } from '@cosmicembeddings/sdk/testing';
import {
  BlockFault,
  beatOn,
  createPressure,
  createSharedBeat,
  follow,
  watchBeat,
  type FollowOptions,
} from '../../src/follow/index.js';

interface Taken extends Follower {
  readonly seqs: number[];
  readonly restarts: string[];
  saved: Cursor | undefined;
}

function recorder(change: Partial<Follower> = {}): Taken {
  const seqs: number[] = [];
  const restarts: string[] = [];
  const self: Taken = {
    name: 'recorder',
    version: '1',
    wants: {},
    seqs,
    restarts,
    saved: undefined,
    durable: () => self.saved,
    restart: (epoch) => void restarts.push(epoch),
    take: (batch, upTo) => {
      seqs.push(...batch.map(({ seq }) => seq));
      self.saved = upTo;
    },
    ...change,
  };
  return self;
}

async function put(store: MemoryStore, from: number, to: number): Promise<void> {
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  await store.put(
    numbers.map((n) => ({
      block: testBlock(n, n % 10 === 0 ? { kind: 'poll.example/1', rows: 0 } : {}),
      firstSeenMs: 1,
    })),
  );
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

interface World extends FollowOptions {
  readonly store: MemoryStore;
  readonly clock: ManualClock;
}

function world(epoch = 'e'): World {
  return { store: createMemoryStore({ epoch }), clock: createManualClock() };
}

describe('the one loop', () => {
  test('takes what is there in batches, then what comes, when it is told or by itself', async () => {
    const options = world();
    await put(options.store, 1, 25);
    const follower = recorder();
    const following = await follow(follower, { ...options, batch: 10 });
    await following.waitFor(25);
    expect(follower.seqs).toEqual(upTo(25));
    expect(following.progress()).toEqual({ name: 'recorder', position: { epoch: 'e', seq: 25 }, lag: 0 });
    await options.clock.advance(0);
    await put(options.store, 26, 26);
    await options.clock.advance(400);
    expect(follower.seqs).toHaveLength(25);
    following.notify(26);
    expect(following.progress().lag).toBe(1);
    await options.clock.advance(0);
    expect(follower.seqs).toHaveLength(26);
    await put(options.store, 27, 27);
    await options.clock.advance(500);
    expect(follower.seqs).toHaveLength(27);
    await following.close();
    expect(options.clock.waiting).toBe(0);
  });

  test('reads what it wants, and stands behind what it does not', async () => {
    const options = world();
    await put(options.store, 1, 45);
    const follower = recorder({ wants: { kinds: ['poll.example/1'] } });
    const following = await follow(follower, options);
    await following.waitFor(45);
    expect(follower.seqs).toEqual([10, 20, 30, 40]);
    await following.close();
  });

  test('goes on from where it was saved, and starts over in another life of the store', async () => {
    const options = world();
    await put(options.store, 1, 5);
    const follower = recorder();
    follower.saved = { epoch: 'e', seq: 3 };
    const first = await follow(follower, options);
    await first.waitFor(5);
    await first.close();
    expect([follower.seqs, follower.restarts]).toEqual([[4, 5], []]);
    follower.saved = { epoch: 'another', seq: 3 };
    const second = await follow(follower, options);
    await second.waitFor(5);
    await second.close();
    expect([follower.seqs, follower.restarts]).toEqual([[4, 5, 1, 2, 3, 4, 5], ['e']]);
    follower.saved = { epoch: 'e', seq: 9 };
    await (await follow(follower, options)).close();
    expect(follower.restarts).toEqual(['e', 'e']);
  });

  test('one that keeps nothing begins at the head where it says so', async () => {
    const options = world();
    await put(options.store, 1, 5);
    const follower = recorder({ wants: { from: 'head' }, durable: () => undefined });
    const following = await follow(follower, options);
    await put(options.store, 6, 7);
    await following.waitFor(7);
    expect(follower.seqs).toEqual([6, 7]);
    await following.close();
  });

  test('an item that it fails on is passed over and reported; a part that it took comes again', async () => {
    const options = world();
    await put(options.store, 1, 12);
    const faults: number[] = [];
    const follower: Taken = recorder({
      take: (batch) => {
        for (const { seq } of batch) {
          if (seq === 7) throw new BlockFault('seven');
          follower.seqs.push(seq);
        }
      },
    });
    const following = await follow(follower, { ...options, onFault: ({ seq }) => void faults.push(seq) });
    await following.waitFor(12);
    expect(faults).toEqual([7]);
    expect([...new Set(follower.seqs)]).toEqual(upTo(12).filter((seq) => seq !== 7));
    await following.close();
    const again = recorder();
    const later = await follow(again, { ...options, faults: new Set([3, 12]) });
    await later.waitFor(12);
    expect(again.seqs).toEqual(upTo(12).filter((seq) => seq !== 3 && seq !== 12));
    await later.close();
  });

  test('whatever else it fails on is tried again before it is put down to the item', async () => {
    const options = world();
    await put(options.store, 1, 4);
    let tries = 0;
    const follower: Taken = recorder({
      take: (batch) => {
        for (const { seq } of batch) {
          if (seq === 2 && ++tries <= 2) throw new Error('for now');
          if (seq === 3) throw new Error('for ever');
          follower.seqs.push(seq);
        }
      },
    });
    const faults: number[] = [];
    const following = await follow(follower, { ...options, onFault: ({ seq }) => void faults.push(seq) });
    await options.clock.advance(5000);
    expect([...new Set(follower.seqs)]).toEqual([1, 2, 4]);
    expect(faults).toEqual([3]);
    await following.close();
  });

  test('a full disk is waited for: nothing is passed over', async () => {
    const options = world();
    await put(options.store, 1, 3);
    let full = true;
    const stops: unknown[] = [];
    const follower: Taken = recorder({
      take: (batch) => {
        if (full) throw new CosmicError('node.storage_full', 'no room');
        follower.seqs.push(...batch.map(({ seq }) => seq));
      },
    });
    const following = await follow(follower, { ...options, onStopped: (error) => void stops.push(error) });
    await options.clock.advance(2500);
    expect(following.progress()).toMatchObject({ stopped: expect.stringContaining('no room'), lag: 3 });
    expect(stops).toHaveLength(3);
    expect(following.position().seq).toBe(0);
    full = false;
    await options.clock.advance(1000);
    expect(follower.seqs).toEqual([1, 2, 3]);
    expect(following.progress()).not.toHaveProperty('stopped');
    await following.close();
  });

  test('takes no more than it has room for, and makes room between', async () => {
    const options = world();
    await put(options.store, 1, 10);
    let room = 2;
    let slices = 0;
    const sizes: number[] = [];
    const follower: Taken = recorder({
      room: () => room,
      take: (batch) => {
        sizes.push(batch.length);
        room -= batch.length;
      },
      idle: () => {
        if (room > 0) return false;
        slices += 1;
        room = 3;
        return true;
      },
    });
    const following = await follow(follower, options);
    await following.waitFor(10);
    expect(sizes).toEqual([2, 3, 3, 2]);
    expect(slices).toBe(3);
    await following.close();
  });

  test('a follower that answers how far it got is handed the rest again', async () => {
    const options = world();
    await put(options.store, 1, 6);
    const follower: Taken = recorder({
      take: (batch, { epoch }) => {
        const some = batch.slice(0, 2);
        follower.seqs.push(...some.map(({ seq }) => seq));
        return { epoch, seq: some.at(-1)!.seq };
      },
    });
    const following = await follow(follower, options);
    await following.waitFor(6);
    expect(follower.seqs).toEqual(upTo(6));
    await following.close();
  });

  test('rests while many blocks are at the door, but is driven by whoever asks', async () => {
    const options = world();
    const pressure = createPressure();
    pressure.set(1000, options.clock.now());
    await put(options.store, 1, 30);
    const follower: Taken = recorder();
    const { take } = follower;
    Object.assign(follower, {
      take: async (...args: Parameters<typeof take>) => {
        await options.clock.sleep(10);
        return take(...args);
      },
    });
    const following = await follow(follower, { ...options, batch: 10, pressure: pressure.shared });
    await options.clock.advance(10 + 589);
    expect(follower.seqs).toHaveLength(10);
    await options.clock.advance(1 + 10);
    expect(follower.seqs).toHaveLength(20);
    const caught = following.catchUp(30, options.clock.now() + 1000);
    await options.clock.advance(10);
    expect(await caught).toEqual({ epoch: 'e', seq: 30 });
    await following.close();
  });

  test('a patient one rests after searches, and goes on soon after the last of them', async () => {
    const options = world();
    const gauge = createPressure();
    await put(options.store, 1, 30);
    const follower: Taken = recorder();
    const { take } = follower;
    Object.assign(follower, {
      take: async (...args: Parameters<typeof take>) => {
        await options.clock.sleep(100);
        return take(...args);
      },
    });
    const following = await follow(follower, { ...options, batch: 10, pressure: gauge.patient });
    gauge.asked(options.clock.now());
    await options.clock.advance(100 + 150);
    expect(follower.seqs).toHaveLength(10);
    // 300 ms after the search it does not wait for the rest of two seconds.
    await options.clock.advance(100 + 100);
    expect(follower.seqs).toHaveLength(20);
    await options.clock.advance(100);
    expect(follower.seqs).toHaveLength(30);
    await following.close();
  });

  test('a patient one that begins while somebody searches rests first', async () => {
    const options = world();
    const gauge = createPressure();
    await put(options.store, 1, 10);
    const follower = recorder();
    gauge.asked(options.clock.now());
    const following = await follow(follower, { ...options, pressure: gauge.patient });
    await options.clock.advance(250);
    expect(follower.seqs).toEqual([]);
    await options.clock.advance(100);
    expect(follower.seqs).toHaveLength(10);
    await following.close();
  });

  test('who catches up waits no longer than they said, and hears how far it got', async () => {
    const options = world();
    const slow: Taken = recorder({
      wants: { from: 'start' },
      take: async (batch) => {
        await options.clock.sleep(20);
        slow.seqs.push(...batch.map(({ seq }) => seq));
      },
    });
    const following = await follow(slow, { ...options, batch: 10 });
    await put(options.store, 1, 50);
    const caught = following.catchUp(50, options.clock.now() + 30);
    await options.clock.advance(40);
    expect(await caught).toEqual({ epoch: 'e', seq: 20 });
    const rest = following.close();
    await options.clock.advance(100);
    await rest;
  });

  test('whoever waits is let go when it closes, or when they give up', async () => {
    const options = world();
    const following = await follow(recorder(), options);
    const waiting = following.waitFor(5);
    const aborted = new AbortController();
    const other = following.waitFor(5, aborted.signal);
    aborted.abort(new Error('enough'));
    await expect(other).rejects.toThrow('enough');
    const refused = expect(waiting).rejects.toMatchObject({ code: 'node.stopping' });
    await following.close();
    await refused;
  });
});

test('a beat tells from outside which item does not come back', async () => {
  const shared = createSharedBeat();
  const look = watchBeat(shared, 5000);
  const beat = beatOn(shared);
  expect(look(0)).toBeUndefined();
  expect(look(60_000)).toBeUndefined();
  beat.begin(4, 9);
  expect(look(61_000)).toBeUndefined();
  expect(look(65_999)).toBeUndefined();
  expect(look(66_000)).toEqual({ first: 4, last: 9 });
  beat.at(6);
  expect(look(67_000)).toBeUndefined();
  expect(look(72_000)).toEqual({ first: 6, last: 6 });
  beat.end();
  expect(look(80_000)).toBeUndefined();
});

test('after a hang it is one item at a time until the batch is behind', async () => {
  const options = world();
  await put(options.store, 1, 8);
  const sizes: number[] = [];
  const follower = recorder({ take: (batch: readonly TailItem[]) => void sizes.push(batch.length) });
  const following = await follow(follower, { ...options, carefulTo: 3 });
  await following.waitFor(8);
  expect(sizes).toEqual([1, 1, 1, 5]);
  await following.close();
});
