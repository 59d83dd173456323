import type { KeyedStore } from '@cosmicembeddings/sdk/views';
import { transaction, type Database } from '../store/sqlite/driver.js';
import { bytesOf } from '../store/sqlite/rows.js';

/** Makes the table that `createSqliteKeyed` works on. */
export const KEYED_SCHEMA =
  'CREATE TABLE IF NOT EXISTS keyed (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID';

const ALL = 2 ** 53 - 1;
const NO_END = new Uint8Array(0);

/** An ordered map in one table of SQLite, which compares blobs bytewise. */
export function createSqliteKeyed(database: Database): KeyedStore {
  const get = database.prepare('SELECT value FROM keyed WHERE key = ?');
  const set = database.prepare('INSERT OR REPLACE INTO keyed VALUES (?, ?)');
  const drop = database.prepare('DELETE FROM keyed WHERE key = ?');
  const range = (end: string, order: string) =>
    database.prepare(`SELECT key, value FROM keyed WHERE key >= ? ${end} ORDER BY key ${order} LIMIT ?`);
  const ranges = {
    up: { to: range('AND key < ?', 'ASC'), open: range('', 'ASC') },
    down: { to: range('AND key < ?', 'DESC'), open: range('', 'DESC') },
  };
  return {
    get: (key) => {
      const row = get.get(key);
      return row === undefined ? undefined : bytesOf(row['value']);
    },
    range: (from, to, limit, reverse = false) => {
      const { to: bounded, open } = reverse ? ranges.down : ranges.up;
      const most = Math.min(limit, ALL);
      const rows = to === undefined ? open.all(from, most) : bounded.all(from, to, most);
      return rows.map(({ key, value }) => [bytesOf(key), bytesOf(value)] as const);
    },
    set: (key, value) => set.run(key, value.length === 0 ? NO_END : value),
    delete: (key) => drop.run(key),
    transaction: (work) => transaction(database, work),
  };
}
