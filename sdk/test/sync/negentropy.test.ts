import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromHex, toHex } from '../../src/bytes.js';
import { compareItems, createItemSet, createReconciler, NegentropyError } from '../../src/sync/index.js';
import { sha256 } from '../../src/crypto/index.js';
import { sharedText } from '../shared-data.ts';
import { reconcile } from './reconcile.ts';

interface Trace {
  readonly name: string;
  readonly client_limit: number;
  readonly server_limit: number;
  readonly client_items: readonly [number, string][];
  readonly server_items: readonly [number, string][];
  readonly trace: readonly ['c' | 's', string][];
  readonly have: readonly string[];
  readonly need: readonly string[];
}

const setOf = (items: readonly (readonly [number, string])[]) =>
  createItemSet(items.map(([timeMs, id]) => ({ timeMs, digest: fromHex(id) })));

describe('negentropy against traces of the reference', () => {
  const lines = sharedText('negentropy/vectors.jsonl')?.trim().split('\n') ?? [];
  for (const line of lines) {
    const trace = JSON.parse(line) as Trace;
    test(trace.name, () => {
      const run = reconcile(
        setOf(trace.client_items),
        setOf(trace.server_items),
        trace.client_limit,
        trace.server_limit,
      );
      expect(run.messages.map(toHex)).toEqual(trace.trace.map(([, message]) => message));
      expect(run.have.map(toHex).sort()).toEqual([...trace.have].sort());
      expect(run.need.map(toHex).sort()).toEqual([...trace.need].sort());
    });
  }
  test.skip(lines.length === 0 ? 'traces are absent' : 'traces are there', () => undefined);
});

const item = (n: number, timeMs: number) => ({ timeMs, digest: sha256(Uint8Array.of(n >> 16, n >> 8, n & 255)) });
const hexes = (digests: readonly Uint8Array[]): string[] => [...new Set(digests.map(toHex))].sort();

