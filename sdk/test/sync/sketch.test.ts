import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { didOf, publicKeyOf, sha256, sign } from '../../src/crypto/index.js';
import { createItemSet, decodeFrame, Session, Sketch, type Prover, type Wish } from '../../src/sync/index.js';

const seed = (n: number): Uint8Array => sha256(Uint8Array.of(n, 9));
const item = (n: number) => ({
  timeMs: 1_700_000_000_000 + n * 977,
  digest: sha256(Uint8Array.of(n >> 16, n >> 8, n)),
});
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const sketchOf = (numbers: readonly number[]): Sketch => {
  const sketch = Sketch.create();
  for (const n of numbers) sketch.add(item(n));
  return sketch;
};

describe('sketch', () => {
  test('two sets’ difference is taken apart, whatever they share and in whichever order they grew', () => {
    const numbers = fc.uniqueArray(fc.nat(5000), { maxLength: 60 });
    fc.assert(
      fc.property(numbers, numbers, numbers, (common, left, right) => {
        const a = new Set([...common, ...left]);
        const b = new Set([...right, ...common]);
        const found = sketchOf([...a])
          .minus(sketchOf([...b]).bytes(0, 400))
          .decode();
        const of = (items: readonly { timeMs: number }[]) => items.map(({ timeMs }) => timeMs).sort((x, y) => x - y);
        expect(of(found!.ours)).toEqual(of([...a].filter((n) => !b.has(n)).map(item)));
        expect(of(found!.theirs)).toEqual(of([...b].filter((n) => !a.has(n)).map(item)));
      }),
      { numRuns: 100 },
    );
  });

  test('too few cells yield nothing rather than a part; the estimate tells how many it takes', () => {
    const a = sketchOf(range(0, 3000));
    const b = sketchOf(range(500, 3500));
    expect(a.minus(b.bytes(0, 900)).decode()).toBeUndefined();
    expect(a.minus(b.bytes(0, 1600)).decode()).toMatchObject({ ours: { length: 500 }, theirs: { length: 500 } });
    const estimate = a.estimate(b.countBytes(0, 288), 0);
    expect(estimate).toBeGreaterThan(750);
    expect(estimate).toBeLessThan(1250);
  });

  test('noise is no table, and ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 48 * 20, maxLength: 48 * 20 }), (cells) => {
        expect(sketchOf(range(0, 50)).minus(cells).decode()).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });
});

/** A comparison led by the first of two sessions that keep sketches; frames go at once. */
function meet(left: readonly number[], right: readonly number[], times = 1) {
  const did = (n: number) => didOf(publicKeyOf(seed(n)));
  const sets = [left, right].map((numbers) => createItemSet(numbers.map(item)));
  const sketches = [sketchOf(left), sketchOf(right)];
  const sides = [1, 2].map((n) => {
    const prover: Prover = {
      role: n === 1 ? 'dialler' : 'listener',
      nonce: seed(n + 10),
      sign: (message) => sign(message, seed(n)),
      ...(n === 1 ? { expects: did(2) } : {}),
    };
    return new Session({ network: 'dev', node: did(n), prover, sketches: true });
  });
  const heard: Wish[][] = [[], []];
  const sent: string[] = [];
  let bytes = 0;
  const queue: [number, Uint8Array][] = [];
  const fulfil = (n: number, wishes: readonly Wish[]): void => {
    for (const wish of wishes)
      if (wish.type === 'items') fulfil(n, sides[n]!.items(sets[n]!, 0, sketches[n]!));
      else if (wish.type === 'send') queue.push([1 - n, wish.frame]);
      else {
        heard[n]!.push(wish);
        if (wish.type === 'needed' && wish.more) fulfil(n, sides[n]!.proceed(0));
      }
  };
  const run = (): void => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const decoded = decodeFrame(next[1]);
      sent.push(decoded.status === 'ok' ? decoded.frame.type : decoded.status);
      bytes += next[1].length;
      fulfil(next[0], sides[next[0]]!.receive(next[1], 0));
    }
  };
  sides.forEach((side, n) => fulfil(n, side.open(0)));
  run();
  sent.length = bytes = 0;
  for (let i = 0; i < times; i++) {
    fulfil(0, sides[0]!.reconcile());
    run();
  }
  const ids = heard[0]!.flatMap((wish) => (wish.type === 'needed' ? wish.ids : [])).length;
  const offered = heard[1]!.flatMap((wish) => (wish.type === 'offered' ? wish.items : [])).length;
  return { heard, sent, bytes, ids, offered };
}

describe('sessions that keep sketches', () => {
  test('a small difference is found in one round trip and two kilobytes, however large the sets', () => {
    const { sent, bytes, ids, offered } = meet(range(0, 5000), range(4, 5004));
    expect(sent).toEqual(['sketch', 'symbols', 'have', 'settled']);
    expect([ids, offered]).toEqual([4, 4]);
    expect(bytes).toBeLessThan(2_500);
  });

  test('a larger one in two', () => {
    const { sent, ids, offered } = meet(range(0, 5000), range(300, 5300));
    expect(sent.filter((type) => type === 'sketch')).toHaveLength(2);
    expect([ids, offered]).toEqual([300, 300]);
  });

  test('one that no sketch holds goes range by range', () => {
    const { sent, ids, offered } = meet(range(0, 6000), range(3000, 9000));
    expect(sent).toContain('reconcile');
    expect(sent.filter((type) => type === 'sketch').length).toBeLessThan(3);
    expect([ids, offered]).toEqual([3000, 3000]);
  });

  test('after one that found nothing the next trusts other sums', () => {
    const { sent } = meet(range(0, 100), range(0, 100), 3);
    expect(sent.filter((type) => type !== 'settled')).toEqual([
      'sketch',
      'symbols',
      'reconcile',
      'reconciled',
      // Sums can be ground; the first agreement of a session is proven under its key.
      'equal',
      'equals',
      'sketch',
      'symbols',
    ]);
  });
});
