import { expect, test } from '@jest/globals';
import { createPressure, restAfter } from '../../src/follow/give-way.js';

test('followers rest while many blocks are at the door, and never for long', () => {
  const { shared, set } = createPressure();
  expect(restAfter(10, shared)).toBe(0);
  set(4);
  expect(restAfter(10, shared)).toBe(0);
  set(512);
  expect(restAfter(4, shared)).toBeGreaterThan(4);
  expect(restAfter(10_000, shared)).toBeLessThanOrEqual(200);
  set(0);
  expect(restAfter(10, shared)).toBe(0);
  expect(restAfter(10, undefined)).toBe(0);
});
