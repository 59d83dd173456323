import type { Finding } from '../finding.js';
import type { Place } from '../upkeep.js';
import type { Database } from './driver.js';
import { hasFacts } from './facts.js';
import { hasIds } from './ids.js';
import { metaOf } from './meta.js';
import type { StoreReader } from './reader.js';
import { idOfRow } from './rows.js';

type CatalogueFault = Pick<Finding, 'part' | 'what'>;

/** Uses of spaces by blocks, whatever their counts say. */
export const SPACES_USED = 'SELECT space FROM blocks WHERE erased IS NULL AND space IS NOT NULL';

/** Uses of names. */
export function namesUsed(database: Database): string {
  return [
    'SELECT author FROM blocks UNION SELECT kind FROM blocks',
    `UNION ${SPACES_USED} UNION SELECT tag FROM tags UNION SELECT rel FROM links`,
    ...(hasFacts(database) ? ['UNION SELECT key FROM facts'] : []),
  ].join(' ');
}

/** Which block has a number, and where its labels end, if at least that can be read. */
export function placeOf(database: Database, seq: number): Place | undefined {
  try {
    const row = database
      .prepare('SELECT digest, python, first_label + row_count AS after FROM blocks WHERE seq = ?')
      .get(seq);
    return row === undefined ? undefined : { id: idOfRow(row), afterLabel: row['after'] as number };
  } catch {
    return undefined;
  }
}

/** Where the tables beside `blocks` say something else than it. */
export function* catalogueFaults(reader: StoreReader): Generator<CatalogueFault> {
  const { database } = reader;
  const version = Number(metaOf(database, 'version'));
  yield* wrongCounts(reader, version);
  if (version >= 4) yield* unusedNames(database);
  yield* strayEntries(database);
}

function* wrongCounts({ database, names }: StoreReader, version: number): Generator<CatalogueFault> {
  const tallies = new Map<string, number>();
  const add = (what: string, id: unknown, n: number): void =>
    void tallies.set(`${what} ${String(id)}`, (tallies.get(`${what} ${String(id)}`) ?? 0) + n);
  for (const row of database.prepare('SELECT author, kind, space, row_count, erased FROM blocks').all()) {
    add('author', row['author'], 1);
    add('kind', row['kind'], 1);
    if (row['space'] !== null && row['erased'] === null) add('space', row['space'], row['row_count'] as number);
  }
  if (version >= 4)
    for (const { rel, n } of database.prepare('SELECT rel, count(*) AS n FROM links GROUP BY rel').all())
      add('rel', rel, n as number);
  for (const row of database.prepare('SELECT what, id, n FROM tallies').all()) {
    const key = `${row['what'] as string} ${row['id'] as number}`;
    const n = tallies.get(key) ?? 0;
    tallies.delete(key);
    if (n !== row['n'])
      yield {
        part: 'catalogue',
        what: `${row['what'] as string} ${names.name(row['id'] as number)}: ${row['n'] as number} counted, ${n} there`,
      };
  }
  for (const [key, n] of tallies) if (n > 0) yield { part: 'catalogue', what: `${key}: none counted, ${n} there` };
}

/** Names and spaces that no block uses: what an erasure should have taken along. */
function* unusedNames(database: Database): Generator<CatalogueFault> {
  for (const [table, uses] of [
    ['names', namesUsed(database)],
    ['spaces', SPACES_USED],
  ] as const) {
    const n = count(database, `${table} WHERE id NOT IN (${uses})`);
    if (n > 0) yield { part: 'catalogue', what: `${n} entries of ${table} are used by no block` };
  }
}

function* strayEntries(database: Database): Generator<CatalogueFault> {
  const idTables = hasIds(database) ? ['ids', 'recent_ids'] : [];
  const factTables = hasFacts(database) ? ['facts'] : [];
  for (const table of ['tags', 'links', 'languages', 'aliases', 'bytes', ...idTables, ...factTables]) {
    const n = count(database, `${table} WHERE block NOT IN (SELECT id FROM blocks)`);
    if (n > 0) yield { part: 'catalogue', what: `${n} entries of ${table} belong to no block` };
  }
  const bare = count(database, 'blocks WHERE id NOT IN (SELECT block FROM bytes)');
  if (bare > 0) yield { part: 'block', what: `${bare} blocks have lost their bytes` };
  if (idTables.length === 0) return;
  const named = 'SELECT block FROM ids UNION ALL SELECT block FROM recent_ids';
  const unnamed = count(database, `blocks WHERE id NOT IN (${named})`);
  if (unnamed > 0) yield { part: 'catalogue', what: `${unnamed} blocks cannot be found by their id` };
}

function count(database: Database, of: string): number {
  return Number(database.prepare(`SELECT count(*) AS n FROM ${of}`).get()!['n']);
}
