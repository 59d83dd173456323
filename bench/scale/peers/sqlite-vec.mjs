import { join } from 'node:path';
import Database from 'better-sqlite3';
import * as sqliteVec from 'sqlite-vec';
import { tagOf, textOf, versionOf } from './documents.mjs';

/** Every search scans all rows; there is no index. */
export async function open({ folder, dims }) {
  const db = new Database(join(folder, 'rows.sqlite'));
  sqliteVec.load(db);
  db.pragma('page_size = 16384');
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(`create virtual table rows using vec0(embedding float[${dims}] distance_metric=cosine);
           create table documents(id integer primary key, tag text, text text)`);
  const vector = db.prepare('insert into rows(rowid, embedding) values (?, ?)');
  const document = db.prepare('insert into documents values (?, ?, ?)');
  const near = db.prepare('select rowid as row from rows where embedding match ? and k = ? order by distance');
  const put = db.transaction((flat, from, to, base) => {
    for (let row = from; row < to; row++) {
      vector.run(BigInt(base + row), flat.subarray(row * dims, (row + 1) * dims));
      document.run(base + row, tagOf(row), textOf(row));
    }
  });
  return {
    versions: [versionOf('sqlite-vec'), versionOf('better-sqlite3')],
    settings: 'WAL, FULL, 16 kB pages, 1,000 rows a transaction, scan',
    durable: 'yes, each transaction; unsigned',
    ingest: (flat) => {
      const rows = flat.length / dims;
      for (let at = 0; at < rows; at += 1000) put(flat, at, Math.min(rows, at + 1000), 0);
    },
    search: (question, k) => near.all(question, k).map(({ row }) => row),
    close: () => db.close(),
  };
}
