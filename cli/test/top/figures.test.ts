import { expect, test } from '@jest/globals';
import { figuresOf, samplesOf } from '../../src/top/figures.js';

const scrape = (stored: number, searches: readonly [number, number, number], more = ''): string => `
# HELP cosmic_accepted_total Blocks judged
# TYPE cosmic_accepted_total counter
cosmic_accepted_total{status="stored"} ${stored}
cosmic_accepted_total{status="known"} 7
cosmic_search_seconds_bucket{le="0.01"} ${searches[0]}
cosmic_search_seconds_bucket{le="0.05"} ${searches[1]}
cosmic_search_seconds_bucket{le="+Inf"} ${searches[2]}
cosmic_search_seconds_count ${searches[2]}
cosmic_follower_lag{follower="text"} 0
cosmic_follower_lag{follower="vectors"} 12
cosmic_recall_sample NaN
${more}`;

test('rates are of the time between two looks, quantiles of the searches since then', () => {
  const before = samplesOf(scrape(100, [500, 500, 500]));
  const now = samplesOf(scrape(300, [598, 600, 600], 'cosmic_rejected_total{code="block.bad_signature"} 4'));
  const figures = figuresOf(before, now, 2000);
  expect(figures).toMatchObject({
    storedPerS: 100,
    searchesPerS: 50,
    searchP99Ms: 50,
    acceptP99Ms: undefined,
    lags: { text: 0, vectors: 12 },
    refused: { 'block.bad_signature': 4 },
  });
  expect(figuresOf(now, now, 2000)).toMatchObject({ storedPerS: 0, searchP99Ms: undefined, refused: {} });
});

test('a node that started anew counts from zero', () => {
  const figures = figuresOf(samplesOf(scrape(1000, [9, 9, 9])), samplesOf(scrape(10, [2, 2, 2])), 1000);
  expect(figures).toMatchObject({ storedPerS: 10, searchesPerS: 2 });
});

test('labels may hold what they like; what is no sample is left out', () => {
  expect(samplesOf('a{x="1,\\"2\\"}",y="z"} 3\nno sample here at all\n\nb 1e3\nc{} +Inf')).toEqual([
    { name: 'a', labels: { x: '1,\\"2\\"}', y: 'z' }, value: 3 },
    { name: 'b', labels: {}, value: 1000 },
    { name: 'c', labels: {}, value: Infinity },
  ]);
});
