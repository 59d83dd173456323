import { expect, test } from '@jest/globals';
import { createTurns } from '../src/turns.js';

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
