import { parentPort, workerData } from 'node:worker_threads';
import { contentOf, createRegistry, type BlockId, type Cursor, type TextHit } from '@cosmicembeddings/sdk';
import { loadPlugins } from '../../ledger/plugins.js';
import { packAnswer, type Bm25, type PackedAnswer } from '../words/index.js';
import { openDatabase, transaction, type SqliteEngine } from './driver.js';
import { matchOf } from './text-query.js';
import { StoreReader } from './reader.js';
import { configure } from './schema.js';
import { WordFollower } from './word-follower.js';

export interface TextSetup {
  readonly storePath: string;
  readonly path: string;
  readonly engine: SqliteEngine;
  readonly plugins: readonly string[];
}

export type TextRequest =
  | { readonly number: number; readonly type: 'catchUp'; readonly deadlineMs: number }
  | {
      readonly number: number;
      readonly type: 'search';
      readonly query: string;
      readonly k: number;
      readonly allow?: Uint8Array;
    }
  | {
      readonly number: number;
      readonly type: 'match';
      readonly query: string;
      readonly k: number;
      readonly allow?: Uint8Array;
      readonly also?: Uint32Array;
      readonly bm25: Bm25;
    }
  | { readonly number: number; readonly type: 'close' };

export interface TextReply {
  readonly number: number;
  readonly match?: PackedAnswer;
  readonly hits?: readonly TextHit[];
  readonly position: Cursor;
  readonly error?: string;
}

/** A changed tokeniser, table or rule of what is indexed. */
const VERSION = '1';
const BATCH = 256;

const setup = workerData as TextSetup;
const port = parentPort!;
const registry = createRegistry(await loadPlugins(setup.plugins));
const reader = new StoreReader(setup.storePath, setup.engine);
const database = openDatabase(setup.engine, setup.path);
configure(database, setup.engine);
// A follower can be rebuilt, so its commits need not reach the disk one by one.
database.exec('PRAGMA synchronous = NORMAL');
let position = open();

const statements = {
  document: database.prepare('INSERT INTO documents (label, digest) VALUES (?, ?)'),
  lastId: database.prepare('SELECT last_insert_rowid() AS id'),
  passage: database.prepare('INSERT INTO passages (rowid, heading, body) VALUES (?, ?, ?)'),
  find: database.prepare('SELECT id FROM documents WHERE digest = ?'),
  dropPassage: database.prepare('DELETE FROM passages WHERE rowid = ?'),
  dropDocuments: database.prepare('DELETE FROM documents WHERE digest = ?'),
  position: database.prepare(`UPDATE meta SET value = ? WHERE name = 'position'`),
  search: database.prepare(
    'SELECT d.label AS label, d.digest AS id, -bm25(passages, 2.0, 1.0) AS score FROM passages JOIN documents d ON d.id = passages.rowid WHERE passages MATCH ? ORDER BY bm25(passages, 2.0, 1.0) LIMIT ? OFFSET ?',
  ),
};

const words = new WordFollower(database);

