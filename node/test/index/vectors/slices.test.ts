import { expect, test } from '@jest/globals';
import { sliceMsBeside } from '../../../src/index/vectors/host.js';

test('beside searches a graph gets more time the more rows wait for it, within bounds', () => {
  expect([0, 256, 1024, 100_000].map(sliceMsBeside)).toEqual([4, 4, 16, 40]);
});
