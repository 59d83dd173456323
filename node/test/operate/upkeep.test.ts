import { mkdtempSync, readFileSync, rmSync, writeFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CheckedBlock } from '@cosmicembeddings/sdk';
import { loadableEngines, openDatabase } from '../../src/store/sqlite/driver.js';
import { storePageBytes } from '../../src/store/sqlite/schema.js';
import { openSqlite, storeFile, textFile, type SqliteParts } from '../../src/store/sqlite/index.js';
import { openUpkeep } from '../../src/store/sqlite/upkeep.js';
import { backup, restore } from '../../src/operate/backup.js';
import { openFaults } from '../../src/follow/index.js';
import { fsck } from '../../src/operate/fsck.js';
import { lineOf } from '../../src/operate/fsck-followers.js';
import { parseRetention, planRetention, planUnsubscribed } from '../../src/operate/retention.js';
import { checks, signedBlock } from '../store/signed-blocks.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-upkeep-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => join(home, String(++folders));
const engine = loadableEngines()[0]!;
const identity = { network: 'dev', node: 'did:key:zTest' };
const open = (folder: string): Promise<SqliteParts> => openSqlite({ folder, ...identity });

const COUNT = 40;
let blocks: CheckedBlock[];
beforeAll(async () => {
  blocks = [];
  for (let i = 0; i < COUNT; i++)
    blocks.push(await signedBlock(i, undefined, i % 4 === 0 ? ['fourth'] : [], 1 + (i % 3)));
});

/** A store of the sample blocks; `with` may use it before it is closed. */
async function filled(use: (parts: SqliteParts) => Promise<void> = async () => undefined): Promise<string> {
  const folder = newFolder();
  const parts = await open(folder);
  await parts.store.put(blocks.map((block, i) => ({ block, firstSeenMs: 1000 + i })));
  await parts.text.catchUp(Date.now() + 10_000);
  await use(parts);
  await parts.close();
  return folder;
}

/** Where a page begins: unlike its middle, its head is always in use. */
const middlePage = (bytes: Buffer): number => Math.floor(bytes.length / 2 / storePageBytes) * storePageBytes;

