import { expect, test } from '@jest/globals';
import type { SearchAnswer } from '@cosmicembeddings/sdk';
import { whileJudging } from '../../../src/index/kinds/unjudged.js';

const at = (seq: number, epoch = 'e') => ({ epoch, seq });
const answer = (indexedTo: number, notes?: string[]): SearchAnswer =>
  ({ hits: [], indexedTo: at(indexedTo), head: at(9), ...(notes === undefined ? {} : { notes }) }) as never;

test('an answer reaches no further than the blocks that were judged anew, and says why', () => {
  expect(whileJudging(answer(9, ['first']), at(4))).toMatchObject({
    indexedTo: at(4),
    notes: ['first', expect.stringContaining('blocks after 4 of 9')],
  });
  expect(whileJudging(answer(2), at(4)).indexedTo).toEqual(at(2));
  expect(whileJudging(answer(9), at(-1, '')).indexedTo).toEqual(at(0));
});

test('where nothing is to be judged, or all is, it stays as it is', () => {
  const whole = answer(8);
  expect(whileJudging(whole, undefined)).toBe(whole);
  expect(whileJudging(whole, at(Number.MAX_SAFE_INTEGER))).toBe(whole);
  expect(whileJudging(whole, at(9))).toBe(whole);
});
