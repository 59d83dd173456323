import { expect, test } from '@jest/globals';
import { runScript } from './run-script.ts';

test('overloaded, a node loses nothing that it acknowledged, refuses in order and stays alive', async () => {
  const outcome = await runScript('overload', [4, 200]);
  expect(outcome).toMatchObject({ broken: [], lost: 0 });
}, 120_000);