describe('reconciliation', () => {
  test('any two sets, with and without frame limits, end in the exact differences', () => {
    const sides = fc.record({
      size: fc.integer({ min: 0, max: 900 }),
      spread: fc.constantFrom(1, 5, 1000, 2 ** 45),
      left: fc.integer({ min: 0, max: 100 }),
      right: fc.integer({ min: 0, max: 100 }),
      salt: fc.integer({ min: 0, max: 1000 }),
      limits: fc.constantFrom([0, 0], [4096, 4096], [4096, 0], [0, 5000], [60_000, 4096]),
    });
    fc.assert(
      fc.property(sides, ({ size, spread, left, right, salt, limits }) => {
        const all = Array.from({ length: size }, (_, n) => item(salt * 1000 + n, (n * 7919) % spread));
        const pick = (share: number, turn: number) => all.filter((_, n) => (n * 37 + turn * 61) % 100 < share);
        const [a, b] = [pick(left, 0), pick(right, 1)];
        const run = reconcile(createItemSet(a), createItemSet(b), limits[0], limits[1]);
        const [ours, theirs] = [new Set(a), new Set(b)];
        expect(hexes(run.have)).toEqual(hexes(a.filter((one) => !theirs.has(one)).map(({ digest }) => digest)));
        expect(hexes(run.need)).toEqual(hexes(b.filter((one) => !ours.has(one)).map(({ digest }) => digest)));
        for (const [i, message] of run.messages.entries()) {
          const limit = limits[i % 2]!;
          // The first message of all is sixteen ranges, whatever the limit.
          if (limit > 0 && i > 0) expect(message.length).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  test('garbage is refused as a fault of the other side, whatever it is', () => {
    const set = createItemSet(Array.from({ length: 100 }, (_, n) => item(n, n)));
    const good = createReconciler(set).initiate();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(good.length - 1), fc.nat(255), (noise, at, value) => {
        const bent = good.slice();
        bent[at] = value;
        for (const message of [noise, bent, good.subarray(0, at)])
          try {
            createReconciler(set).step(message);
          } catch (error) {
            expect(error).toBeInstanceOf(NegentropyError);
          }
      }),
      { numRuns: 2000 },
    );
    expect(() => createReconciler(set).step(Uint8Array.of(0x61, 0, 0, 2, 0xff, 0xff, 0xff, 0x7f))).toThrow(
      NegentropyError,
    );
    expect(() => createReconciler(set, { frameLimit: 100 })).toThrow(RangeError);
  });

  test('a message of another version is answered with ours, so that the other side can step down', () => {
    expect(toHex(createReconciler(createItemSet()).step(Uint8Array.of(0x62, 1, 2)).reply!)).toBe('61');
    expect(() => createReconciler(createItemSet()).step(Uint8Array.of(0x10))).toThrow(NegentropyError);
  });
});

describe('item set', () => {
  test('merged in any portions, it equals the set made at once', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(400), fc.nat(3)), { maxLength: 300 }), fc.nat(300), (pairs, cut) => {
        const items = pairs.map(([n, time]) => item(n, (n % 7) + 1000 * (time === 0 ? 0 : 1)));
        const whole = createItemSet(items);
        const parts = createItemSet(items.slice(0, cut)).with(items.slice(cut)).with(items);
        expect(parts.size).toBe(whole.size);
        for (let i = 0; i <= whole.size; i += 13)
          expect(toHex(parts.fingerprint(i, whole.size))).toBe(toHex(whole.fingerprint(i, whole.size)));
        for (let i = 1; i < whole.size; i++)
          expect(
            compareItems(
              { timeMs: whole.timeAt(i - 1), digest: whole.digestAt(i - 1) },
              { timeMs: whole.timeAt(i), digest: whole.digestAt(i) },
            ),
          ).toBeLessThan(0);
        for (const one of items) expect(whole.has(one.timeMs, one.digest)).toBe(true);
        expect(whole.has(5, new Uint8Array(32))).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  test('a set that grows in random batches is at each step what a sorted list says, and earlier sets stay as they were', () => {
    const hash = (set: ReturnType<typeof createItemSet>) => toHex(set.keyedHash(new Uint8Array(32), 0, set.size));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3_000), fc.integer({ min: 1, max: 700 })), { maxLength: 12 }), (batches) => {
        let set = createItemSet();
        const earlier: [typeof set, string][] = [];
        const all = new Map<string, ReturnType<typeof item>>();
        for (const [from, count] of batches) {
          const batch = Array.from({ length: count }, (_, n) => item(from + n, (from + n) % 1_000));
          for (const one of batch) all.set(toHex(one.digest), one);
          earlier.push([set, hash(set)]);
          set = set.with(batch);
          const sorted = [...all.values()].sort(compareItems);
          expect(set.size).toBe(sorted.length);
          for (let i = 0; i < sorted.length; i += 7) {
            expect(set.timeAt(i)).toBe(sorted[i]!.timeMs);
            expect(toHex(set.digestAt(i))).toBe(toHex(sorted[i]!.digest));
            expect(set.lowerBound(0, set.size, sorted[i]!.timeMs, sorted[i]!.digest)).toBe(i);
            expect(set.lowerBound(i >> 1, i, sorted[i]!.timeMs + 1, new Uint8Array(0))).toBe(i);
          }
          const [a, b] = [sorted.length >> 2, sorted.length - (sorted.length >> 3)];
          const whole = createItemSet(sorted.slice(a, b));
          expect(toHex(set.fingerprint(a, b))).toBe(toHex(whole.fingerprint(0, b - a)));
        }
        for (const [one, was] of earlier) expect(hash(one)).toBe(was);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  test('what is far from what came is shared with the set before, not copied', () => {
    const before = createItemSet(Array.from({ length: 20_000 }, (_, n) => item(n, n)));
    const after = before.with([item(70_000, 20_001), item(70_001, 20_002)]);
    const isShared = (i: number): boolean => before.digestAt(i).buffer === after.digestAt(i).buffer;
    expect([0, 5_000, 10_000, 19_000].map(isShared)).toEqual([true, true, true, true]);
    expect(isShared(19_999)).toBe(false);
  });

  test('a fingerprint is the hash of the plain sum', () => {
    const items = Array.from({ length: 70 }, (_, n) => item(n, n));
    const set = createItemSet(items);
    for (const [begin, end] of [
      [0, 0],
      [0, 70],
      [3, 5],
      [15, 17],
      [16, 64],
      [69, 70],
    ] as const) {
      let sum = 0n;
      for (const { digest } of items.slice(begin, end)) sum += BigInt('0x' + toHex(digest.slice().reverse()));
      const little = fromHex((sum % 2n ** 256n).toString(16).padStart(64, '0')).reverse();
      expect(toHex(set.fingerprint(begin, end))).toBe(
        toHex(sha256(Uint8Array.of(...little, end - begin)).slice(0, 16)),
      );
    }
  });

  test('items of the wrong form are refused', () => {
    expect(() => createItemSet([{ timeMs: -1, digest: new Uint8Array(32) }])).toThrow(RangeError);
    expect(() => createItemSet([{ timeMs: 1, digest: new Uint8Array(31) }])).toThrow(RangeError);
  });
});

/** As the reference counts: one id more than fills the room, as the reserve takes it. */
test.each([
  [4104, 122],
  [4105, 123],
  [4136, 123],
  [4137, 124],
])('a list under a frame limit of %i holds %i ids, to the byte', (frameLimit, count) => {
  const items = Array.from({ length: 300 }, (_, i) => ({ timeMs: i, digest: sha256(Uint8Array.of(i & 255, i >> 8)) }));
  const server = createReconciler(createItemSet(items), { frameLimit });
  // Version 1; one range up to infinity (0, 0), mode 2 (ids), none of them.
  const { reply } = server.step(Uint8Array.of(0x61, 0, 0, 2, 0));
  // Version, bound of the first item left out: time and whole digest, mode, count in one varint of base 128.
  const at = reply!.indexOf(2, 1 + 1 + 1 + 32);
  expect(reply![at + 1]).toBe(count);
});
