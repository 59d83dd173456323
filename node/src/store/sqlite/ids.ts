import type { Database, Statement } from './driver.js';

/*
 * Which block has a digest. Digests are random, so an index over them that is written with every commit is written all
 * over: at a million blocks each group of 512 would write 512 different pages, ten times as much as the blocks
 * themselves. So new entries go into a small table, and into the large one many at a time, in order.
 */

export const IDS_SCHEMA = `
-- The first 48 bits of a block's digest, and the block: of recent blocks, and of all others.
CREATE TABLE recent_ids (prefix INTEGER NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (prefix, block)) WITHOUT ROWID;
CREATE TABLE ids (prefix INTEGER NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (prefix, block)) WITHOUT ROWID;
`;

const PREFIX_BYTES = 6;
/** Recent entries at most, in a small store; in a large one a part of the whole. */
const RECENT_MIN = 4096;
const RECENT_PART = 32;

function prefixOf(digest: Uint8Array): number {
  let prefix = 0;
  for (let i = 0; i < PREFIX_BYTES; i++) prefix = prefix * 256 + digest[i]!;
  return prefix;
}

/** Blocks by their digest, for one connection. `columns`: of `blocks b`; `join`: more tables. */
export function findByDigest(
  database: Database,
  columns: string,
  join = '',
): (digest: Uint8Array) => ReturnType<Statement['get']> {
  if (!hasIds(database)) {
    const whole = database.prepare(`SELECT ${columns} FROM blocks b ${join} WHERE b.digest = ?`);
    return (digest) => whole.get(digest);
  }
  const statement = database.prepare(
    `SELECT ${columns} FROM (SELECT block FROM recent_ids WHERE prefix = ? UNION ALL SELECT block FROM ids WHERE prefix = ?) i
      CROSS JOIN blocks b ON b.id = i.block ${join} WHERE b.digest = ?`,
  );
  return (digest) => {
    const prefix = prefixOf(digest);
    return statement.get(prefix, prefix, digest);
  };
}

/** False in a store of version 1 that is only read: what writes to it brings it to the present version first. */
export function hasIds(database: Database): boolean {
  return database.prepare(`SELECT count(*) AS n FROM sqlite_master WHERE name = 'ids'`).get()!['n'] === 1;
}

/** The writing half: takes new blocks' digests, within the caller's transactions. */
export class IdWriter {
  private readonly statements: Readonly<Record<'add' | 'settle' | 'clear', Statement>>;
  private recent: number;

  constructor(database: Database) {
    this.statements = {
      add: database.prepare('INSERT INTO recent_ids VALUES (?, ?)'),
      settle: database.prepare('INSERT INTO ids SELECT prefix, block FROM recent_ids ORDER BY prefix, block'),
      clear: database.prepare('DELETE FROM recent_ids'),
    };
    this.recent = Number(database.prepare('SELECT count(*) AS n FROM recent_ids').get()!['n']);
  }

  add(digest: Uint8Array, block: number): void {
    this.statements.add.run(prefixOf(digest), block);
    this.recent += 1;
  }

  /** At the end of a transaction: moves the recent entries over when they are many. `count`: blocks in the store. */
  settle(count: number): void {
    if (this.recent < Math.max(RECENT_MIN, count / RECENT_PART)) return;
    this.statements.settle.run();
    this.statements.clear.run();
    this.recent = 0;
  }

  /** Entries that are recent: to go back to where a failed transaction began. */
  get mark(): number {
    return this.recent;
  }

  reset(mark: number): void {
    this.recent = mark;
  }
}

/** Version 1 of the store had an index over whole digests. */
export function addIds(database: Database): void {
  database.exec(IDS_SCHEMA);
  const add = database.prepare('INSERT INTO ids VALUES (?, ?)');
  const entries = database
    .prepare('SELECT id, digest FROM blocks')
    .all()
    .map((row) => [prefixOf(row['digest'] as Uint8Array), row['id'] as number] as const);
  for (const [prefix, block] of entries.sort((a, b) => a[0] - b[0] || a[1] - b[1])) add.run(prefix, block);
  database.exec('DROP INDEX blocks_digest');
}
