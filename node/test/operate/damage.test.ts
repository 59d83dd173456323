import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { openNodeKeys } from '../../src/operate/keys.js';

const script = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'bench', 'worst-day', 'damage.mjs');
const home = mkdtempSync(join(tmpdir(), 'cosmic-damaged-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test('a damaged file of each kind is found, and healed or named, by real processes', () => {
  const { stdout, stderr } = spawnSync(process.execPath, [script, 'few', '20261121', '60'], {
    encoding: 'utf8',
    timeout: 280_000,
  });
  expect({ stderr, ...(JSON.parse(stdout || '{}') as object) }).toMatchObject({
    cases: 8,
    verdict: 'every damage found, healed or named',
  });
}, 300_000);

test('a key that is gone is not replaced where a store belongs to it', async () => {
  const { did } = await openNodeKeys(home);
  expect((await openNodeKeys(home)).did).toBe(did);
  const key = readFileSync(join(home, 'node.key'));
  writeFileSync(join(home, 'store.sqlite'), 'a store');
  rmSync(join(home, 'node.key'));
  await expect(openNodeKeys(home)).rejects.toMatchObject({ code: 'key.not_found' });
  writeFileSync(join(home, 'node.key'), key.subarray(0, 20));
  await expect(openNodeKeys(home)).rejects.toMatchObject({ code: 'key.malformed' });
  writeFileSync(join(home, 'node.key'), key);
  expect((await openNodeKeys(home)).did).toBe(did);
});
