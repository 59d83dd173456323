import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from '@jest/globals';
import { loadableEngines } from '../../src/store/sqlite/driver.js';
import { testUnless } from '../../../sdk/test/skipping.ts';

const script = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'bench', 'worst-day', 'power.mjs');
const canRecord = process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0;
const cannot = canRecord ? undefined : 'power loss needs Linux and gcc, to build what records the writes';

/** The whole of it: 500 points, by hand (bench/worst-day). */
function lose(what: string, points: number, engine: string, blocks: number): unknown {
  const args = [script, what, String(points), '20261121', engine, String(blocks)];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 110_000 });
  return { stderr, ...(JSON.parse(stdout || '{}') as object) };
}

describe('after a loss of power', () => {
  for (const engine of loadableEngines())
    testUnless(cannot)(
      `a store of ${engine} has all that was acknowledged, at 20 places of a run`,
      () => {
        expect(lose('store', 20, engine, 80)).toMatchObject({
          points: 20,
          verdict: 'every state opened; nothing acknowledged was lost',
        });
      },
      120_000,
    );

  testUnless(cannot)(
    'a node starts, keeps and finds all that was acknowledged, at 15 places of a run',
    () => {
      expect(lose('node', 15, 'auto', 40)).toMatchObject({
        points: 15,
        verdict: 'every state opened; nothing acknowledged was lost',
      });
    },
    120_000,
  );
});
