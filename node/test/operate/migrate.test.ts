import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from '@jest/globals';
import { rehearseMigration } from '../../src/operate/migrate.js';
import { loadableEngines, openDatabase } from '../../src/store/sqlite/driver.js';
import { openSqlite, storeFile } from '../../src/store/sqlite/index.js';
import { schemaVersion } from '../../src/store/sqlite/schema.js';
import { checks } from '../store/signed-blocks.ts';

const vectors = new URL('../../../specs/vectors/', import.meta.url);
const home = mkdtempSync(join(tmpdir(), 'cosmic-migrate-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A data folder as an earlier version left it. */
function folderOf(version: number): string {
  const folder = mkdtempSync(join(home, 'data-'));
  const packed = readFileSync(new URL(`store-${version}/store.sqlite.gz`, vectors));
  writeFileSync(storeFile(folder), gunzipSync(packed));
  return folder;
}

test.each(Array.from({ length: schemaVersion }, (_, i) => i + 1))(
  'version %i: a rehearsal says what would come, finds it well, and changes nothing',
  async (version) => {
    const folder = folderOf(version);
    const before = readFileSync(storeFile(folder));
    const told = new Map<string, (readonly [number, number])[]>();
    const report = await rehearseMigration({ folder }, checks, (what) => {
      const all: (readonly [number, number])[] = [];
      told.set(what, all);
      return (...at) => void all.push(at);
    });
    const looked = told.get('checking the copy')!.at(-1)!;
    expect([looked[0], looked[0] > 0]).toEqual([looked[1], true]);
    // Two steps read every block again: they say how far they are.
    expect(told.get('migrating a copy')!.length > 0).toBe(version <= 4);
    expect(report).toMatchObject({ from: version, to: schemaVersion, findings: 0 });
    expect(report.steps.map((step) => Number(step.split(' ')[0]))).toEqual(
      Array.from({ length: schemaVersion - version }, (_, i) => version + i),
    );
    expect(Buffer.compare(readFileSync(storeFile(folder)), before)).toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith('migrating'))).toEqual([]);
  },
);

test('data of newer software is refused by both, and stays as it is', async () => {
  const folder = folderOf(schemaVersion);
  const database = openDatabase(loadableEngines()[0]!, storeFile(folder));
  database.prepare('UPDATE meta SET value = ? WHERE name = ?').run(String(schemaVersion + 1), 'version');
  database.close();
  const before = readFileSync(storeFile(folder));
  await expect(rehearseMigration({ folder }, checks)).rejects.toThrow('store.too_new');
  await expect(openSqlite({ folder, network: 'dev', node: 'did:key:zAny' })).rejects.toThrow('store.too_new');
  expect(Buffer.compare(readFileSync(storeFile(folder)), before)).toBe(0);
});
