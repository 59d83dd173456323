import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CheckedBlock } from '@cosmicembeddings/sdk';
import { loadableEngines, openDatabase } from '../../../src/store/sqlite/driver.js';
import { openSqlite, storeFile } from '../../../src/store/sqlite/index.js';
import { compact, openUpkeep, renew } from '../../../src/store/sqlite/upkeep.js';
import type { HeldValue, Upkeep } from '../../../src/store/upkeep.js';
import { secretBlock } from '../secret-blocks.ts';
import { signedBlock } from '../signed-blocks.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-store-upkeep-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

let blocks: CheckedBlock[];
let secret: CheckedBlock;
let keyed: CheckedBlock[];
beforeAll(async () => {
  blocks = [];
  for (let i = 0; i < 6; i++) blocks.push(await signedBlock(i, undefined, i % 2 === 0 ? ['even'] : [], 1 + (i % 2)));
  secret = await secretBlock({ tags: ['plugh'], rows: 3 });
  keyed = [
    await secretBlock({ salt: 'one', collection: 'tea' }),
    await secretBlock({ salt: 'two', collection: 'tea' }),
  ];
});

describe.each(loadableEngines())('upkeep of a store, %s', (engine) => {
  const folder = join(home, engine.replace(':', '-'));
  const path = storeFile(folder);
  let upkeep: Upkeep;
  beforeAll(async () => {
    const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zUpkeep', engine });
    try {
      await parts.store.put([...blocks, secret, ...keyed].map((block, i) => ({ block, firstSeenMs: 1000 + i })));
      await parts.store.erase([secret.id, keyed[0]!.id], 'takedown');
    } finally {
      await parts.close();
    }
    upkeep = openUpkeep(path, engine);
  });
  afterAll(() => upkeep.close());

  test('says whose the store is and how far it goes', () => {
    const { head, ...about } = upkeep.about();
    expect(about).toEqual({ version: 7, network: 'dev', node: 'did:key:zUpkeep' });
    expect(head).toEqual(upkeep.head());
    expect(head).toMatchObject({ seq: 11, count: 9 });
  });

  test('finds nothing wrong in a sound file', () => {
    expect([...upkeep.fileFaults()]).toEqual([]);
    expect([...upkeep.catalogueFaults()]).toEqual([]);
  });

  test('reads items, blocks and places', () => {
    const items = upkeep.itemsAfter(4, 3);
    expect(items.map(({ seq, type }) => [seq, type])).toEqual([
      [5, 'put'],
      [6, 'put'],
      [7, 'put'],
    ]);
    expect(upkeep.get(blocks[2]!.id)).toMatchObject({ id: blocks[2]!.id, seq: 3 });
    expect(upkeep.get((blocks[2]!.id.slice(0, -4) + 'aaaa') as typeof secret.id)).toBeUndefined();
    expect(upkeep.placeOf(2)).toEqual({ id: blocks[1]!.id, afterLabel: 3 });
    expect(upkeep.placeOf(99)).toBeUndefined();
    expect([1, 2, 7, 99].map((seq) => upkeep.labelsOf(seq))).toEqual([1, 2, 3, 0]);
    expect(upkeep.afterFormerRows(5)).toBe(5);
  });

  test('weighs blocks with bodies, the last seen first, of all, of an author, with a tag', () => {
    const kept = [...upkeep.keptBlocks()];
    expect(kept.map(({ seq, firstSeenMs }) => [seq, firstSeenMs])).toEqual(
      [9, 6, 5, 4, 3, 2, 1].map((seq) => [seq, 999 + seq]),
    );
    const last = blocks[5]!;
    expect(kept[1]).toMatchObject({ bytes: last.envelope.length + last.body!.length });
    expect(kept[1]!.id()).toBe(last.id);
    expect([...upkeep.keptBlocks({ tag: 'even' })].map(({ seq }) => seq)).toEqual([5, 3, 1]);
    expect([...upkeep.keptBlocks({ author: last.entry.author })].map(({ seq }) => seq)).toEqual([6, 3]);
    expect([...upkeep.keptBlocks({ author: last.entry.author, tag: 'even' })].map(({ seq }) => seq)).toEqual([3]);
    expect([...upkeep.keptBlocks({ tag: 'odd' }), ...upkeep.keptBlocks({ author: 'nobody' })]).toEqual([]);
  });

  test('knows what was erased', () => {
    expect(upkeep.isErased(secret.id)).toBe(true);
    expect(upkeep.isErased(blocks[0]!.id)).toBe(false);
    expect(upkeep.erasedTo()).toBe(11);
    expect([...upkeep.erasedRows()]).toEqual([
      { firstLabel: 9, rows: 3 },
      { firstLabel: 12, rows: 1 },
    ]);
    expect([blocks[0]!, secret].map(({ entry }) => upkeep.hasRows(entry.space!))).toEqual([true, true]);
    expect(upkeep.hasRows('none')).toBe(false);
    const bytes = new Map([...upkeep.keptBytes()].map((one) => [one.id, one.bytes.length]));
    expect([bytes.size, bytes.get(blocks[0]!.id), bytes.get(secret.id)]).toEqual([9, 3, 2]);
    for (const { bytes: dead } of upkeep.deadSpace()) expect(dead.length).toBeGreaterThan(0);
  });

  test('names a holder of every text that stands in a table, and of nothing that went', () => {
    const values = [...upkeep.values()];
    const held = (text: string): [string, string | undefined][] =>
      values.filter(({ value }) => value === text).map((one: HeldValue) => [one.where, one.holder()]);
    expect(held('plugh')).toEqual([]);
    expect(held('even')).toContainEqual(['names', blocks[0]!.id]);
    // A key of facts is a name, what it says is a value; the block that was erased had both.
    expect([...held('collection'), ...held('#collection')]).toEqual([['names', keyed[1]!.id]]);
    expect(held('tea')).toEqual([['facts', keyed[1]!.id]]);
    expect(values.filter((one) => one.holder() === undefined)).toEqual([]);
  });

  test('copies, begins a new life, and writes anew without what was deleted', () => {
    const target = join(home, `${engine.replace(':', '-')}.copy`);
    upkeep.copyTo(target);
    const { epoch } = upkeep.head();
    renew(target, engine, 'did:key:zAfter');
    compact(target, engine);
    expect(statSync(target).size).toBeGreaterThan(0);
    const copy = openUpkeep(target, engine);
    const { node, head } = copy.about();
    copy.close();
    expect(node).toBe('did:key:zAfter');
    expect({ ...head, epoch }).toEqual(upkeep.head());
    expect(head.epoch).not.toBe(epoch);
    // A statement that failed must not keep the file open (each engine tells of it in its own way).
    const reader = openUpkeep(path, engine);
    expect(() => reader.copyTo(target)).toThrow();
    reader.close();
    expect(existsSync(target)).toBe(true);
    const database = openDatabase(engine, target);
    database.prepare('UPDATE meta SET value = ? WHERE name = ?').run('99', 'version');
    database.close();
    expect(() => renew(target, engine, 'did:key:zAfter')).toThrow(/store\.too_new/);
  });

  test.each([
    ['a wrong count', `UPDATE tallies SET n = n + 1 WHERE what = 'kind'`, 'embedding/1: 10 counted, 9 there'],
    ['a count that is gone', `DELETE FROM tallies WHERE what = 'kind'`, 'none counted, 9 there'],
    ['a stray tag', 'INSERT INTO tags VALUES (1, 5000)', '1 entries of tags belong to no block'],
    ['a name of nobody', `INSERT INTO names (name) VALUES ('left over')`, '1 entries of names are used by no block'],
    ['lost bytes', 'DELETE FROM bytes WHERE block = 4', '1 blocks have lost their bytes'],
    ['a block without its id', 'DELETE FROM recent_ids WHERE block = 4', '1 blocks cannot be found by their id'],
  ])('finds %s', (name, sql, what) => {
    const target = join(home, `${engine.replace(':', '-')}.${name.replaceAll(' ', '-')}`);
    upkeep.copyTo(target);
    const database = openDatabase(engine, target);
    database.exec(sql);
    database.close();
    const damaged = openUpkeep(target, engine);
    const faults = [...damaged.catalogueFaults()].map((fault) => fault.what);
    damaged.close();
    expect(faults).toEqual([expect.stringContaining(what)]);
  });
});
