import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const script = fileURLToPath(new URL('../../../tools/second-engine/embedders-run.mjs', import.meta.url));

test.each(['english', 'multilingual'])(
  'QuickJS gives the same bits for all vectors: %s',
  (name) => {
    const result = JSON.parse(
      execFileSync(process.execPath, [script, name], { encoding: 'utf8', timeout: 60_000 }),
    ) as {
      engine: string;
      cases: number;
      differing: string[];
    };
    expect(result).toMatchObject({ engine: 'quickjs', differing: [] });
    expect(result.cases).toBeGreaterThanOrEqual(18);
  },
  60_000,
);
