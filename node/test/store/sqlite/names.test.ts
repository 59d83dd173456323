import { afterAll, expect, test } from '@jest/globals';
import { openDatabase } from '../../../src/store/sqlite/driver.js';
import { Names } from '../../../src/store/sqlite/rows.js';

const database = openDatabase('better-sqlite3', ':memory:');
afterAll(() => database.close());

test('of names that strangers make up a connection keeps so many, and knows them all', () => {
  database.exec('CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT)');
  database.exec('CREATE TABLE spaces (id INTEGER PRIMARY KEY, descriptor TEXT)');
  for (let id = 1; id <= 10; id++) database.exec(`INSERT INTO names VALUES (${id}, 'tag ${id}')`);
  const names = new Names(database, 4);
  for (const id of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 5]) {
    expect(names.name(id)).toBe(`tag ${id}`);
    expect(names.size).toBeLessThanOrEqual(4);
  }
});
