import { expect, test } from '@jest/globals';
import { runScript } from './run-script.ts';

test('a node killed at random moments loses no acknowledged block and its followers have what the store has', async () => {
  const outcome = await runScript('node-kill', [4, 11, 4]);
  expect(outcome).toMatchObject({ broken: [], rounds: 4 });
}, 120_000);
