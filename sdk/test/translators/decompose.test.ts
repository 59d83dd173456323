import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nearestOrthogonal, powerOf } from '../../src/translators/decompose.js';
import { crossed, product, transposed } from '../../src/translators/linear.js';

const numbers = (seed: number): (() => number) => {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
};
const matrix = (rows: number, cols: number, seed: number): Float64Array =>
  Float64Array.from({ length: rows * cols }, numbers(seed));

function expectNear(a: Float64Array, b: ArrayLike<number>): void {
  expect(a).toHaveLength(b.length);
  expect(Math.max(...a.map((x, i) => Math.abs(x - b[i]!)))).toBeLessThan(1e-6);
}

const unitMatrix = (n: number): number[] => Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

describe('the nearest orthogonal map', () => {
  test('is orthogonal, and itself where it is asked for again', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1 }),
        (r, c, seed) => {
          const w = nearestOrthogonal(matrix(r, c, seed), r, c);
          const small = Math.min(r, c);
          expectNear(r >= c ? crossed(w, w, r) : product(w, transposed(w, c), c), unitMatrix(small));
          expectNear(nearestOrthogonal(w, r, c), w);
        },
      ),
      {
        numRuns: 50,
        seed: 19,
        examples: [
          [9, 4, 3],
          [4, 9, 3],
        ],
      },
    );
  });

  test('is the rotation that was stretched', () => {
    const turn = nearestOrthogonal(matrix(6, 6, 5), 6, 6);
    const half = matrix(6, 6, 8);
    expectNear(nearestOrthogonal(product(turn, crossed(half, half, 6), 6), 6, 6), turn);
  });

  test('maps to nothing what is not told of', () => {
    // Two pairs of four numbers: the directions at right angles to both are not told of.
    const [c, d] = [matrix(2, 4, 3), matrix(2, 4, 4)];
    const w = nearestOrthogonal(crossed(c, d, 2), 4, 4);
    const squares = w.reduce((sum, x) => sum + x * x, 0);
    expect(squares).toBeCloseTo(2, 6);
  });
});

test('a power of a matrix, times itself, is twice the power', () => {
  const half = matrix(7, 5, 11);
  const m = crossed(half, half, 7);
  const root = powerOf(m, 5, 0.5, 0);
  const most = product(root, root, 5).map((x, i) => m[i]! / x);
  expect(Math.max(...most) / Math.min(...most)).toBeCloseTo(1, 6);
});
