import { expect, test } from '@jest/globals';
import { runScript } from './run-script.ts';

test('idle and slow connections: the slow ones are cut, users are served, an import that moves goes on', async () => {
  const outcome = await runScript('connections', [8, 100, 30, '{"headersMs":1000,"slowMs":2000}']);
  expect(outcome).toMatchObject({ broken: [], usersDuring: { wrong: 0 } });
}, 120_000);
