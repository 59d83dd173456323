import { expect, test } from '@jest/globals';
import { toUnit } from '@cosmicembeddings/sdk/space';
import { Guard, guardRules, type SlotRows } from '../../../src/index/vectors/guard.js';

const DIMS = 8;
let state = 7;
const next = (): number => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
const rows = Array.from({ length: guardRules.rowsMin }, () =>
  toUnit(Float32Array.from({ length: DIMS }, () => 0.5 + next())),
);
const source: SlotRows = { alive: () => true, data: (slot) => rows[slot]!, offset: () => 0 };
const guard = new Guard(DIMS, source, 1);
rows.forEach((_, slot) => guard.arrived(slot, slot, 0));

/** By its own words: mean cosine to the other rows, all of which are the sample here. */
const hubs = rows
  .map((row, i) => {
    let sum = 0;
    for (const [j, other] of rows.entries()) if (j !== i) sum += row.reduce((dot, x, d) => dot + x * other[d]!, 0);
    return sum / (rows.length - 1);
  })
  .sort((a, b) => a - b);
const quantile = (q: number): number => {
  const at = (hubs.length - 1) * q;
  const low = Math.floor(at);
  return hubs[low]! + (at - low) * ((hubs[low + 1] ?? hubs[low]!) - hubs[low]!);
};
const median = quantile(0.5);
const spread = median - quantile(0.16);
const threshold = Math.min(hubs.at(-1)! + 0.15 * spread, median + 4.5 * spread);

test('the threshold is a little beyond where hubness ends, but never above 4.5 spreads over the median', () => {
  expect(guard.active).toBe(true);
  expect(guard.threshold).toBeCloseTo(threshold, 5);
});

test('beyond the threshold a row loses ten times its excess, up to it nothing', () => {
  expect(guard.demotion(threshold - 0.001)).toBe(0);
  expect(guard.demotion(threshold + 0.02)).toBeCloseTo(0.2, 4);
});

test('far is one spread beyond the threshold', () => {
  expect(guard.far(threshold + spread * 0.98)).toBe(false);
  expect(guard.far(threshold + spread * 1.02)).toBe(true);
});
