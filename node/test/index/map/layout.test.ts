import { describe, expect, test } from '@jest/globals';
import { randomOf } from '@cosmicembeddings/sdk/testing';
import fc from 'fast-check';
import { alignTo, startFrom } from '../../../src/index/map/arrange.js';
import { Descent } from '../../../src/index/map/descent.js';
import { belonging, fuzzyUnion, NOBODY, type Near } from '../../../src/index/map/graph.js';
import { cellOf, hillsOf } from '../../../src/index/map/regions.js';
import { typicalWords } from '../../../src/index/map/typical.js';

const K = 5;
/** Two clouds on a line, `n` points each, with their true neighbours. */
function clouds(n: number): Near & { readonly n: number } {
  const xs = Array.from({ length: 2 * n }, (_, i) => (i < n ? 0 : 100) + ((i * 7919) % 97) / 97);
  const points = new Uint32Array(2 * n * K).fill(NOBODY);
  const distances = new Float32Array(2 * n * K);
  xs.forEach((x, i) => {
    const near = xs
      .map((other, j) => ({ j, distance: Math.abs(other - x) }))
      .filter(({ j }) => j !== i)
      .sort((a, b) => a.distance - b.distance)
      .slice(0, K);
    near.forEach(({ j, distance }, at) => {
      points[i * K + at] = j;
      distances[i * K + at] = distance;
    });
  });
  return { k: K, points, distances, n: 2 * n };
}

describe('the graph', () => {
  test('the nearest belongs wholly, and all together as log2(k)', () => {
    const near = clouds(20);
    const weights = belonging(near);
    for (let i = 0; i < near.n; i++) {
      const own = [...weights.subarray(i * K, (i + 1) * K)];
      expect(own[0]).toBeCloseTo(1, 5);
      expect(own.reduce((a, b) => a + b)).toBeCloseTo(Math.log2(K), 1);
    }
  });

  test('is the same from both sides, whatever is near to what', () => {
    const distance = fc.float({ min: 0, max: 1, noNaN: true });
    const points = fc.array(fc.array(fc.record({ to: fc.nat(9), distance }), { maxLength: K }), {
      minLength: 10,
      maxLength: 10,
    });
    fc.assert(
      fc.property(points, (lists) => {
        const near = { k: K, points: new Uint32Array(10 * K).fill(NOBODY), distances: new Float32Array(10 * K) };
        lists.forEach((list, i) => {
          const own = [...new Map(list.filter(({ to }) => to !== i).map((one) => [one.to, one])).values()];
          own.sort((a, b) => a.distance - b.distance);
          own.forEach(({ to, distance: d }, at) => {
            near.points[i * K + at] = to;
            near.distances[i * K + at] = d;
          });
        });
        const { from, to, weights } = fuzzyUnion(near);
        const found = new Map([...from].map((one, i) => [`${one} ${to[i]}`, weights[i]!]));
        expect(found.size).toBe(from.length);
        for (const [edge, weight] of found) {
          expect(weight).toBeGreaterThan(0);
          expect(weight).toBeLessThanOrEqual(1.000001);
          expect(found.get(edge.split(' ').reverse().join(' '))).toBeCloseTo(weight, 5);
        }
      }),
    );
  });
});

