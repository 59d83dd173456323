import { expect, test } from '@jest/globals';
import { createHints } from '../../src/follow/index.js';

test('the first hint is given at once, those that follow it soon as one', async () => {
  let nowMs = 1000;
  let given = 0;
  const came = new Promise<void>((resolve) => {
    const hint = createHints(
      () => {
        given += 1;
        if (given === 2) resolve();
      },
      () => nowMs,
    );
    hint();
    expect(given).toBe(1);
    nowMs += 5;
    for (let i = 0; i < 100; i++) hint();
    expect(given).toBe(1);
  });
  // The timer keeps no process alive.
  const alive = setTimeout(() => undefined, 60_000);
  await came;
  clearTimeout(alive);
  expect(given).toBe(2);
});
