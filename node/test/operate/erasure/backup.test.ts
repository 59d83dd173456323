import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import { maintenance } from '../../../src/operate/maintenance.js';
import { openNodeKeys } from '../../../src/operate/keys.js';
import { openSqlite } from '../../../src/store/sqlite/index.js';
import { secretBlock } from '../../store/secret-blocks.ts';
import { signedBlock } from '../../store/signed-blocks.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-again-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function said(args: readonly string[]): Promise<Record<string, unknown>> {
  const lines: string[] = [];
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  try {
    await maintenance(args[0]!, [...args.slice(1), '--json']);
  } finally {
    spy.mockRestore();
  }
  return JSON.parse(lines.join('')) as Record<string, unknown>;
}

test('a backup says what was erased since, and a restore erases it again and keeps it out', async () => {
  const [data, copy, fresh] = ['data', 'copy', 'fresh'].map((name) => join(home, name));
  const { did } = await openNodeKeys(data!);
  const identity = { network: 'dev', node: did };
  const [secret, other] = [await secretBlock({ tags: ['xyzzy'] }), await signedBlock(1)];
  const parts = await openSqlite({ folder: data!, ...identity });
  await parts.store.put([secret, other].map((block) => ({ block, firstSeenMs: 1 })));
  await parts.close();
  await said(['backup', copy!, '--data', data!]);
  expect(await said(['backup', 'check', copy!, '--data', data!])).toEqual({ erasedSince: [] });
  const later = await openSqlite({ folder: data!, ...identity });
  await later.store.erase([secret.id], 'takedown', { body: true });
  await later.close();
  expect(await said(['backup', 'check', copy!, '--data', data!])).toEqual({
    erasedSince: [{ id: secret.id, reason: 'takedown', body: true }],
  });
  expect(await said(['restore', copy!, '--data', fresh!, '--erasures', data!])).toMatchObject({ erasedAgain: 1 });
  const restored = await openSqlite({ folder: fresh!, network: 'dev', node: (await openNodeKeys(fresh!)).did });
  const blocks = await restored.store.get([secret.id, other.id]);
  expect(blocks.map((block) => [block!.erased, block!.body === null])).toEqual([
    ['takedown', true],
    [undefined, false],
  ]);
  const [again] = await restored.store.put([
    { block: await secretBlock({ author: 'b', tags: ['xyzzy'] }), firstSeenMs: 2 },
  ]);
  expect(again!.erased).toBe('takedown');
  await restored.close();
}, 60_000);