describe('a descent', () => {
  const start = (n: number): Float32Array =>
    startFrom(
      Float32Array.from({ length: 2 * n }, () => 0),
      3,
    );
  /** The part of points whose nearest is of their own cloud. */
  const apart = (places: Float32Array, n: number): number => {
    const all = Array.from({ length: 2 * n }, (_, i) => i);
    const far = (a: number, b: number): number =>
      a === b ? Infinity : Math.hypot(places[2 * a]! - places[2 * b]!, places[2 * a + 1]! - places[2 * b + 1]!);
    const own = all.filter((a) => {
      const nearest = all.reduce((best, b) => (far(a, b) < far(a, best) ? b : best), a);
      return nearest < n === a < n;
    });
    return own.length / all.length;
  };

  test('brings together what is near and takes apart what is not', () => {
    const near = clouds(60);
    const places = start(near.n);
    expect(apart(places, 60)).toBeLessThan(0.8);
    new Descent({ places, graph: fuzzyUnion(near), epochs: 300, seed: 1 }).run(Infinity);
    expect(apart(places, 60)).toBeGreaterThan(0.95);
  });

  test('is the same in slices and at once', () => {
    const near = clouds(30);
    const graph = fuzzyUnion(near);
    const [whole, sliced] = [start(near.n), start(near.n)];
    new Descent({ places: whole, graph, epochs: 40, seed: 1 }).run(Infinity);
    const descent = new Descent({ places: sliced, graph, epochs: 40, seed: 1 });
    let slices = 1;
    while (descent.run(0)) slices++;
    expect(slices).toBe(40);
    expect(sliced).toEqual(whole);
  });

  test('leaves alone what is held', () => {
    const near = clouds(30);
    const places = start(near.n);
    const before = places.slice();
    new Descent({ places, graph: fuzzyUnion(near), epochs: 40, movesFrom: 50, seed: 1 }).run(Infinity);
    expect(places.subarray(0, 100)).toEqual(before.subarray(0, 100));
    expect(places.subarray(100)).not.toEqual(before.subarray(100));
  });
});

test('a layout that was turned, mirrored and made larger is laid back', () => {
  const before = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * 12.9) * 5 + (i % 2));
  for (const mirror of [1, -1]) {
    const places = before.slice();
    for (let i = 0; i < places.length; i += 2) {
      const [x, y] = [before[i]!, mirror * before[i + 1]!];
      places[i] = 3 * (x * Math.cos(1) - y * Math.sin(1)) + 7;
      places[i + 1] = 3 * (x * Math.sin(1) + y * Math.cos(1)) - 2;
    }
    alignTo(
      places,
      before,
      Array.from({ length: 20 }, (_, i) => [i, i] as const),
    );
    places.forEach((x, i) => expect(x).toBeCloseTo(before[i]!, 3));
  }
});

test('regions are hills of points', () => {
  const random = (
    (next) => (): number =>
      next(1e6) / 1e6
  )(randomOf(5));
  const around = (x: number, y: number, n: number): [number, number][] =>
    Array.from({ length: n }, () => {
      const far = 0.02 * Math.sqrt(-2 * Math.log(1 - random()));
      const angle = 2 * Math.PI * random();
      return [x + far * Math.cos(angle), y + far * Math.sin(angle)];
    });
  const points = [...around(0.2, 0.2, 300), ...around(0.8, 0.7, 200), ...around(0.2, 0.8, 100)];
  const { cells, tops } = hillsOf(
    points.map(([x]) => x),
    points.map(([, y]) => y),
  );
  const codes = (from: number, to: number): Set<number> =>
    new Set(points.slice(from, to).map(([x, y]) => cells[cellOf(x, y)]!));
  expect(tops.map(({ points: n }) => n)).toEqual([300, 200, 100]);
  expect([codes(0, 300), codes(300, 500), codes(500, 600)]).toEqual([new Set([1]), new Set([2]), new Set([3])]);
  expect(hillsOf([], []).tops).toEqual([]);
});

test('words of a region are those that others have not, in any script', () => {
  const regions = [
    ['the kiln is hot', 'the kiln and the glaze', 'a kiln in the yard', 'glaze for the bowl'],
    ['the heron fishes', 'a heron in the reeds', 'the herons and the eel', 'the heron sleeps'],
    ['雪の山は高い', '雪の道を歩く', 'the 雪の朝', '雪の国'],
  ];
  const words = typicalWords(regions);
  expect(words[0]).toContain('kiln');
  expect(words[1]).toEqual(['heron']);
  expect(words.flat()).not.toContain('the');
  expect(typicalWords([])).toEqual([]);
});
