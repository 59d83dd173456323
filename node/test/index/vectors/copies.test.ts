import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { markCopies } from '../../../src/index/vectors/copies.js';

const dims = 24;
const unit = (numbers: readonly number[]): Float32Array => {
  const length = Math.hypot(...numbers) || 1;
  return Float32Array.from(numbers, (x) => x / length);
};
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

test('a row is a copy of the first one before it that is no copy and has a cosine of .97 with it', () => {
  const numbers = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: dims, maxLength: dims });
  // Some rows anew, some a step away from an earlier one.
  const made = fc.array(fc.tuple(numbers, fc.nat(20), fc.constantFrom(0, 0.02, 0.1, 0.2, 0.3)), {
    minLength: 2,
    maxLength: 30,
  });
  fc.assert(
    fc.property(numbers, made, (asked, draws) => {
      const q = unit(asked);
      const rows: Float32Array[] = [];
      for (const [own, of, step] of draws) {
        const near = rows[of % Math.max(1, rows.length)];
        rows.push(unit(near === undefined || of > 12 ? own : [...near].map((x, i) => x + step * own[i]!)));
      }
      const flat = Float32Array.from(rows.flatMap((row) => [...row]));
      const ranked = rows
        .map((row, label) => ({ label, score: dot(q, row) }))
        .sort((a, b) => b.score - a.score || a.label - b.label);
      const leads: number[] = [];
      const expected = ranked.map(({ label }) => {
        const lead = leads.find((one) => 2 - 2 * dot(rows[one]!, rows[label]!) <= 0.06);
        if (lead === undefined) leads.push(label);
        return lead;
      });
      const isNearTheLimit = rows.some((a) => rows.some((b) => Math.abs(2 - 2 * dot(a, b) - 0.06) < 1e-5));
      fc.pre(!isNearTheLimit);
      const found = markCopies(ranked, (label) => ({ data: flat, offset: label * dims }), dims, 0.2);
      expect(found.map(({ copyOf }) => copyOf)).toEqual(expected);
    }),
  );
});
