import { expect, test } from '@jest/globals';
import { createLeisure, createPressure, noteLag, restAfter } from '../../src/follow/give-way.js';

test('followers rest while many blocks are at the door, and never for long', () => {
  const { shared, set, asked } = createPressure();
  expect(restAfter(10, shared, 0)).toBe(0);
  set(4, 0);
  asked(0);
  expect(restAfter(10, shared, 0)).toBe(0);
  set(512, 0);
  expect(restAfter(4, shared, 0)).toBeGreaterThan(4);
  expect(restAfter(10_000, shared, 0)).toBeLessThanOrEqual(1000);
  set(0, 0);
  expect(restAfter(10, shared, 0)).toBe(0);
  expect(restAfter(10, undefined, 0)).toBe(0);
});

test('patient followers rest after searches, beside few blocks at the door, and while others are behind', () => {
  const { shared, patient, set, asked } = createPressure();
  expect(restAfter(10, patient, 10_000)).toBe(0);
  asked(10_000);
  expect(restAfter(10, patient, 10_100)).toBeGreaterThan(200);
  expect(restAfter(10_000, patient, 10_100)).toBeLessThanOrEqual(2000);
  expect(restAfter(10, shared, 10_100)).toBe(0);
  expect(restAfter(10, patient, 11_000)).toBe(0);
  noteLag(10, shared, 20_000);
  noteLag(5000, patient, 20_000);
  expect(restAfter(10, patient, 20_000)).toBe(0);
  noteLag(5000, shared, 20_000);
  expect(restAfter(10, patient, 20_100)).toBeGreaterThan(0);
  expect(restAfter(10, patient, 30_000)).toBe(0);
  set(20, 30_000);
  expect(restAfter(10, patient, 30_000)).toBeGreaterThan(0);
  expect(restAfter(10, shared, 30_000)).toBe(0);
});

test('a stream that has just begun goes before followers; one that does not end leaves them an eighth', () => {
  const { shared, patient, set } = createPressure();
  const stream = (fromMs: number, toMs: number): void => {
    for (let nowMs = fromMs; nowMs <= toMs; nowMs += 500) set(512, nowMs);
  };
  stream(100_000, 119_500);
  expect(restAfter(10, shared, 119_500)).toBe(590);
  expect(restAfter(10, patient, 119_500)).toBe(2900);
  stream(120_000, 180_000);
  expect(restAfter(10, patient, 180_000)).toBe(290);
  expect(restAfter(10, shared, 180_000)).toBe(70);
  expect(restAfter(10_000, shared, 180_000)).toBe(200);
  // It was quiet for a while in between: another stream.
  set(0, 180_100);
  expect(restAfter(10, shared, 182_500)).toBe(0);
  stream(182_500, 183_000);
  expect(restAfter(10, shared, 183_000)).toBe(590);
});

test('while somebody searches, followers keep up with what comes slower than it could be taken', () => {
  const { shared, set, asked } = createPressure();
  set(40, 100_000);
  expect(restAfter(10, shared, 100_000)).toBe(70);
  asked(100_000);
  expect(restAfter(10, shared, 100_100)).toBe(0);
  expect(restAfter(10, shared, 100_400)).toBe(70);
  set(512, 100_400);
  expect(restAfter(10, shared, 100_400)).toBe(590);
  asked(100_400);
  expect(restAfter(10, shared, 100_500)).toBe(70);
});

test('leisurely work waits at first, has a thirtieth while somebody searches, and all of the time while nobody does', () => {
  const { shared, asked } = createPressure();
  let nowMs = 100_000;
  asked(nowMs);
  const leisurely = createLeisure(shared, () => nowMs);
  let slices = 0;
  const slice = (): boolean => {
    slices++;
    nowMs += 10;
    return true;
  };
  // A start is as good as a search.
  expect([leisurely(slice), slices]).toEqual([false, 0]);
  nowMs += 400;
  expect([leisurely(slice), leisurely(slice), slices]).toEqual([true, true, 2]);
  asked(nowMs);
  const searchedMs = nowMs;
  while (nowMs < searchedMs + 3000) {
    nowMs += 5;
    asked(nowMs);
    leisurely(slice);
  }
  expect(slices - 2).toBeGreaterThanOrEqual(9);
  expect(slices - 2).toBeLessThanOrEqual(11);
  nowMs += 400;
  expect([leisurely(slice), leisurely(slice)]).toEqual([true, true]);
  // Without anybody to give way to it is done at once.
  expect(createLeisure(undefined, () => nowMs)(slice)).toBe(true);
});
