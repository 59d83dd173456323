import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { CheckedBlock } from '@cosmicembeddings/sdk';
import { encode } from '@cosmicembeddings/sdk/codec';
import { testBlock } from '@cosmicembeddings/sdk/testing';
import { openFaults } from '../../src/follow/index.js';
import { openSqlite } from '../../src/store/sqlite/index.js';
import { signedBlock } from '../store/signed-blocks.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-hang-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PLUGIN = `export default {
  name: 'trap', views: [],
  kinds: [{
    name: 'trap.example/1', maxBytes: 1000, schema: { type: 'object', properties: {} },
    parse: (_header, body) => ({ ok: true, body }),
    passages: ({ what }) => {
      if (what === 'throws') throw new Error('thrown by a plug-in');
      for (;;) if (what !== 'loops') return [{ text: what }];
    },
  }],
};`;

function trap(number: number, what: string): CheckedBlock {
  const body = encode({ salt: new Uint8Array(16), tags: [], linked_blocks: [], what });
  return { ...testBlock(number, { kind: 'trap.example/1', rows: 0 }), body };
}

test('a block that a plug-in loops on is passed over, those behind it are found, and a restart does not meet it again', async () => {
  const plugin = join(folder, 'trap.mjs');
  writeFileSync(plugin, PLUGIN);
  const path = join(folder, 'faults.json');
  const open = (): ReturnType<typeof openSqlite> =>
    openSqlite({ folder, network: 'dev', node: 'did:key:zTest', plugins: [plugin], faults: openFaults(path) });
  const parts = await open();
  const blocks = [
    await signedBlock(1, 'The first of them all.'),
    trap(2, 'loops'),
    trap(3, 'throws'),
    trap(4, 'harmless'),
    await signedBlock(5, 'The last of them all.'),
  ];
  await parts.store.put(blocks.map((block) => ({ block, firstSeenMs: 1 })));
  const startedMs = performance.now();
  parts.text.notify(await parts.store.head());
  await parts.text.waitFor(5, AbortSignal.timeout(40_000));
  const tookMs = performance.now() - startedMs;
  expect(tookMs).toBeGreaterThan(4_000);
  expect((await parts.text.search('all', 9)).map(({ id }) => id).sort()).toEqual([blocks[0]!.id, blocks[4]!.id].sort());
  expect((await parts.text.search('harmless', 9)).map(({ id }) => id)).toEqual([blocks[3]!.id]);
  await parts.close();
  expect(openFaults(path).of('text')).toMatchObject([
    { seq: 2, why: 'it did not come back' },
    { seq: 3, why: expect.stringContaining('thrown by a plug-in') },
  ]);
  const again = await open();
  await again.text.waitFor(5, AbortSignal.timeout(4_000));
  await again.close();
}, 60_000);
