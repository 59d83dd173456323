import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { noteAsked, seatFor, type Seat } from '../../../src/index/map/seats.js';

const UNASKED_MS = 600;
const seat = (...lookers: readonly (readonly [string, number])[]): Seat => ({ askedMs: new Map(lookers) });

test('whoever holds all maps gives up one to somebody who has none, and the oldest', () => {
  const all = [3, 1, 2, 4].map((atMs) => seat(['stranger', atMs]));
  expect(seatFor(all, 'reader', 10, UNASKED_MS)).toBe(all[1]);
  expect(seatFor(all, 'stranger', 10, UNASKED_MS)).toBeUndefined();
});

test('what others look at as well stays, and what nobody looks at any more goes first', () => {
  const shared = [seat(['stranger', 11], ['reader', 12]), seat(['stranger', 13]), seat(['stranger', 14])];
  expect(seatFor(shared, 'newcomer', 20, UNASKED_MS)).toBe(shared[1]);
  const left = seat(['long ago', 5]);
  expect(seatFor([...shared, left], 'newcomer', 5 + UNASKED_MS, UNASKED_MS)).toBe(left);
});

test('whoever asks for whatever, in the end each of up to four callers who want a map of their own has one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 30, maxLength: 60 }), (asks) => {
      const seats: Seat[] = [];
      const ask = (who: number, nowMs: number): void => {
        const mine = seats.find(({ askedMs }) => askedMs.has(`${who}`));
        // The first caller always wants another map, the others go on looking at theirs.
        let made = who === 0 ? undefined : mine;
        if (made === undefined) {
          if (seats.length >= 4) {
            const leaves = seatFor(seats, `${who}`, nowMs, Infinity);
            if (leaves === undefined) return;
            seats.splice(seats.indexOf(leaves), 1);
          }
          made = seat();
          seats.push(made);
        }
        noteAsked(made, `${who}`, nowMs);
      };
      [...asks, 1, 2, 3].forEach(ask);
      for (const who of [1, 2, 3]) expect(seats.some(({ askedMs }) => askedMs.has(`${who}`))).toBe(true);
      expect(seats.length).toBeLessThanOrEqual(4);
    }),
    { numRuns: 100 },
  );
});

test('strangers without number are not remembered without end', () => {
  const one = seat();
  for (let n = 0; n < 1000; n++) noteAsked(one, `${n}`, n);
  expect(one.askedMs.size).toBe(64);
  expect(one.askedMs.get('999')).toBe(999);
});
