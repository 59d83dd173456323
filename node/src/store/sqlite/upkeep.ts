import { CosmicError, type BlockId } from '@cosmicembeddings/sdk';
import type { HeldValue, KeptBlock, LabelRange, StoreAbout, Upkeep } from '../upkeep.js';
import { catalogueFaults, namesUsed, placeOf, SPACES_USED } from './check.js';
import { deadSpaceOf } from './dead-space.js';
import { openDatabase, type Database, type Row, type SqliteEngine } from './driver.js';
import { hasFacts, TEXT } from './facts.js';
import { findByDigest } from './ids.js';
import { metaOf } from './meta.js';
import { StoreReader } from './reader.js';
import { bytesOf, digestOf, idOfRow, type EntryRest } from './rows.js';
import { newEpoch, schemaVersion } from './schema.js';

const AT_A_TIME = 500;

/** Upkeep of `store.sqlite`. @throws SQLite's errors where the file is damaged */
export function openUpkeep(path: string, engine: SqliteEngine): Upkeep {
  return upkeepOf(new StoreReader(path, engine), path);
}

/** The same over a reader that is open; it is closed with this. */
export function upkeepOf(reader: StoreReader, path: string): Upkeep {
  const { database } = reader;
  const byDigest = findByDigest(database, 'b.erased');
  const space = database.prepare(
    'SELECT 1 FROM blocks WHERE space = (SELECT id FROM names WHERE name = ?) AND erased IS NULL AND row_count > 0 LIMIT 1',
  );
  return {
    about: () => aboutOf(reader),
    head: () => reader.head(),
    *fileFaults() {
      for (const row of database.prepare('PRAGMA integrity_check(100)').all())
        if (row['integrity_check'] !== 'ok') yield String(row['integrity_check']);
    },
    catalogueFaults: () => catalogueFaults(reader),
    itemsAfter: (seq, max) => reader.wholeTail(seq, Infinity, max),
    get: (id) => reader.get([id])[0],
    placeOf: (seq) => placeOf(database, seq),
    labelsOf: (seq) => reader.labelsOf(seq),
    afterFormerRows: (label) => reader.afterFormerRows(label),
    keptBlocks: (of = {}) => keptBlocks(reader, of),
    copyTo: (target) => database.prepare('VACUUM INTO ?').run(target),
    *keptBytes() {
      const some = database.prepare(
        'SELECT b.id, b.digest, b.python, y.envelope, y.body FROM bytes y JOIN blocks b ON b.id = y.block WHERE b.id > ? ORDER BY b.id LIMIT ?',
      );
      for (const row of pages(some.all.bind(some)))
        yield {
          id: idOfRow(row),
          bytes: [row['digest'], row['envelope'], row['body']].flatMap((value) =>
            value === null ? [] : [bytesOf(value)],
          ),
        };
    },
    *values() {
      yield* namesOf(database);
      yield* entriesOf(database);
      yield* listed(database, 'languages', 'language');
      yield* listed(database, 'aliases', 'alias');
      if (hasFacts(database)) yield* listed(database, 'facts', 'value', `WHERE t.type = ${TEXT}`);
    },
    *erasedRows(): Generator<LabelRange> {
      const some = database.prepare(
        'SELECT id, first_label, row_count FROM blocks WHERE id > ? AND erased IS NOT NULL AND row_count > 0 ORDER BY id LIMIT ?',
      );
      for (const row of pages(some.all.bind(some)))
        yield { firstLabel: row['first_label'] as number, rows: row['row_count'] as number };
    },
    hasRows: (id) => space.get(id) !== undefined,
    *rowsOf(id, seq) {
      const found = database
        .prepare('SELECT first_label, row_count, entry FROM blocks WHERE space = ? AND erased IS NULL AND seq <= ?')
        .all(reader.names.id(id) ?? -1, seq);
      for (const { first_label: firstLabel, row_count: rows, entry } of found)
        if (typeof entry !== 'string' || !entry.includes('"inert"'))
          yield { firstLabel: firstLabel as number, rows: rows as number };
    },
    judgingPlace: () => metaOf(database, 'judging') || undefined,
    erasedTo: () =>
      Number(database.prepare('SELECT max(seq) AS n FROM events WHERE reason IS NOT NULL').get()?.['n'] ?? 0),
    isErased: (id) => (byDigest(digestOf(id)?.digest ?? new Uint8Array(0))?.['erased'] ?? null) !== null,
    deadSpace: () => deadSpaceIn(database, path),
    close: () => reader.close(),
  };
}

