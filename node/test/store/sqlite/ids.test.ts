import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from '@jest/globals';
import { testBlock } from '@cosmicembeddings/sdk/testing';
import { loadableEngines, openDatabase } from '../../../src/store/sqlite/driver.js';
import { openSqlite, openSqliteReader, storeFile } from '../../../src/store/sqlite/index.js';
import { fsck } from '../../../src/operate/fsck.js';
import { checks } from '../signed-blocks.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-ids-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const engines = loadableEngines();
test.each(engines)(
  'blocks are found by id before and after their digests are settled, and once only (%s)',
  async (engine) => {
    const folder = mkdtempSync(join(home, 'settled-'));
    const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zTest', engine });
    const blocks = Array.from({ length: 5000 }, (_, i) => testBlock(i, { rows: 0, bodyBytes: 1 }));
    for (let at = 0; at < blocks.length; at += 500)
      await parts.store.put(blocks.slice(at, at + 500).map((block) => ({ block, firstSeenMs: 1 })));
    const again = await parts.store.put([0, 4100, 4999].map((i) => ({ block: blocks[i]!, firstSeenMs: 2 })));
    expect(again.map(({ seq, fresh }) => [seq, fresh])).toEqual([
      [1, false],
      [4101, false],
      [5000, false],
    ]);
    const found = await parts.store.get([0, 4499, 4500, 4999].map((i) => blocks[i]!.id));
    expect(found.map((block) => block?.seq)).toEqual([1, 4500, 4501, 5000]);
    await parts.close();
    const database = openDatabase(parts.engine, storeFile(folder), { readOnly: true });
    const counts = ['ids', 'recent_ids'].map(
      (table) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()!['n'],
    );
    database.close();
    expect(counts).toEqual([4500, 500]);
  },
);

// It is in the mode of a write-ahead log, which WebAssembly takes it out of when a node starts (fixture.test.ts).
test.each(engines.filter((engine) => engine !== 'wasm'))(
  'a store of version 1 is read as it is, and fsck has no complaint (%s)',
  async (engine) => {
    const folder = mkdtempSync(join(home, 'one-'));
    const vectors = join(
      dirname(fileURLToPath(import.meta.url)),
      '..',
      '..',
      '..',
      '..',
      'specs',
      'vectors',
      'store-1',
    );
    writeFileSync(storeFile(folder), gunzipSync(readFileSync(join(vectors, 'store.sqlite.gz'))));
    const { blocks } = JSON.parse(readFileSync(join(vectors, 'expected.json'), 'utf8')) as {
      blocks: { id: string; seq: number }[];
    };
    const reader = openSqliteReader({ folder, engine });
    expect(reader.get(blocks.map(({ id }) => id)).map((block) => block?.seq)).toEqual(blocks.map(({ seq }) => seq));
    reader.close();
    expect((await fsck({ folder, engine, checks })).findings).toEqual([]);
  },
);
