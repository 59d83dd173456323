import type { Head } from '@cosmicembeddings/sdk';
import type { Database } from './driver.js';

/** A line of the table `meta`; empty where there is none. */
export function metaOf(database: Database, name: string): string {
  return String(database.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'] ?? '');
}

/** How far a store is. */
export function headOf(database: Database): Head {
  const row = database.prepare(HEADS).get()!;
  return {
    epoch: metaOf(database, 'epoch'),
    seq: Number(row['seq'] ?? 0),
    count: Number(row['count'] ?? 0),
    labels: Number(metaOf(database, 'labels')),
  };
}

export const HEADS = 'SELECT (SELECT max(seq) FROM events) AS seq, (SELECT max(id) FROM blocks) AS count';