function aboutOf(reader: StoreReader): StoreAbout {
  const meta = (name: string): string => metaOf(reader.database, name);
  return { version: Number(meta('version')), network: meta('network'), node: meta('node'), head: reader.head() };
}

/** Where blocks stand in order, so that they are read a page at a time: what follows a row, and the row itself. */
interface Walk {
  readonly from: string;
  readonly order: string;
  readonly of: readonly number[];
  after(row: Row): readonly number[];
  readonly first: readonly number[];
}

const KEPT_PAGE = 2_000;

function walkOf(names: StoreReader['names'], author: string | undefined, tag: string | undefined): Walk {
  const byId = { after: (row: Row): number[] => [row['id'] as number], first: [0] };
  const authorId = author === undefined ? [] : [names.id(author) ?? -1];
  const isTheirs = author === undefined ? '' : 'AND b.author = ?';
  if (tag !== undefined)
    return {
      ...byId,
      from: `tags t CROSS JOIN blocks b ON b.id = t.block JOIN bytes y ON y.block = b.id WHERE t.tag = ? ${isTheirs} AND t.block > ?`,
      of: [names.id(tag) ?? -1, ...authorId],
      order: 't.block',
    };
  const blocks = 'blocks b JOIN bytes y ON y.block = b.id WHERE';
  if (author === undefined) return { ...byId, from: `${blocks} b.id > ?`, of: [], order: 'b.id' };
  return {
    from: `${blocks} b.author = ? AND (b.time, b.id) > (?, ?)`,
    of: authorId,
    order: 'b.time, b.id',
    after: (row) => [row['time'] as number, row['id'] as number],
    first: [Number.MIN_SAFE_INTEGER, 0],
  };
}

/** Of each block three numbers are held until all were seen: a store of a million is put in order in 24 MB. */
function* keptBlocks(
  { database, names }: StoreReader,
  { author, tag }: { readonly author?: string; readonly tag?: string },
): Generator<KeptBlock> {
  const { from, order, of, after, first } = walkOf(names, author, tag);
  const page = database.prepare(
    `SELECT b.id, b.time, b.seq, b.first_seen, length(y.envelope) + coalesce(length(y.body), 0) AS bytes
    FROM ${from} AND b.erased IS NULL AND b.header_only = 0 ORDER BY ${order} LIMIT ${KEPT_PAGE}`,
  );
  const digest = database.prepare(
    'SELECT b.digest, b.python FROM events e JOIN blocks b ON b.id = e.block WHERE e.seq = ?',
  );
  let seen = new Float64Array(3 * KEPT_PAGE);
  let count = 0;
  for (let at = first, isAll = false; !isAll;) {
    const rows = page.all(...of, ...at);
    isAll = rows.length < KEPT_PAGE;
    for (const row of rows) {
      if (3 * count === seen.length) {
        const grown = new Float64Array(2 * seen.length);
        grown.set(seen);
        seen = grown;
      }
      seen.set([row['first_seen'] as number, row['seq'] as number, row['bytes'] as number], 3 * count++);
      at = after(row);
    }
  }
  const lastFirst = Uint32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => seen[3 * b]! - seen[3 * a]! || seen[3 * b + 1]! - seen[3 * a + 1]!,
  );
  for (const i of lastFirst) {
    const seq = seen[3 * i + 1]!;
    yield { seq, firstSeenMs: seen[3 * i]!, bytes: seen[3 * i + 2]!, id: () => idOfRow(digest.get(seq)!) };
  }
}

/** Dead space of a SQLite file that `database` reads. */
export function deadSpaceIn(database: Database, path: string): ReturnType<typeof deadSpaceOf> {
  const roots = database.prepare('SELECT rootpage FROM sqlite_master WHERE rootpage > 0').all();
  return deadSpaceOf(
    path,
    roots.map(({ rootpage }) => rootpage as number),
  );
}

/** Writes a file anew without what was deleted: the only way to be rid of copies that SQLite left between its cells. */
export function compact(path: string, engine: SqliteEngine): void {
  const database = openDatabase(engine, path);
  try {
    database.exec('PRAGMA secure_delete = ON; VACUUM');
    if (engine !== 'wasm') database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  } finally {
    database.close();
  }
}

