import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FairQueue } from '../src/fair-queue.js';

test('one who asks a thousand times holds up nobody who asks once, and has a bound', () => {
  const queue = new FairQueue<string>(256, 64);
  for (let n = 0; n < 1000; n++) expect(queue.push(`stranger ${n}`, 'stranger')).toBe(n < 64);
  expect(queue.push('reader 0', 'reader')).toBe(true);
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual(['stranger 0', 'reader 0', 'stranger 1']);
  for (let n = 0; n < 300; n++) queue.push(`own ${n}`, '');
  expect(queue.size).toBe(256);
  expect(queue.push('another', 'another')).toBe(false);
});

test('all that was taken comes out, of each in its order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 50 }), (whose) => {
      const queue = new FairQueue<readonly [number, number]>(1000, 1000);
      whose.forEach((who, n) => queue.push([who, n], `${who}`));
      const out: (readonly [number, number])[] = [];
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) out.push(one);
      expect(queue.size).toBe(0);
      expect(out).toHaveLength(whose.length);
      for (const who of [0, 1, 2, 3]) {
        const of = out.filter(([name]) => name === who).map(([, n]) => n);
        expect(of).toEqual([...of].sort((a, b) => a - b));
      }
    }),
  );
});
