import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  corePlugins,
  CosmicError,
  createRegistry,
  decode,
  decodeHeader,
  kindHeader,
  readBody,
  readEnvelope,
  type ValueMap,
} from '@cosmicembeddings/sdk';
import { FACTS_SCHEMA, FactWriter } from './facts.js';
import { addIds, IDS_SCHEMA } from './ids.js';
import { metaOf } from './meta.js';
import { NameWriter } from './name-writer.js';
import { transaction, type Database, type SqliteEngine } from './driver.js';

/** Format of `store.sqlite`; each step of `migrations` leads from one version to the next. */
export const schemaVersion = 7;

const MARKS_SCHEMA = `
-- What must not come back under another id. A text's mark is a hash under a key that is not in this file.
CREATE TABLE withheld_marks (what TEXT NOT NULL, mark BLOB NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (what, mark)) WITHOUT ROWID;
`;

const WANTS_SCHEMA = `
-- What a follower wants of the tail is found without walking over the rest: by kind, and by relation of header refs.
CREATE INDEX events_kind ON events (kind, seq) WHERE kind IS NOT NULL;
CREATE TABLE event_rels (rel INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (rel, seq)) WITHOUT ROWID;
`;

const JUDGED_SCHEMA = `
-- Events of blocks that were judged anew by kinds that changed, and the rows that each had until then.
CREATE TABLE judged (seq INTEGER PRIMARY KEY, first_label INTEGER NOT NULL, row_count INTEGER NOT NULL);
`;

