import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex } from '../../src/bytes.js';
import { didOf, publicKeyOf, sha256, sign } from '../../src/crypto/index.js';
import { Equality } from '../../src/sync/equality.js';
import { createItemSet, decodeFrame, Session, type Frame, type ItemSet, type Wish } from '../../src/sync/index.js';

/** 32 bytes that are mixed well enough. */
const digest = (n: number): Uint8Array => {
  const words = new Uint32Array(8);
  for (let i = 0, state = n * 8 + 1; i < 8; i++, state++) words[i] = Math.imul(state ^ (state >>> 7), 0x9e3779b1 ^ i);
  return new Uint8Array(words.buffer);
};
const itemsOf = (numbers: readonly number[]) => numbers.map((n) => ({ timeMs: 1000 + (n % 997), digest: digest(n) }));
const seed = (n: number): Uint8Array => sha256(Uint8Array.of(n));
const did = (n: number): string => didOf(publicKeyOf(seed(n)));

const setOf = (numbers: readonly number[]): ItemSet =>
  createItemSet(itemsOf(numbers), (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()));

/** A set whose sums say nothing, as if its ids had been ground: every range looks like every other of the same length or not. */
function ground(numbers: readonly number[]): ItemSet {
  const set = setOf(numbers);
  return new Proxy(set, {
    get: (target, name) => {
      if (name === 'fingerprint') return () => new Uint8Array(16);
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

/** Two proven sessions over these sets; answers what either was told, and the frames by type. */
function meet(left: ItemSet, right: ItemSet) {
  const sets = [left, right];
  const sides = [1, 2].map(
    (n) =>
      new Session({
        network: 'dev',
        node: did(n),
        sketches: true,
        prover: {
          role: n === 1 ? 'dialler' : 'listener',
          nonce: seed(n + 9),
          sign: (message) => sign(message, seed(n)),
          ...(n === 1 ? { expects: did(2) } : {}),
        },
      }),
  );
  const told = [new Set<string>(), new Set<string>()];
  const frames = new Map<string, number>();
  const queue: { to: number; frame: Uint8Array }[] = [];
  const fulfil = (side: number, wishes: readonly Wish[]): void => {
    for (const wish of wishes)
      if (wish.type === 'send') {
        const { frame } = decodeFrame(wish.frame) as { frame: Frame };
        frames.set(frame.type, (frames.get(frame.type) ?? 0) + 1);
        queue.push({ to: 1 - side, frame: wish.frame });
      } else if (wish.type === 'items') fulfil(side, sides[side]!.items(sets[side]!, 0));
      else if (wish.type === 'offered') for (const item of wish.items) told[side]!.add(toHex(item.digest));
      else if (wish.type === 'needed') for (const id of wish.ids) told[side]!.add(toHex(id));
      else if (wish.type === 'close') throw new Error(wish.detail);
  };
  const run = (): void => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      fulfil(next.to, sides[next.to]!.receive(next.frame, 0));
  };
  sides.forEach((side, n) => fulfil(n, side.open(0)));
  run();
  // The host keeps no sketch here, so that sets are compared range by range.
  const reconcile = (): void => {
    fulfil(0, sides[0]!.reconcile());
    run();
  };
  reconcile();
  return { told, frames, sides, reconcile, fulfil, queue };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('sets that a comparison took for equal', () => {
  test('are proven equal under the session’s key, a question for each 65,536', () => {
    const { told, frames } = meet(setOf(range(0, 70_000)), setOf(range(0, 70_000)));
    expect([frames.get('equal'), frames.get('equals'), frames.get('have')]).toEqual([2, 2, undefined]);
    expect(told.map((one) => one.size)).toEqual([0, 0]);
  });

  test('what ground sums hide is found, on both sides', () => {
    const { told, frames } = meet(ground(range(0, 9_000)), ground(range(1, 9_003)));
    expect(told[1]!.has(toHex(digest(0)))).toBe(true);
    for (const n of [9_000, 9_001, 9_002]) expect(told[0]!.has(toHex(digest(n)))).toBe(true);
    // Some items around each are told, too, and no more.
    expect(told[0]!.size + told[1]!.size).toBeLessThan(200);
    expect(frames.get('reconcile')).toBe(1);
  });

  test('any two sets: each side is told all that it lacks', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(400), { maxLength: 300 }),
        fc.uniqueArray(fc.nat(400), { maxLength: 300 }),
        (left, right) => {
          const { told } = meet(ground(left), ground(right));
          for (const n of right) if (!left.includes(n)) expect(told[0]!.has(toHex(digest(n)))).toBe(true);
          for (const n of left) if (!right.includes(n)) expect(told[1]!.has(toHex(digest(n)))).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('it is asked for now and then, not each time', () => {
    const same = createItemSet(itemsOf(range(0, 100)));
    const { frames, reconcile } = meet(same, same);
    for (let i = 0; i < 12; i++) reconcile();
    expect(frames.get('equal')).toBe(2);
  });
});

test('the key is that of the session: other nonces, other hashes', () => {
  const set = createItemSet(itemsOf(range(0, 3_000)));
  const of = (key: number, begin: number, end: number): string => toHex(set.keyedHash(seed(key), begin, end));
  expect(of(1, 0, 3_000)).not.toBe(of(2, 0, 3_000));
  expect(of(1, 0, 3_000)).not.toBe(of(1, 0, 2_999));
  expect(of(1, 5, 5)).toBe(of(1, 9, 9));
});

test('hashes that nobody asked for end the session', () => {
  const { sides, fulfil, queue } = meet(createItemSet(), createItemSet());
  expect(sides[1]!.isReady).toBe(true);
  const hashes = new Uint8Array(16);
  const wish = sides[0]!.receive(
    (() => {
      // A frame of the other side, by hand.
      fulfil(1, []);
      queue.length = 0;
      return Uint8Array.from([
        0xa2,
        0x64,
        ...Buffer.from('type'),
        0x66,
        ...Buffer.from('equals'),
        0x66,
        ...Buffer.from('hashes'),
        0x50,
        ...hashes,
      ]);
    })(),
    0,
  );
  expect(wish.at(-1)).toMatchObject({ type: 'close', code: 'peer.protocol' });
});

test('who asks about everything sixteen times at once makes nobody hash it', () => {
  let hashed = 0;
  const set = new Proxy(setOf(Array.from({ length: 20_000 }, (_, n) => n)), {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (name === 'keyedHash') hashed += (args[2] as number) - (args[1] as number);
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
  const sent: Frame[] = [];
  const line = {
    send: (frame: Frame) => void sent.push(frame),
    charge: () => undefined,
    wish: () => undefined,
    fail: (_code: string, detail: string) => {
      throw new Error(detail);
    },
  };
  const everything = {
    from: { timeMs: 1000, digest: new Uint8Array(32) },
    to: { timeMs: 3000, digest: new Uint8Array(32) },
  };
  const asked = new Equality(line as unknown as ConstructorParameters<typeof Equality>[0], () => seed(1));
  asked.asked(
    Array.from({ length: 16 }, () => everything),
    false,
    false,
  );
  asked.items(set);
  expect(hashed).toBe(0);
  expect(sent).toEqual([{ type: 'equals', hashes: new Uint8Array(16 * 16) }]);
});
