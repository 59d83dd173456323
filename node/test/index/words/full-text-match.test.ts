import { expect, test } from '@jest/globals';
import { matchesOf } from '../../../src/index/words/full-text-match.js';

test('a question ranks no more texts than it may, those with its rarest words first', () => {
  const counted = [
    { term: 'the', texts: 90_000 },
    { term: 'heron', texts: 40 },
    { term: 'nobody wrote this', texts: 0 },
    { term: 'bird', texts: 900 },
    { term: 'of', texts: 70_000 },
  ];
  expect(matchesOf(counted, 1000)).toEqual([
    { match: '"heron" OR "bird"', share: 1 },
    { match: '"of" OR "the"', share: 1000 / 160_000 },
  ]);
  expect(matchesOf(counted.slice(3), 1000)).toEqual([
    { match: '"bird"', share: 1 },
    { match: '"of"', share: 1000 / 70_000 },
  ]);
  expect(matchesOf([{ term: 'the', texts: 90_000 }], 1000)).toEqual([{ match: '"the"', share: 1000 / 90_000 }]);
  expect(matchesOf([], 1000)).toEqual([]);
});
