import { describe, expect, test } from '@jest/globals';
import { fuse, weigh, weightOfWords, type Candidate } from '../../dist/search/fusion.js';

const spaces = new Map([['s', { mean: 0.1, spread: 0.1, n: 300 }]]);
const row = (label: number, cosine: number, bm25: number): Candidate => ({ label, space: 's', cosine, bm25 });

describe('the weight of words', () => {
  test('is .35 beside a row that stands out, .7 where none does, and falls between', () => {
    expect(weightOfWords(6)).toBeCloseTo(0.35, 3);
    expect(weightOfWords(1)).toBeCloseTo(0.7, 3);
    expect(weightOfWords(-Infinity)).toBe(0.7);
    const along = [2, 2.8, 3.1, 3.3, 3.5, 4].map(weightOfWords);
    expect(along).toEqual([...along].sort((a, b) => b - a));
    expect(along[3]).toBeCloseTo(0.525, 6);
  });

  test('follows the best row as it counts, demoted ones included', () => {
    expect(weigh([row(0, 0.2, 0), row(1, 0.9, 0)], spaces, {}).words).toBeCloseTo(0.35, 3);
    expect(weigh([row(0, 0.2, 0), { ...row(1, 0.9, 0), demotion: 0.8 }], spaces, {}).words).toBeCloseTo(0.7, 3);
    expect(weigh([{ label: -1, id: 'x', bm25: 3 }], spaces, {}).words).toBe(0.7);
  });

  test('is what the question or the operator says, whatever the rows', () => {
    const rows = [row(0, 0.9, 0)];
    expect(weigh(rows, spaces, { words: 2 })).toEqual({ vectors: 1, words: 2 });
    expect(weigh(rows, spaces, { words: 0, vectors: 3 })).toEqual({ vectors: 3, words: 0 });
    expect(weigh(rows, spaces, { vectors: 2 }).words).toBeCloseTo(0.35, 3);
  });

  test('lets a word decide among rows that are all far, and not against one that is near', () => {
    const words = { mean: 0, spread: 1, n: 300 };
    const first = (rows: readonly Candidate[]): number =>
      fuse([...rows], { spaces, words, weights: weigh(rows, spaces, {}) })[0]!.label;
    // 4 spreads against 4 of words: ahead by what words count for.
    expect(first([row(0, 0.5, 0), row(1, 0.25, 4)])).toBe(0);
    expect(first([row(0, 0.3, 0), row(1, 0.05, 4)])).toBe(1);
  });
});
