import { expect, test } from '@jest/globals';
import { runScript } from './run-script.ts';

test('interrupted, everything ends in order and works the next time', async () => {
  const outcome = await runScript('interrupt', [1, 3, 300]);
  expect(outcome).toMatchObject({ broken: [] });
}, 120_000);
