import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const script = fileURLToPath(new URL('../../../tools/second-engine/english-run.mjs', import.meta.url));

test('QuickJS gives the same bits for all vectors', () => {
  const result = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8', timeout: 60_000 })) as {
    engine: string;
    cases: number;
    differing: string[];
  };
  expect(result).toMatchObject({ engine: 'quickjs', differing: [] });
  expect(result.cases).toBeGreaterThanOrEqual(20);
}, 60_000);
