import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TopRows } from '../../../src/index/vectors/top-rows.js';

const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3 })), { maxLength: 3_000 });

test('the best rows, however many are asked for, and what a row must reach', () => {
  fc.assert(
    fc.property(rows, fc.constantFrom(0, 1, 10, 512, 513, 700, 2_000), fc.nat(3_000), (some, k, lookAt) => {
      const top = new TopRows(k);
      const offered: { label: number; score: number; demotion?: number }[] = [];
      const best = () =>
        [...offered]
          .sort((a, b) => b.score - (b.demotion ?? 0) - (a.score - (a.demotion ?? 0)) || a.label - b.label)
          .slice(0, k);
      some.forEach(([score, demotion], label) => {
        const isTaken = top.offer(label, score, demotion);
        if (k <= 512) expect(isTaken).toBe(top.take().some((row) => row.label === label));
        offered.push(demotion === 0 ? { label, score } : { label, score, demotion });
        if (label !== lookAt || k === 0) return;
        const last = best()[k - 1];
        expect(top.floor).toBe(last === undefined ? -Infinity : last.score - (last.demotion ?? 0));
      });
      expect(top.size).toBe(Math.min(k, some.length));
      expect(top.take()).toEqual(best());
    }),
    { numRuns: 60 },
  );
});
