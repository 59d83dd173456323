import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Tail, Wants } from '@cosmicembeddings/sdk';
import { testBlock } from '@cosmicembeddings/sdk/testing';
import { testUnless } from '../../../../sdk/test/skipping.ts';
import { loadableEngines } from '../../../src/store/sqlite/driver.js';
import { openSqlite, openSqliteReader, type SqliteParts } from '../../../src/store/sqlite/index.js';
import { RecentTail } from '../../../src/store/sqlite/recent-tail.js';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-recent-'));
let parts: SqliteParts;
beforeAll(async () => (parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zTest' })));
afterAll(async () => {
  await parts.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What the store says from memory, and what its file says. */
async function bothTails(seq = 0, some: Wants = {}): Promise<readonly [Tail, Tail]> {
  const wants: Wants = { ...some, parts: 'entries' };
  const { epoch } = await parts.store.head();
  const reader = openSqliteReader({ folder, engine: parts.engine });
  try {
    return [await parts.store.tail({ epoch, seq }, 100, wants), reader.tail({ epoch, seq }, 100, wants)];
  } finally {
    reader.close();
  }
}

const put = (...blocks: ReturnType<typeof testBlock>[]): Promise<unknown> =>
  parts.store.put(blocks.map((block, i) => ({ block, firstSeenMs: 50 + i })));

const testTwice = testUnless(loadableEngines()[0] === 'wasm' ? 'this SQLite cannot be opened twice' : undefined);
testTwice('the tail from memory is that of the file, whatever was written', async () => {
  const id = testBlock(1).id;
  await put(testBlock(1), testBlock(2, { rows: 3, tags: ['a'], links: [{ rel: 'cites', id }], languages: ['en'] }));
  await put(testBlock(3, { rows: 0, prev: id, refs: [{ rel: 'retracts', id }] }), testBlock(1), testBlock(4));
  for (const seq of [0, 1, 3, 4]) {
    const [memory, file] = await bothTails(seq);
    expect(memory).toEqual(file);
    expect(memory.items).toHaveLength(4 - seq);
    for (const some of [{ kinds: ['embedding/1'] }, { kinds: [], rels: ['retracts'] }, { kinds: ['none.example/1'] }]) {
      const [ofMemory, ofFile] = await bothTails(seq, some);
      expect(ofMemory).toEqual(ofFile);
    }
  }
  await put(testBlock(5, { headerOnly: true }), testBlock(6));
  await put(testBlock(5), testBlock(7));
  await parts.store.erase([testBlock(6).id, testBlock(99).id], 'takedown');
  await put(testBlock(8), testBlock(6), testBlock(9, { python: true }));
  for (const seq of [0, 5, 8, 10, 11, 12]) {
    const [memory, file] = await bothTails(seq);
    expect(memory).toEqual(file);
  }
});

test('what memory cannot know it leaves to the file', () => {
  const recent = new RecentTail();
  const arrivals = [{ block: testBlock(1), firstSeenMs: 1 }];
  expect(recent.after({ epoch: 'e', seq: 0 }, 10)).toBeUndefined();
  recent.note(arrivals, [{ seq: 5, fresh: true, firstLabel: 9 }], 'e');
  expect(recent.after({ epoch: 'e', seq: 3 }, 10)).toBeUndefined();
  expect(recent.after({ epoch: 'other', seq: 4 }, 10)).toBeUndefined();
  expect(recent.after({ epoch: 'e', seq: 4 }, 10)!.items).toHaveLength(1);
  expect(recent.after({ epoch: 'e', seq: 5 }, 10)).toEqual({ items: [], upTo: { epoch: 'e', seq: 5 } });
  recent.note(arrivals, [{ seq: 7, fresh: true, firstLabel: 9 }], 'e');
  expect(recent.after({ epoch: 'e', seq: 5 }, 10)).toBeUndefined();
  expect(recent.after({ epoch: 'e', seq: 6 }, 10)!.items).toHaveLength(1);
});
