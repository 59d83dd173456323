import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { CatalogueEntry } from '../../src/block/types.js';
import {
  asksPlaces,
  coverageKey,
  coverageTest,
  coverageText,
  readCoverage,
  type Covered,
  type Subscription,
} from '../../src/filter/index.js';
import { root } from '../shared-data.ts';

interface Written extends Partial<CatalogueEntry> {
  readonly place?: Covered['place'];
}
const { coverages, blocks } = JSON.parse(
  readFileSync(join(root, 'specs', 'vectors', 'sync-coverage.json'), 'utf8'),
) as {
  coverages: { comment: string; coverage: Subscription[]; covers: string[] }[];
  blocks: Record<string, Written>;
};

function coveredOf({ timeMs = 2000, place, ...entry }: Written): Covered {
  const usual = { author: '', kind: 'note.test/1', timeMs, tags: [], refs: [], links: [], rows: 0 };
  return { timeMs, entry: { ...usual, ...entry }, ...(place === undefined ? {} : { place }) };
}

describe('what a coverage covers', () => {
  test.each(coverages.map((one) => [one.comment, one] as const))('%s', (_, { coverage, covers }) => {
    const isCovered = coverageTest(readCoverage(coverage));
    const named = Object.entries(blocks).filter(([, block]) => isCovered(coveredOf(block)));
    expect(named.map(([name]) => name)).toEqual(covers);
  });

  test('without one everything is', () => {
    expect(Object.values(blocks).every((block) => coverageTest(undefined)(coveredOf(block)))).toBe(true);
  });
});

test('a coverage has one key, and words for people', () => {
  const one: Subscription[] = [{ tagsAny: ['tea'], fromMs: 0 }];
  expect(coverageKey(one)).toBe(coverageKey([{ fromMs: 0, tagsAny: ['tea'] }]));
  expect(coverageKey(one)).not.toBe(coverageKey([{ tagsAny: ['tea'] }]));
  expect(coverageKey(undefined)).not.toBe(coverageKey([]));
  expect(coverageText(one)).toBe('any-tag tea, from 1970-01-01T00:00:00.000Z');
  expect(coverageText(undefined)).toBe('everything');
  expect(coverageText([{}])).toBe('everything');
  expect(coverageText([{ places: [] }, { authors: ['a', 'b'] }])).toBe('in 0 places; or author a or b');
  expect([asksPlaces(one), asksPlaces([{ places: [] }]), asksPlaces(undefined)]).toEqual([false, true, false]);
});

test.each([
  [{}, /coverage: expected a list/],
  [Array.from({ length: 33 }, () => ({})), /at most 32/],
  [[7], /coverage.0: expected a map/],
  [[{ mood: ['calm'] }], /coverage.0.mood: one of spaces/],
  [[{ links: [] }], /coverage.0.links: one of/],
  [[{ tagsAny: 'tea' }], /coverage.0.*tagsAny: expected a list/],
  [[{ places: {} }], /coverage.0.places: expected at most 32/],
  [[{ places: [{ south: 1.5, north: 2, west: 3, east: 4 }] }], /microdegrees/],
  [[{ places: [{ south: 1, north: 2, west: 3, east: 4, up: 5 }] }], /microdegrees/],
  [[{ places: [null] }], /microdegrees/],
])('refused: %j', (value, expected) => {
  expect(() => readCoverage(value)).toThrow(expected);
});
