import { expect, test } from '@jest/globals';
import type { Scored } from '../../src/search/fusion.js';
import { boundUnvouched } from '../../src/search/unvouched.js';

const row = (label: number, told: boolean): Scored => ({ label, score: -label, ...(told ? { bm25: 0 } : {}) });
const told = Array.from({ length: 20 }, (_, i) => row(100 + i, true));
const silent = Array.from({ length: 10 }, (_, i) => row(i, false));

test('ten rows that nothing vouches for, all ahead, take one place of ten and not the first', () => {
  const labels = boundUnvouched([...silent, ...told], 0.007).map(({ label }) => label);
  expect(labels.slice(0, 10).filter((label) => label < 100)).toHaveLength(1);
  expect(labels[0]).toBe(100);
  expect([...labels].sort((a, b) => a - b)).toEqual(
    [...silent, ...told].map(({ label }) => label).sort((a, b) => a - b),
  );
});

test('where half of the rows have no text, or all that was found, nothing moves', () => {
  expect(boundUnvouched([...silent, ...told], 0.5)).toEqual([...silent, ...told]);
  expect(boundUnvouched(silent, 0)).toEqual(silent);
  expect(boundUnvouched(told, 0)).toEqual(told);
});
