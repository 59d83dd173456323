import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Sketch, type Drawn } from '../../../src/index/common/sketch.js';

const rowsOf = (ranks: readonly number[]): Drawn[] =>
  ranks.map((rank, i) => ({ rank, id: `b${i}`, row: 0, author: `a${rank % 3}` }));

test('what is drawn depends on what is there, not on its order or on doubles', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(), { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (ranks, max) => {
      const rows = rowsOf(ranks);
      const [there, back] = [new Sketch(max), new Sketch(max)];
      for (const row of rows) there.offer(row);
      for (const row of [...rows].reverse()) for (let twice = 0; twice < 2; twice++) back.offer(row);
      const smallest = [...rows].sort((a, b) => a.rank - b.rank).slice(0, max);
      expect(there.all).toEqual(smallest);
      expect(back.all).toEqual(smallest);
      expect(there.isWhole).toBe(rows.length <= max);
    }),
  );
});

test('a block that goes leaves, and another takes its place', () => {
  const sketch = new Sketch(3);
  for (const row of rowsOf([5, 1, 3])) sketch.offer(row);
  expect(sketch.remove('b1')).toBe(true);
  expect(sketch.remove('b1')).toBe(false);
  sketch.offer({ rank: 4, id: 'new', row: 2, author: 'a' });
  expect(sketch.all.map(({ rank }) => rank)).toEqual([3, 4, 5]);
});

test('an author has a share while there are others, and all where there are none', () => {
  const sketch = new Sketch(100);
  for (let i = 0; i < 50; i++) sketch.offer({ rank: i, id: `flood${i}`, row: 0, author: 'flood' });
  for (let i = 50; i < 60; i++) sketch.offer({ rank: i, id: `other${i}`, row: 0, author: `other${i}` });
  const picks = sketch.picks(12, 0.2);
  expect(picks.filter(({ author }) => author === 'flood')).toHaveLength(3);
  expect(picks).toHaveLength(12);
  const alone = new Sketch(100);
  for (let i = 0; i < 50; i++) alone.offer({ rank: i, id: `b${i}`, row: 0, author: 'one' });
  expect(alone.picks(12, 0.2)).toHaveLength(12);
});
