import { expect, test } from '@jest/globals';
import { chooseSqlite, openDatabase } from '../../../src/store/sqlite/driver.js';
import { Cutter } from '../../../src/index/words/index.js';
import { WordFollower } from '../../../src/index/words/word-follower.js';

const question = { k: 10, bm25: { k1: 1.2, b: 0.75 }, also: new Uint32Array(0) };

test('many texts are kept in memory from the first question on, with whatever came since', () => {
  const database = openDatabase(chooseSqlite('auto'), ':memory:');
  database.exec(`
    CREATE TABLE documents (id INTEGER PRIMARY KEY, label INTEGER NOT NULL, digest BLOB NOT NULL, python INTEGER NOT NULL);
    CREATE VIRTUAL TABLE passages USING fts5(heading, body, also, content='', contentless_delete=1, tokenize='ascii');`);
  const cutter = new Cutter();
  const follower = new WordFollower(database, cutter, 3);
  const add = (key: number, body: string): void => {
    follower.begin();
    database.prepare('INSERT INTO documents VALUES (?, ?, ?, 0)').run(key, key, new Uint8Array(32).fill(key));
    database.prepare('INSERT INTO passages (rowid, heading, body) VALUES (?, ?, ?)').run(key, '', body);
    follower.note({ key, label: key, id: `block ${key}`, terms: cutter.text('', body) });
    follower.commit();
  };
  const labels = (): number[] | undefined =>
    follower
      .search('heron', question)
      ?.hits.map(({ label }) => label)
      .sort();
  const load = (): void => {
    while (follower.load());
  };

  for (let key = 1; key <= 3; key++) add(key, 'a heron');
  load();
  add(4, 'another heron');
  load();
  // Nobody has asked, and there are more texts than are kept for nobody: the first question finds nothing in memory.
  expect(labels()).toBeUndefined();
  add(5, 'a heron while nothing is loaded');
  load();
  expect(labels()).toEqual([1, 2, 3, 4, 5]);
  add(6, 'a heron afterwards');
  expect(labels()).toEqual([1, 2, 3, 4, 5, 6]);
  database.close();
});
