import { expect, test } from '@jest/globals';
import { createPauses, createTurns } from '../src/turns.js';

test('steps that come at once take a turn of the event loop each, in order, whatever became of the one before', async () => {
  const inTurn = createTurns();
  const order: string[] = [];
  const steps = [1, 2, 3, 4].map((n) =>
    inTurn(async () => {
      order.push(`step ${n}`);
      if (n === 2) throw new Error('a step that fails');
      return n;
    }).catch(() => 0),
  );
  let turns = 0;
  const count = (): void => {
    order.push('other');
    if (++turns < 6) setImmediate(count);
  };
  setImmediate(count);
  expect(await Promise.all(steps)).toEqual([1, 0, 3, 4]);
  const between = order.flatMap((one, i) => (one.startsWith('step') ? [order[i + 1]] : [])).slice(0, 3);
  expect(between).toEqual(['other', 'other', 'other']);
  expect(order.filter((one) => one !== 'other')).toEqual(['step 1', 'step 2', 'step 3', 'step 4']);
});

test('of those that pause, one goes on in each turn', async () => {
  const pause = createPauses();
  const order: string[] = [];
  const paused = [1, 2, 3].map((n) => pause().then(() => order.push(`went on ${n}`)));
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    order.push('other');
  }
  await Promise.all(paused);
  expect(order).toEqual(['went on 1', 'other', 'went on 2', 'other', 'went on 3', 'other']);
});
