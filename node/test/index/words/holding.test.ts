import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { TextsHolding } from '../../../src/index/words/holding.js';
import { chooseSqlite } from '../../../src/store/sqlite/driver.js';
import { openSqlite, storeFile } from '../../../src/store/sqlite/index.js';
import { StoreReader } from '../../../src/store/sqlite/reader.js';
import { registry, signedBlock } from '../../store/signed-blocks.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-holding-'));
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true, force: true });
});

test('what is kept of texts that were asked for is bounded by rows, of all of them together', async () => {
  const engine = chooseSqlite('auto');
  const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zHolding', engine });
  closing.push(() => parts.close());
  const blocks = await Promise.all([0, 1].map((i) => signedBlock(i, 'the quick brown fox', [], 10)));
  await parts.store.put(blocks.map((block) => ({ block, firstSeenMs: 1 })));
  const reader = new StoreReader(storeFile(folder), engine);
  closing.unshift(() => reader.close());
  const holding = new TextsHolding(reader, registry, 45);
  const rowsOf = async (part: string): Promise<number> =>
    [...(await holding.of(part)).blocks.values()].reduce((sum, { rows }) => sum + rows.length, 0);
  for (const part of ['quick', 'brown', 'fox', 'the', 'quick']) {
    expect(await rowsOf(part)).toBe(20);
    expect(holding.keptRows).toBeLessThanOrEqual(45);
  }
  expect(holding.keptRows).toBe(40);
  // More than all may be together: not kept.
  const small = new TextsHolding(reader, registry, 19);
  expect([...(await small.of('fox')).blocks.values()].flatMap(({ rows }) => rows)).toHaveLength(20);
  expect(small.keptRows).toBe(0);
  // Who has gone does not take his question along: those that wait are so many at most.
  const busy = new TextsHolding(reader, registry, 45, 3);
  const asked = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((part) => busy.of(part)));
  expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
  expect(asked[4]).toMatchObject({ reason: { code: 'node.busy' } });
  expect((await busy.of('fox')).blocks.size).toBe(2);
});