describe('fsck', () => {
  test('finds nothing wrong in a sound store, with erased, withheld, header-only and completed blocks', async () => {
    const header = {
      ...blocks[0]!,
      body: null,
      headerOnly: true,
      entry: { ...blocks[0]!.entry, rows: 0, tags: [], links: [] },
    };
    delete (header.entry as { space?: string }).space;
    const folder = newFolder();
    const parts = await open(folder);
    await parts.store.put([{ block: header, firstSeenMs: 1 }]);
    await parts.store.put(blocks.map((block) => ({ block, firstSeenMs: 2 })));
    await parts.store.erase([blocks[3]!.id, (await signedBlock(999)).id], 'takedown');
    const report = await fsck({ folder, checks });
    await parts.close();
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ ok: true, blocks: COUNT, checked: COUNT, erased: 1, headerOnly: 0 });
  });

  const damage = async (
    sql: string,
    ...values: (number | string | Uint8Array)[]
  ): Promise<Awaited<ReturnType<typeof fsck>>> => {
    const folder = await filled();
    const database = openDatabase(engine, storeFile(folder));
    database.prepare(sql).run(...values);
    database.close();
    return fsck({ folder, checks });
  };

  test('names the block whose body was changed', async () => {
    const body = blocks[5]!.body!.slice();
    body[body.length >> 1]! ^= 1;
    const byCrc = await damage('UPDATE bytes SET body = ? WHERE block = 6', body);
    expect(byCrc.findings.map(({ part, id, seq }) => [part, id, seq])).toEqual([['block', blocks[5]!.id, 6]]);
    const { findings } = await damage('UPDATE bytes SET body = ?, crc = NULL WHERE block = 6', body);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ part: 'block', id: blocks[5]!.id, seq: 6 });
    expect(findings[0]!.what).toMatch(/^block\.body_mismatch/);
  });

  test('names the block whose signature was changed', async () => {
    const envelope = blocks[7]!.envelope.slice();
    envelope[envelope.length - 1]! ^= 1;
    const { findings } = await damage('UPDATE bytes SET envelope = ?, crc = NULL WHERE block = 8', envelope);
    expect(findings.map(({ id, what }) => [id, what.split(':')[0]])).toEqual([[blocks[7]!.id, 'block.bad_signature']]);
  });

  test.each([
    ['a gap in the sequence', 'DELETE FROM events WHERE seq = 9', 'sequence'],
    ['a wrong label', 'UPDATE blocks SET first_label = first_label + 1 WHERE id = 9', 'catalogue'],
    ['a wrong author', 'UPDATE blocks SET author = (SELECT author FROM blocks WHERE id = 2) WHERE id = 1', 'catalogue'],
    ['a wrong count', `UPDATE tallies SET n = n + 1 WHERE what = 'kind'`, 'catalogue'],
    ['lost bytes', 'DELETE FROM bytes WHERE block = 4', 'block'],
    ['a stray tag', 'INSERT INTO tags VALUES (1, 5000)', 'catalogue'],
  ])('finds %s', async (_, sql, part) => {
    const report = await damage(sql);
    expect(report.ok).toBe(false);
    expect(report.findings.some((finding) => finding.part === part)).toBe(true);
  });

  test('changed bytes are never read as if they were sound; what is around them is', async () => {
    const folder = await filled();
    const database = openDatabase(engine, storeFile(folder));
    const body = blocks[5]!.body!.slice();
    body[body.length >> 1]! ^= 1;
    database.prepare('UPDATE bytes SET body = ? WHERE block = 6').run(body);
    database.close();
    const parts = await open(folder);
    await expect(parts.store.get([blocks[5]!.id])).rejects.toMatchObject({ code: 'store.corrupt' });
    const found = await parts.store.get(blocks.map(({ id }) => id));
    expect(found.map((block) => block?.id)).toEqual(blocks.map(({ id }, i) => (i === 5 ? undefined : id)));
    const { items } = await parts.store.tail({ epoch: '', seq: 0 }, 1000);
    expect(items.map(({ seq }) => seq)).toEqual(blocks.map((_, i) => i + 1).filter((seq) => seq !== 6));
    await parts.store.erase([blocks[5]!.id], 'takedown');
    parts.text.notify(await parts.store.head());
    await parts.text.catchUp(Date.now() + 10_000);
    expect(await parts.store.get([blocks[5]!.id])).toMatchObject([{ body: null, erased: 'takedown' }]);
    await parts.close();
    expect((await fsck({ folder, checks })).findings).toEqual([]);
  });

  test('a damaged block that comes again is whole again', async () => {
    const folder = await filled();
    const database = openDatabase(engine, storeFile(folder));
    database.exec(`UPDATE bytes SET body = zeroblob(100) WHERE block = 6; DELETE FROM bytes WHERE block = 9`);
    database.close();
    const parts = await open(folder);
    const again = [blocks[4]!, blocks[5]!, blocks[8]!].map((block) => ({ block, firstSeenMs: 1 }));
    expect((await parts.store.put(again)).map(({ fresh, seq }) => [fresh, seq])).toEqual(
      [5, 6, 9].map((n) => [false, n]),
    );
    const found = await parts.store.get(again.map(({ block }) => block.id));
    expect(found.map((block) => Buffer.compare(block!.body!, blocks[block!.seq - 1]!.body!))).toEqual([0, 0, 0]);
    await parts.close();
    expect((await fsck({ folder, checks })).findings).toEqual([]);
  });

  test('a bit that turned over in the closed text index is found, and the index made anew', async () => {
    const folder = await filled();
    const text = readFileSync(textFile(folder));
    // In the stem of a word, where SQLite has nothing to compare it with.
    const at = text.indexOf('river');
    expect(at).toBeGreaterThan(0);
    text[at]! ^= 1;
    writeFileSync(textFile(folder), text);
    expect((await fsck({ folder, checks })).findings.map(({ part, remedy }) => [part, remedy])).toEqual([
      ['text', 'rebuilt by itself'],
    ]);
    const parts = await open(folder);
    await parts.text.catchUp(Date.now() + 10_000);
    expect(await parts.text.search('river', 100)).not.toHaveLength(0);
    await parts.close();
    expect((await fsck({ folder, checks })).findings).toEqual([]);
  });

  test('a store that is gone while its followers are there is not begun anew', async () => {
    const folder = await filled();
    rmSync(storeFile(folder));
    await expect(open(folder)).rejects.toMatchObject({
      code: 'store.corrupt',
      detail: expect.stringContaining('gone'),
    });
  });

  test('a store that lost its newest blocks is told by what its followers have seen', async () => {
    const folder = await filled();
    const database = openDatabase(engine, storeFile(folder));
    for (const sql of ['DELETE FROM events WHERE seq > 30', 'DELETE FROM blocks WHERE seq > 30']) database.exec(sql);
    database.close();
    const { findings } = await fsck({ folder, checks });
    expect(findings).toContainEqual(
      expect.objectContaining({ part: 'sequence', seq: 31, what: expect.stringMatching(/followed to 40.*ends at 30/) }),
    );
  });

  test('a file with flipped bytes or cut short never passes, and what can still be read is judged', async () => {
    const folder = await filled();
    const sound = readFileSync(storeFile(folder));
    for (const change of [
      (bytes: Buffer) => bytes.fill(0xa5, middlePage(bytes), middlePage(bytes) + 4096),
      (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1),
      (bytes: Buffer) => bytes.fill(0, 0, 100),
    ]) {
      writeFileSync(storeFile(folder), change(Buffer.from(sound)));
      const report = await fsck({ folder, checks });
      expect(report.ok).toBe(false);
      expect(report.findings.length).toBeGreaterThan(0);
    }
  });

  test('says so where there is no store', async () => {
    await expect(fsck({ folder: newFolder(), checks })).rejects.toMatchObject({ code: 'input.not_found' });
  });
});