/** Opens or rebuilds: another version or another life of the store starts anew. */
function open(): Cursor {
  database.exec('CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
  const meta = (name: string): string =>
    String(database.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'] ?? '');
  const saved = meta('position') === '' ? undefined : (JSON.parse(meta('position')) as Cursor);
  if (
    meta('version') === VERSION &&
    saved !== undefined &&
    saved.epoch === reader.epoch() &&
    saved.seq <= reader.head().seq
  )
    return saved;
  const start: Cursor = { epoch: reader.epoch(), seq: 0 };
  transaction(database, () => {
    database.exec(`
      DROP TABLE IF EXISTS passages; DROP TABLE IF EXISTS documents; DELETE FROM meta;
      CREATE TABLE documents (id INTEGER PRIMARY KEY, label INTEGER NOT NULL, digest TEXT NOT NULL);
      CREATE INDEX documents_digest ON documents (digest);
      CREATE VIRTUAL TABLE passages USING fts5 (heading, body, content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2');`);
    const set = database.prepare('INSERT INTO meta VALUES (?, ?)');
    set.run('version', VERSION);
    set.run('position', JSON.stringify(start));
  });
  return start;
}

/** One batch of the tail; false at the head. */
function follow(): boolean {
  const items = reader.tail(position, BATCH);
  if (items.length === 0) return false;
  words.begin();
  let erased = false;
  transaction(database, () => {
    for (const item of items) {
      if (item.type === 'erase') erased = drop(item.id) || erased;
      else if (item.block.erased === undefined) add(item.block);
    }
    position = { epoch: reader.epoch(), seq: items.at(-1)!.seq };
    statements.position.run(JSON.stringify(position));
  });
  words.commit();
  // Deleted passages stay in the index's segments until these are merged.
  if (erased) forget();
  return true;
}

function add(
  block: Parameters<typeof contentOf>[0] & {
    readonly id: BlockId;
    readonly firstLabel: number;
    readonly entry: { readonly rows: number; readonly inert?: unknown };
  },
): void {
  drop(block.id);
  if (block.entry.inert !== undefined) return;
  contentOf(block, registry).passages.forEach((passage, row) => {
    if (passage === undefined) return;
    const label = row < block.entry.rows ? block.firstLabel + row : -1;
    statements.document.run(label, block.id);
    const key = statements.lastId.get()!['id'] as number;
    statements.passage.run(key, passage.heading ?? '', passage.text);
    words.note({ key, label, id: block.id, heading: passage.heading ?? '', body: passage.text });
  });
}

function drop(id: BlockId): boolean {
  const documents = statements.find.all(id);
  for (const row of documents) {
    statements.dropPassage.run(row['id']!);
    words.note({ key: row['id'] as number });
  }
  if (documents.length > 0) statements.dropDocuments.run(id);
  return documents.length > 0;
}

function forget(): void {
  database.exec(`INSERT INTO passages (passages) VALUES ('optimize')`);
  database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
}

function search(query: string, k: number, allow: Uint8Array | undefined): TextHit[] {
  const match = matchOf(query);
  if (match === undefined || k <= 0) return [];
  const hits: TextHit[] = [];
  const size = allow === undefined ? k : Math.max(k * 4, 256);
  for (let offset = 0; hits.length < k; offset += size) {
    const rows = statements.search.all(match, size, offset);
    for (const row of rows) {
      const label = row['label'] as number;
      if (allow !== undefined && (label < 0 || ((allow[label >> 3] ?? 0) & (1 << (label & 7))) === 0)) continue;
      hits.push({ label, id: row['id'] as string, score: row['score'] as number });
      if (hits.length === k) break;
    }
    if (rows.length < size) break;
  }
  return hits;
}

let closing = false;

/** Follows in the background, a batch a turn, so that questions come in between. */
function idle(): void {
  if (closing) return;
  let moved = false;
  try {
    moved = follow();
  } catch (error) {
    port.postMessage({ number: 0, position, error: String(error) } satisfies TextReply);
  }
  if (words.load() || moved) setImmediate(idle);
  else setTimeout(idle, 20).unref();
}

port.on('message', (request: TextRequest) => {
  try {
    if (request.type === 'catchUp') while (Date.now() < request.deadlineMs && follow());
    const hits = request.type === 'search' ? search(request.query, request.k, request.allow) : undefined;
    const found = request.type === 'match' ? words.search(request.query, request) : undefined;
    const match = found === undefined ? undefined : packAnswer(found);
    port.postMessage({
      number: request.number,
      position,
      ...(hits === undefined ? {} : { hits }),
      ...(match === undefined ? {} : { match }),
    } satisfies TextReply);
  } catch (error) {
    port.postMessage({ number: request.number, position, error: String((error as Error).stack) } satisfies TextReply);
  }
  if (request.type === 'close') {
    closing = true;
    database.close();
    reader.close();
    port.close();
  }
});
port.postMessage({ number: 0, position } satisfies TextReply);
idle();
