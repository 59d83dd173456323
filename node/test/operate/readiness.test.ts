import { expect, test } from '@jest/globals';
import { readinessOf } from '../../src/operate/readiness.js';
import { largest, passedOver } from '../../src/operate/status.js';

const at = (name: string, lag: number) => ({ name, position: { epoch: 'e', seq: 0 }, lag });

test('a node is ready while nothing stands still with work left, is far behind or out of order', () => {
  const standing = new Map([['text', 'the disk is full']]);
  expect(readinessOf([at('text', 0), at('vectors', 100_000)], standing, [])).toEqual({ ready: true, reasons: [] });
  expect(readinessOf([at('text', 3), at('vectors', 100_001)], standing, ['the clock is wrong'])).toEqual({
    ready: false,
    reasons: [
      'text stands still, 3 blocks behind: the disk is full',
      'vectors is 100001 blocks behind',
      'the clock is wrong',
    ],
  });
});

test('a status names the thousand largest kinds and spaces', () => {
  const kinds = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`kind-${i}`, i]));
  const spaces = Array.from({ length: 1500 }, (_, i) => ({ id: `s${i}`, rows: i }));
  const counts = largest({ blocks: 7, kinds, spaces } as never);
  expect(Object.keys(counts.kinds)).toHaveLength(1000);
  expect([counts.kinds['kind-1499'], counts.kinds['kind-499']]).toEqual([1499, undefined]);
  expect([counts.spaces.length, counts.spaces[0]]).toEqual([1000, { id: 's1499', rows: 1499 }]);
  expect((counts as { blocks?: number }).blocks).toBe(7);
  expect(passedOver({ text: 2 })).toEqual(['text passed over 2 blocks that it could not take (faults.json)']);
});