describe('backup and restore', () => {
  test('a copy taken under load is a store of one moment; restored, it starts a new life', async () => {
    const folder = newFolder();
    const target = newFolder();
    const parts = await open(folder);
    const puts = blocks.map((block) => parts.store.put([{ block, firstSeenMs: 77 }]));
    await puts[10];
    const note = backup({ folder }, target);
    await Promise.all(puts);
    const { epoch } = await parts.store.head();
    await parts.close();
    expect(note.head.count).toBeGreaterThanOrEqual(11);
    expect(readdirSync(target).sort()).toEqual(['backup.json', 'store.sqlite']);

    const restored = newFolder();
    restore(target, { folder: restored, node: 'did:key:zOther' });
    expect((await fsck({ folder: restored, checks })).findings).toEqual([]);
    await expect(open(restored)).rejects.toMatchObject({ code: 'store.foreign' });
    const again = await openSqlite({ folder: restored, network: 'dev', node: 'did:key:zOther' });
    const head = await again.store.head();
    expect(head.epoch).not.toBe(epoch);
    expect(head.count).toBe(note.head.count);
    expect((await again.store.tail({ epoch, seq: 5 }, 1)).items[0]!.seq).toBe(1);
    expect((await again.store.get([blocks[0]!.id]))[0]!.firstSeenMs).toBe(77);
    await again.close();
  });

  test('refuses to overwrite, and to restore what is damaged or missing', async () => {
    const folder = await filled();
    const target = newFolder();
    backup({ folder }, target);
    expect(() => backup({ folder }, target)).toThrow(/config\.malformed/);
    expect(() => restore(target, { folder, node: identity.node })).toThrow(/holds a store already/);
    expect(() => restore(newFolder(), { folder: newFolder(), node: identity.node })).toThrow(/input\.not_found/);
    const bytes = readFileSync(storeFile(target));
    writeFileSync(storeFile(target), bytes.fill(0x5a, middlePage(bytes), middlePage(bytes) + 2000));
    const broken = newFolder();
    expect(() => restore(target, { folder: broken, node: identity.node })).toThrow(/store\.corrupt/);
    expect(readdirSync(broken).filter((name) => name !== 'lock.sqlite')).toEqual([]);
  });
});

