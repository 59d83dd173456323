import { expect, test } from '@jest/globals';
import { runScript } from './run-script.ts';

test('on a full disk a node says so, serves, loses nothing, and goes on when there is space', async () => {
  const outcome = await runScript('disk-full', [30, 1, 'first start,accept,erase,stop,backup']);
  if (outcome !== undefined) expect(outcome.broken).toEqual([]);
}, 120_000);