/**
 * Begins a new life of a store that was copied: peers and followers see a new epoch, and it belongs to `node`.
 * @throws CosmicError store.corrupt, store.too_new
 */
export function renew(path: string, engine: SqliteEngine, node: string): void {
  const database = openDatabase(engine, path);
  try {
    const fault = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (fault !== 'ok') throw new CosmicError('store.corrupt', `the backup is damaged: ${String(fault)}`);
    const version = Number(metaOf(database, 'version'));
    if (version > schemaVersion)
      throw new CosmicError('store.too_new', `backup version ${version}, this software knows ${schemaVersion}`);
    const set = database.prepare('UPDATE meta SET value = ? WHERE name = ?');
    set.run(newEpoch(), 'epoch');
    set.run(node, 'node');
  } finally {
    database.close();
  }
}

function* pages(some: (after: number, max: number) => Row[]): Generator<Row> {
  for (let last = 0; ;) {
    const rows = some(last, AT_A_TIME);
    if (rows.length === 0) return;
    yield* rows;
    last = rows.at(-1)!['id'] as number;
  }
}

function* namesOf(database: Database): Generator<HeldValue> {
  const used = (sql: string): Set<number> =>
    new Set(
      database
        .prepare(sql)
        .all()
        .map((row) => Object.values(row)[0] as number),
    );
  const [names, spaces] = [used(namesUsed(database)), used(SPACES_USED)];
  const tagged = database.prepare(
    'SELECT b.digest, b.python FROM tags t JOIN blocks b ON b.id = t.block WHERE t.tag = ? LIMIT 1',
  );
  const inSpace = database.prepare('SELECT digest, python FROM blocks WHERE space = ? AND erased IS NULL LIMIT 1');
  const keyed = hasFacts(database)
    ? database.prepare('SELECT b.digest, b.python FROM facts f JOIN blocks b ON b.id = f.block WHERE f.key = ? LIMIT 1')
    : undefined;
  const holder = (id: number, isUsed: boolean): string | undefined => {
    if (!isUsed) return undefined;
    const row = tagged.get(id) ?? inSpace.get(id) ?? keyed?.get(id);
    return row === undefined ? 'headers or links of other blocks' : idOfRow(row);
  };
  const some = database.prepare('SELECT id, name FROM names WHERE id > ? ORDER BY id LIMIT ?');
  for (const row of pages(some.all.bind(some))) {
    const id = row['id'] as number;
    yield { where: 'names', value: String(row['name']), holder: () => holder(id, names.has(id)) };
  }
  for (const row of database.prepare('SELECT id, descriptor FROM spaces').all())
    for (const value of textsIn(JSON.parse(row['descriptor'] as string)))
      yield { where: 'spaces', value, holder: () => holder(row['id'] as number, spaces.has(row['id'] as number)) };
}

/** What `entry` says of blocks; of an erased one, what its header says. */
function* entriesOf(database: Database): Generator<HeldValue> {
  const some = database.prepare(
    'SELECT id, digest, python, erased, entry FROM blocks WHERE id > ? AND entry IS NOT NULL ORDER BY id LIMIT ?',
  );
  for (const row of pages(some.all.bind(some))) {
    const { refs, prev, ...own } = JSON.parse(row['entry'] as string) as EntryRest;
    const id = (): BlockId => idOfRow(row);
    for (const value of textsIn({ refs, prev })) yield { where: 'entry of a header', value, holder: id };
    for (const value of textsIn(own))
      yield { where: 'entry', value, holder: () => (row['erased'] === null ? id() : undefined) };
  }
}

function* listed(database: Database, table: string, column: string, where = ''): Generator<HeldValue> {
  const rows = database
    .prepare(
      `SELECT t.${column} AS value, min(b.erased IS NOT NULL) AS erased, b.digest, b.python FROM ${table} t LEFT JOIN blocks b ON b.id = t.block ${where} GROUP BY t.${column}`,
    )
    .all();
  for (const row of rows)
    yield {
      where: table,
      value: String(row['value']),
      holder: () => (row['erased'] === 0 ? idOfRow(row) : undefined),
    };
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) yield* textsIn(item);
}
