import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '../shared-data.ts';

test('QuickJS gives the same integers and verdicts for all vectors', () => {
  const output = execFileSync(process.execPath, [join(root, 'tools/second-engine/sky-run.mjs')], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  const result = JSON.parse(output) as {
    engine: string;
    integers: number;
    worst: number;
    texts: string[];
    verdicts: number;
    wrong: string[];
  };
  expect(result).toMatchObject({ engine: 'quickjs', texts: [], wrong: [] });
  expect(result.integers).toBeGreaterThan(5000);
  expect(result.verdicts).toBeGreaterThan(90);
  // Engines may differ in the last bit of a sine; one microdegree is 0.0036″.
  expect(result.worst).toBeLessThanOrEqual(1);
}, 60_000);
