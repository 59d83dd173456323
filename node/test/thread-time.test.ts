import { expect, test } from '@jest/globals';
import { lateAfter } from '../src/thread-time.js';

test('work is late by the time that its thread has had, by the clock only where nobody tells that', () => {
  let [now, spent]: [number, number | undefined] = [0, 1000];
  const late = lateAfter(
    250,
    () => spent,
    () => now,
  );
  now = 200;
  expect(late()).toBe(false);
  // The thread stood still: it may go on for what is left.
  [now, spent] = [5000, 1100];
  expect(late()).toBe(false);
  [now, spent] = [5100, 1260];
  expect(late()).toBe(false);
  now = 5151;
  expect(late()).toBe(true);

  [now, spent] = [0, undefined];
  const byClock = lateAfter(
    250,
    () => spent,
    () => now,
  );
  now = 251;
  expect(byClock()).toBe(true);
});