const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE spaces (id INTEGER PRIMARY KEY, descriptor TEXT NOT NULL);
-- Apart from their bytes, blocks are some eighty bytes each: what a filter has to walk over.
CREATE TABLE blocks (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL,
  seq INTEGER NOT NULL,
  python INTEGER NOT NULL,
  time INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  author INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  space INTEGER,
  row_count INTEGER NOT NULL,
  first_label INTEGER NOT NULL,
  header_only INTEGER NOT NULL,
  erased TEXT,
  entry TEXT
);
-- A bit that turned over on the disk must never go out as if it had been signed: crc is checked with every reading.
CREATE TABLE bytes (block INTEGER PRIMARY KEY, envelope BLOB NOT NULL, body BLOB, crc INTEGER);
CREATE UNIQUE INDEX blocks_time ON blocks (time, digest);
CREATE INDEX blocks_author ON blocks (author, time);
CREATE INDEX blocks_label ON blocks (first_label) WHERE row_count > 0;
CREATE TABLE events (seq INTEGER PRIMARY KEY, block INTEGER, digest BLOB, reason TEXT, kind INTEGER);
CREATE TABLE tags (tag INTEGER NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (tag, block)) WITHOUT ROWID;
CREATE TABLE languages (language TEXT NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (language, block)) WITHOUT ROWID;
CREATE TABLE links (target BLOB NOT NULL, rel INTEGER NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (target, rel, block)) WITHOUT ROWID;
CREATE TABLE aliases (alias TEXT NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (alias, block)) WITHOUT ROWID;
CREATE TABLE tallies (what TEXT NOT NULL, id INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (what, id)) WITHOUT ROWID;
CREATE TABLE withheld (digest BLOB PRIMARY KEY, seq INTEGER NOT NULL, reason TEXT NOT NULL, time INTEGER) WITHOUT ROWID;
CREATE TABLE decided (time INTEGER NOT NULL, digest BLOB NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (time, digest)) WITHOUT ROWID;
CREATE INDEX decided_number ON decided (number);
${IDS_SCHEMA}${MARKS_SCHEMA}${FACTS_SCHEMA}${WANTS_SCHEMA}${JUDGED_SCHEMA}`;

/** Told how many of how many blocks a step has read. */
type Told = (done: number, all: number) => void;

const migrations: readonly { readonly what: string; readonly run: (database: Database, told: Told) => void }[] = [
  { what: 'ids are found in bulk', run: addIds },
  { what: 'each block gets a checksum', run: addChecksums },
  { what: 'names that only erased bodies used go', run: forgetNames },
  { what: 'facts of rows are read out of the bodies', run: addFacts },
  { what: 'followers find what they want of the tail', run: addWants },
  { what: 'blocks can be judged anew', run: addJudged },
];

/** What lies between a store's format and this software's, in order. */
export function stepsFrom(version: number): string[] {
  return migrations.slice(version - 1).map(({ what }, i) => `${version + i} → ${version + i + 1}: ${what}`);
}

const MIGRATED_AT_ONCE = 500;

/** Kinds that say facts of their rows: the bodies of older blocks are read again. */
function addFacts(database: Database, told: Told): void {
  const all = lastBlock(database);
  database.exec(FACTS_SCHEMA);
  const registry = createRegistry(corePlugins);
  const writer = new FactWriter(database);
  const names = new NameWriter(database);
  const some = database.prepare(
    'SELECT b.id, n.name AS kind, y.envelope, y.body FROM blocks b JOIN names n ON n.id = b.kind JOIN bytes y ON y.block = b.id WHERE b.id > ? AND y.body IS NOT NULL ORDER BY b.id LIMIT ?',
  );
  for (let last = 0; ;) {
    const rows = some.all(last, MIGRATED_AT_ONCE);
    if (rows.length === 0) return;
    for (const { id, kind, envelope, body } of rows) {
      const known = registry.kind(kind as string);
      if (known?.facts === undefined) continue;
      const bytes = body as Uint8Array;
      const read = readEnvelope(envelope as Uint8Array);
      const header = read.status === 'rejected' ? undefined : decodeHeader(read.envelope.header);
      if (header?.status !== 'ok') continue;
      const parsed = readBody(known, kindHeader(header.header), decode(bytes) as ValueMap, bytes.length);
      if (parsed.ok) writer.write(id as number, known.facts(parsed.body), (name) => names.idOf(name));
    }
    last = rows.at(-1)!['id'] as number;
    told(last, all);
  }
}

function lastBlock(database: Database): number {
  return Number(database.prepare('SELECT max(id) AS id FROM blocks').get()!['id'] ?? 0);
}

function addChecksums(database: Database, told: Told): void {
  const all = lastBlock(database);
  database.exec('ALTER TABLE bytes ADD COLUMN crc INTEGER');
  const some = database.prepare('SELECT block, envelope, body FROM bytes WHERE block > ? ORDER BY block LIMIT ?');
  const set = database.prepare('UPDATE bytes SET crc = ? WHERE block = ?');
  for (let last = 0; ;) {
    const rows = some.all(last, MIGRATED_AT_ONCE);
    if (rows.length === 0) return;
    for (const { block, envelope, body } of rows)
      set.run(bytesCrc(envelope as Uint8Array, body as Uint8Array | null), block!);
    last = rows.at(-1)!['block'] as number;
    told(last, all);
  }
}

/** Up to version 3 names and spaces of erased bodies stayed, and nothing counted the uses of a relation. */
function forgetNames(database: Database): void {
  database.exec(`${MARKS_SCHEMA}
    UPDATE blocks SET space = NULL WHERE erased IS NOT NULL AND space IS NOT NULL;
    DELETE FROM tallies WHERE what = 'space' AND n = 0;
    INSERT INTO tallies SELECT 'rel', rel, count(*) FROM links GROUP BY rel;
    INSERT OR REPLACE INTO meta SELECT 'names', max(id) FROM names HAVING count(*) > 0;
    DELETE FROM spaces WHERE id NOT IN (SELECT id FROM tallies WHERE what = 'space');
    DELETE FROM names WHERE id NOT IN (SELECT id FROM tallies UNION SELECT tag FROM tags);`);
}

function addJudged(database: Database): void {
  database.exec(JUDGED_SCHEMA);
}

/** Up to version 5 a tail was read whole, whatever was wanted of it. */
function addWants(database: Database): void {
  database.exec(`ALTER TABLE events ADD COLUMN kind INTEGER;
    UPDATE events SET kind = (SELECT kind FROM blocks WHERE id = events.block);
    ${WANTS_SCHEMA}
    INSERT OR IGNORE INTO event_rels
      SELECT n.id, e.seq FROM events e JOIN blocks b ON b.id = e.block, json_each(b.entry, '$.refs') r
      JOIN names n ON n.name = json_extract(r.value, '$.rel') WHERE b.entry IS NOT NULL;
    INSERT OR IGNORE INTO event_rels
      SELECT n.id, e.seq FROM events e JOIN blocks b ON b.id = e.block JOIN names n ON n.name = 'prev'
      WHERE json_extract(b.entry, '$.prev') IS NOT NULL;`);
}

/** What `bytes.crc` holds: CRC-32 of the envelope and then the body, where there is one. */
export function bytesCrc(envelope: Uint8Array, body: Uint8Array | null): number {
  const crc = crc32(envelope);
  return body === null ? crc : crc32(body, crc);
}

/** A page holds whole blocks only: of some 2.4 kB, 32 kB lose 7 % where 16 kB lose 15 %, and write as fast (bench/store). */
export const storePageBytes = 32_768;
export const textPageBytes = 16_384;
const LOG_BYTES = 16 * 1024 * 1024;

/** Settings of a connection. FULL syncs each commit; erased bytes are overwritten. */
export function configure(database: Database, engine: SqliteEngine, pageBytes = storePageBytes): void {
  database.exec(`PRAGMA page_size = ${pageBytes}`);
  if (engine === 'wasm') leaveLog(database);
  else database.exec('PRAGMA journal_mode = WAL');
  database.exec(`PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cache_size = -32000;
    PRAGMA wal_autocheckpoint = ${LOG_BYTES / pageBytes}; PRAGMA journal_size_limit = ${2 * LOG_BYTES}`);
}

/**
 * The WebAssembly build has no shared memory, so no write-ahead log; a file that another engine left in that mode it can
 * open for itself alone, and take out of it (sqlite.org/wal.html, section 8). Its journal is emptied, not deleted: the
 * name of a file that comes and goes with every commit would have to be synced in the folder each time, which it does not do.
 */
function leaveLog(database: Database): void {
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL');
  database.exec('PRAGMA journal_mode = TRUNCATE');
  // The lock goes with the next read.
  database.prepare('SELECT count(*) AS n FROM sqlite_master').all();
}

export interface StoreIdentity {
  readonly network: string;
  readonly node: string;
}

/** Makes or migrates the store's file. @throws CosmicError store.too_new, store.foreign */
export function prepare(
  database: Database,
  engine: SqliteEngine,
  identity: StoreIdentity,
  told: Told = () => undefined,
): void {
  configure(database, engine);
  const exists = database.prepare(`SELECT count(*) AS n FROM sqlite_master WHERE name = 'meta'`).get()!['n'] === 1;
  if (!exists) {
    transaction(database, () => {
      database.exec(SCHEMA);
      const set = database.prepare('INSERT INTO meta VALUES (?, ?)');
      set.run('version', String(schemaVersion));
      set.run('epoch', newEpoch());
      set.run('network', identity.network);
      set.run('node', identity.node);
      set.run('labels', '0');
    });
    return;
  }
  const version = Number(metaOf(database, 'version'));
  if (version > schemaVersion)
    throw new CosmicError('store.too_new', `store version ${version}, this software knows ${schemaVersion}`);
  for (const name of ['network', 'node'] as const) {
    const stored = metaOf(database, name);
    if (stored !== identity[name])
      throw new CosmicError('store.foreign', `the store is of ${name} ${stored}, not ${identity[name]}`);
  }
  for (let from = version; from < schemaVersion; from++) {
    transaction(database, () => {
      migrations[from - 1]!.run(database, told);
      database.prepare('UPDATE meta SET value = ? WHERE name = ?').run(String(from + 1), 'version');
    });
  }
}

/** Names one life of a store: cursors of another life start over. */
export function newEpoch(): string {
  return randomBytes(12).toString('hex');
}
