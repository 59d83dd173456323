import { expect, test } from '@jest/globals';
import { runScript } from './run-script.ts';

test('a jumping clock: early blocks are later, old ones refused by their rule, nothing hangs or is lost', async () => {
  const outcome = await runScript('clock', [1, 'alone']);
  expect(outcome).toMatchObject({ broken: [] });
}, 120_000);
