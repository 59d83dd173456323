import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from '@jest/globals';
import { sha256, utf8 } from '@cosmicembeddings/sdk';
import { loadableEngines } from '../../../src/store/sqlite/driver.js';
import { openSqlite, storeFile } from '../../../src/store/sqlite/index.js';
import { fsck } from '../../../src/operate/fsck.js';
import { checks } from '../signed-blocks.ts';

const vectors = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..', 'specs', 'vectors');
const home = mkdtempSync(join(tmpdir(), 'cosmic-fixture-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

interface Expected {
  readonly network: string;
  readonly node: string;
  readonly head: object;
  readonly blocks: readonly {
    readonly id: string;
    readonly hasBody: boolean;
    readonly rows: number;
    readonly tags: readonly string[];
  }[];
}

/** Stores as released versions left them: each must open, read the same and pass fsck, for ever. */
const versions = readdirSync(vectors).filter((name) => name.startsWith('store-'));

describe.each(versions.flatMap((version) => loadableEngines().map((engine) => [version, engine] as const)))(
  '%s, %s',
  (version, engine) => {
    test('opens and holds what it held', async () => {
      const folder = join(home, `${version}-${engine.replace(':', '-')}`);
      mkdirSync(folder);
      writeFileSync(storeFile(folder), gunzipSync(readFileSync(join(vectors, version, 'store.sqlite.gz'))));
      const expected = JSON.parse(readFileSync(join(vectors, version, 'expected.json'), 'utf8')) as Expected;
      const parts = await openSqlite({ folder, network: expected.network, node: expected.node, engine });
      expect(await parts.store.head()).toEqual(expected.head);
      const stored = await parts.store.get(expected.blocks.map(({ id }) => id));
      stored.forEach((block, i) => {
        const { hasBody, rows, tags, ...fields } = expected.blocks[i]!;
        expect(block).toMatchObject(fields);
        expect([block!.body !== null, block!.entry.rows, block!.entry.tags]).toEqual([hasBody, rows, tags]);
      });
      expect(await parts.catalogue.aliases('block-1234abcd')).toEqual([expected.blocks.at(-1)!.id]);
      const refused = sha256(utf8('refused'));
      const decided = await parts.store.items(
        { timeMs: 0, digest: new Uint8Array(32) },
        { timeMs: 6, digest: new Uint8Array(32) },
        9,
      );
      expect(decided.some(({ timeMs, digest }) => timeMs === 5 && Buffer.compare(digest, refused) === 0)).toBe(true);
      await parts.close();
      expect((await fsck({ folder, engine, checks })).findings).toEqual([]);
    });
  },
);
