import type { Database } from './driver.js';

/** A line of the table `meta`; empty where there is none. */
export function metaOf(database: Database, name: string): string {
  return String(database.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'] ?? '');
}