describe('retention', () => {
  const plan = async (rules: unknown, nowMs: number): Promise<string[]> => {
    const folder = await filled();
    const upkeep = openUpkeep(storeFile(folder), engine);
    const { erase } = planRetention(upkeep, parseRetention(rules), nowMs);
    upkeep.close();
    return erase.map(({ id, rule }) => `${blocks.findIndex((block) => block.id === id)} ${rule}`);
  };

  test('what subscriptions do not cover, where there are any', async () => {
    const upkeep = openUpkeep(storeFile(await filled()), engine);
    const { erase, bytes } = planUnsubscribed(upkeep, [{ tagsAny: ['fourth'] }]);
    expect(() => planUnsubscribed(upkeep, undefined)).toThrow(/config\.malformed.*keeps everything/);
    upkeep.close();
    const gone = new Set(blocks.filter((_, i) => i % 4 !== 0).map(({ id }) => id));
    expect(new Set(erase.map(({ id }) => id))).toEqual(gone);
    expect(erase.every(({ rule, reason }) => rule === 'unsubscribed' && reason === 'retention')).toBe(true);
    expect(bytes).toBeGreaterThan(0);
  });

  test('by age, sparing tags', async () => {
    expect(await plan({ maxAgeMs: 100 }, 1106)).toEqual([
      '0 maxAgeMs',
      '1 maxAgeMs',
      '2 maxAgeMs',
      '3 maxAgeMs',
      '4 maxAgeMs',
      '5 maxAgeMs',
    ]);
    expect(await plan({ maxAgeMs: 100, keepTags: ['fourth'] }, 1106)).toEqual([
      '1 maxAgeMs',
      '2 maxAgeMs',
      '3 maxAgeMs',
      '5 maxAgeMs',
    ]);
    expect(await plan({ tags: { fourth: { maxAgeMs: 100 } } }, 1106)).toEqual([
      '0 tags.fourth.maxAgeMs',
      '4 tags.fourth.maxAgeMs',
    ]);
    expect(await plan({}, 1e9)).toEqual([]);
  });

  test('by size: the oldest go until the rest fits', async () => {
    const sizes = blocks.map(({ envelope, body }) => envelope.length + body!.length);
    const all = sizes.reduce((sum, size) => sum + size, 0);
    expect(await plan({ maxBytes: all }, 2000)).toEqual([]);
    expect(await plan({ maxBytes: all - sizes[0]! - sizes[1]! }, 2000)).toEqual(['0 maxBytes', '1 maxBytes']);
    const author = blocks[1]!.entry.author;
    const own = blocks.flatMap(({ entry }, i) => (entry.author === author ? [i] : []));
    expect(await plan({ authors: { [author]: { maxBytes: 0 } } }, 2000)).toEqual(
      own.map((i) => `${i} authors.${author}.maxBytes`),
    );
  });

  test.each([
    [{ maxage: 1 }],
    [{ maxAgeMs: -1 }],
    [{ tags: [] }],
    [{ tags: { a: { maxBytes: 'x' } } }],
    [{ keepTags: 'a' }],
    [[]],
    [null],
  ])('refuses %j', (rules) => {
    expect(() => parseRetention(rules)).toThrow(/config\.malformed/);
  });
});

describe('fsck and the followers', () => {
  test('each is named with its place, with what it passed over and what to do about it', async () => {
    const folder = await filled();
    const reader = await open(folder);
    const { epoch } = await reader.store.head();
    await reader.close();
    const fault = (follower: string, seq: number): void =>
      openFaults(join(folder, 'faults.json')).add(follower, { seq, epoch, version: '1', why: 'it did not come back' });
    fault('text', 6);
    fault('vectors', 9);
    const { ok, followers } = await fsck({ folder, checks });
    // What a block did to a follower is no damage.
    expect(ok).toBe(true);
    expect(followers.map(({ name }) => name)).toEqual([
      'kinds',
      'vectors',
      'home',
      'background',
      'map',
      'text',
      'views',
      'announcements',
      'receipts',
    ]);
    const text = followers.find(({ name }) => name === 'text')!;
    expect(text).toMatchObject({
      position: { epoch, seq: COUNT },
      behind: 0,
      passedOver: [{ seq: 6, id: blocks[5]!.id, why: 'it did not come back' }],
    });
    expect(lineOf(text)).toMatch(
      /^text answers up to 40; passed over 6 bafy\w+: it did not come back \(.*faults\.json/,
    );
    expect(followers.find(({ name }) => name === 'vectors')!.passedOver).toHaveLength(1);
    expect(lineOf(followers.find(({ name }) => name === 'views')!)).toBe(
      'views has nothing yet, and is built by a node that starts',
    );
  });

  test('a file that is built beside says how far it is, and one that cannot be read hides no other follower', async () => {
    const folder = await filled();
    writeFileSync(`${textFile(folder)}.new`, 'nonsense'.repeat(1000));
    const { findings, followers } = await fsck({ folder, checks });
    expect(findings).toMatchObject([{ part: 'text', remedy: 'rebuilt by itself' }]);
    expect(followers).toHaveLength(9);
    const parts = await open(folder);
    await parts.text.catchUp(Date.now() + 20_000);
    await parts.close();
    expect((await fsck({ folder, checks })).followers.find(({ name }) => name === 'text')).toMatchObject({
      position: { seq: COUNT },
      behind: 0,
    });
  });
});
