import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { judge, publishable } from './create-and-verify.ts';
import { nearest } from './search-in-memory.ts';
import { verifyFile } from './verify-offline.ts';

const folder = mkdtempSync(join(tmpdir(), 'examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seed = new Uint8Array(32).fill(9);
const timeMs = Date.UTC(2026, 0, 15, 12);

test('a block made in a few lines verifies, and a changed one does not', async () => {
  const wire = await publishable('Venus is bright tonight.', seed, timeMs);
  expect(judge(wire)).toMatchObject({ status: 'checked', entry: { rows: 1 } });
  const changed = wire.slice();
  changed[changed.length - 1]! ^= 1;
  expect(judge(changed)).toMatchObject({ status: 'rejected', code: 'block.body_mismatch' });
});

test('the nearest of three texts is found', async () => {
  const texts = ['Bread needs flour and water.', 'A telescope gathers light of stars.', 'Nodes gossip blocks.'];
  expect(await nearest(texts, 'light from the stars', seed, timeMs)).toBe(texts[1]);
});

test('a file is verified without a node, and a changed one refused', async () => {
  const wire = await publishable('Venus is bright tonight.', seed, timeMs);
  const file = join(folder, 'block.cbor');
  writeFileSync(file, wire);
  expect(await verifyFile(file)).toEqual([
    expect.stringMatching(/^bafyrei\w+ signed by did:key:z6Mk/),
    'claims 2026-01-15T12:00:00.000Z, sky consistent',
    'passage 0: Venus is bright tonight.',
  ]);
  wire[wire.length - 1]! ^= 1;
  writeFileSync(file, wire);
  expect(await verifyFile(file)).toEqual(['refused: block.body_mismatch']);
});
