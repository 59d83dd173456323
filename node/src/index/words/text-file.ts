import { existsSync, statSync } from 'node:fs';
import { contentOf, CosmicError, type Cursor, type Registry, type TailItem, type TextHit } from '@cosmicembeddings/sdk';
import { readingBlock } from '../../follow/index.js';
import {
  isDamage,
  openDatabase,
  transaction,
  type Database,
  type SqliteEngine,
  type Statement,
} from '../../store/sqlite/driver.js';
import { digestOf, idOfRow } from '../../store/sqlite/rows.js';
import { configure, textPageBytes } from '../../store/sqlite/schema.js';
import { Cutter } from './terms.js';
import { matchOf, phrasesOf } from './text-query.js';
import { compareSum, leaveSum, removeText, takeSum } from './text-sum.js';
import { WordFollower } from './word-follower.js';

/** Which store's life a text file must be of, and how far that store reaches. */
export interface StoreNow {
  readonly epoch: string;
  readonly seq: number;
}

type Put = Extract<TailItem, { type: 'put' }>['block'];

/** So many numbers of a store are read again within some seconds (10,000 texts of 200 bytes: 3 s on a busy machine). */
const ANEW_MAX = 10_000;
/** A changed tokeniser, table or rule of what is indexed. */
export const textVersion = '4';
/** Of a stem in the heading, in the text, and of an exact form or a single letter beside it. */
export const columnWeights = [2, 1, 0.25] as const;

/**
 * `text.sqlite`: passages in FTS5, cut into terms here (`Cutter`; the table's own tokenizer only splits at spaces), with the
 * store position that they cover. The texts themselves stay in the store: the table holds terms and places only. Every file can be lost: it is filled again from the store.
 */
export class TextFile {
  readonly words: WordFollower;
  private readonly cutter = new Cutter();
  private readonly statements: Readonly<Record<string, Statement>>;
  /** The table's segments still hold what was dropped. */
  private holdsDropped: boolean;

  private constructor(
    private readonly database: Database,
    private readonly path: string,
    private position_: Cursor,
    /** Nobody has vouched for what the file holds yet. */
    private unchecked: boolean,
  ) {
    const prepare = (sql: string): Statement => database.prepare(sql);
    this.statements = {
      document: prepare('INSERT INTO documents (label, digest, python) VALUES (?, ?, ?)'),
      lastId: prepare('SELECT last_insert_rowid() AS id'),
      passage: prepare('INSERT INTO passages (rowid, heading, body, also) VALUES (?, ?, ?, ?)'),
      ofRows: prepare('SELECT id FROM documents WHERE label >= ? AND label < ?'),
      ofBlock: prepare('SELECT id FROM documents WHERE label = -1 AND digest = ?'),
      dropPassage: prepare('DELETE FROM passages WHERE rowid = ?'),
      dropDocument: prepare('DELETE FROM documents WHERE id = ?'),
      position: prepare(`UPDATE meta SET value = ? WHERE name = 'position'`),
      setDropped: prepare(`INSERT OR REPLACE INTO meta VALUES ('dropped', '1')`),
      search: prepare(
        `SELECT d.label, d.digest, d.python, -bm25(passages, ${columnWeights.join(', ')}) AS score FROM passages JOIN documents d ON d.id = passages.rowid WHERE passages MATCH ? ORDER BY bm25(passages, ${columnWeights.join(', ')}) LIMIT ? OFFSET ?`,
      ),
    };
    this.words = new WordFollower(database, this.cutter);
    this.holdsDropped = database.prepare(`SELECT 1 FROM meta WHERE name = 'dropped'`).get() !== undefined;
  }

  /** Opens the file, or starts it anew: when it is damaged, of another version or of another life of the store. */
  static open(path: string, engine: SqliteEngine, store: StoreNow): TextFile {
    const isFile = existsSync(path) && statSync(path).isFile();
    const sum = isFile ? compareSum(path) : 'other';
    // Nobody vouches for a file that was not closed: where that takes a moment it is made anew, else looked through.
    if (sum === 'other' || (sum === 'none' && store.seq <= ANEW_MAX)) removeText(path);
    takeSum(path);
    try {
      return TextFile.openAsItIs(path, engine, store, sum === 'none');
    } catch (error) {
      if (!isDamage(error)) throw error;
      removeText(path);
      return TextFile.openAsItIs(path, engine, store, false);
    }
  }

  private static openAsItIs(path: string, engine: SqliteEngine, store: StoreNow, unchecked: boolean): TextFile {
    const database = openDatabase(engine, path);
    try {
      configure(database, engine, textPageBytes);
      // A follower can be rebuilt, so its commits need not reach the disk one by one; without a log, order hangs on syncing.
      if (engine !== 'wasm') database.exec('PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8000');
      return new TextFile(database, path, startOf(database, store), unchecked);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Looks, once, through a file that was not closed. @throws what `isDamage` knows */
  check(): boolean {
    if (!this.unchecked) return false;
    this.unchecked = false;
    const fault = this.database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (fault !== 'ok') throw new CosmicError('store.corrupt', `${this.path}: ${String(fault)}`);
    return true;
  }

  get position(): Cursor {
    return this.position_;
  }

  /** Takes a piece of the tail, in one transaction with the new position. */
  take(items: readonly TailItem[], upTo: Cursor, registry: Registry, at: (item: TailItem) => void): void {
    this.words.begin();
    let dropped = 0;
    transaction(this.database, () => {
      for (const item of items) {
        at(item);
        if (item.type === 'erase') dropped += this.drop(item.firstLabel, item.rows, item.id);
        else {
          const { block, replaces } = item;
          if (replaces !== undefined) dropped += this.drop(replaces.firstLabel, replaces.rows, block.id);
          if (block.erased === undefined && block.entry.inert === undefined) this.add(block, registry);
        }
      }
      if (dropped > 0) this.statements['setDropped']!.run();
      this.statements['position']!.run(JSON.stringify(upTo));
    });
    this.position_ = upTo;
    this.words.commit();
    this.holdsDropped ||= dropped > 0;
  }

  /** Looks through a file that nobody vouches for, forgets what was dropped, loads words; answers whether there is more. */
  tidy(): boolean {
    if (this.check()) return true;
    return this.forget() || this.words.load();
  }

  /** Deleted passages stay in the table's segments until these are merged. */
  private forget(): boolean {
    if (!this.holdsDropped) return false;
    this.holdsDropped = false;
    this.database.exec(`INSERT INTO passages (passages) VALUES ('optimize'); DELETE FROM meta WHERE name = 'dropped'`);
    this.database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
    return true;
  }

  private add(block: Put, registry: Registry): void {
    const { entry, firstLabel, id } = block;
    const { digest, python } = digestOf(id)!;
    this.drop(firstLabel, entry.rows, id);
    readingBlock(id, () => contentOf(block, registry).passages).forEach((passage, row) => {
      if (passage === undefined) return;
      const label = row < entry.rows ? firstLabel + row : -1;
      const terms = this.cutter.text(passage.heading ?? '', passage.text);
      this.statements['document']!.run(label, digest, python ? 1 : 0);
      const key = this.statements['lastId']!.get()!['id'] as number;
      const { heading, body, also } = terms;
      this.statements['passage']!.run(key, heading.join(' '), body.join(' '), also.join(' '));
      this.words.note({ key, label, id, terms });
    });
  }

  private drop(firstLabel: number, rows: number, id: string): number {
    const found = [
      ...(rows > 0 ? this.statements['ofRows']!.all(firstLabel, firstLabel + rows) : []),
      ...this.statements['ofBlock']!.all(digestOf(id)!.digest),
    ];
    for (const row of found) {
      const key = row['id'] as number;
      this.statements['dropPassage']!.run(key);
      this.statements['dropDocument']!.run(key);
      this.words.note({ key });
    }
    return found.length;
  }

  /**
   * Best first; `allow`: bitset over labels, which leaves out passages of blocks without rows. `phrases`: by what stands
   * in quotes alone.
   */
  search(query: string, k: number, allow: Uint8Array | undefined, phrases = false): TextHit[] {
    const match = (phrases ? phrasesOf : matchOf)(this.cutter.ask(query));
    if (match === undefined || k <= 0) return [];
    const hits: TextHit[] = [];
    const size = allow === undefined ? k : Math.max(k * 4, 256);
    for (let offset = 0; hits.length < k; offset += size) {
      const rows = this.statements['search']!.all(match, size, offset);
      for (const row of rows) {
        const label = row['label'] as number;
        if (allow !== undefined && (label < 0 || ((allow[label >> 3] ?? 0) & (1 << (label & 7))) === 0)) continue;
        hits.push({ label, id: idOfRow(row), score: row['score'] as number });
        if (hits.length === k) break;
      }
      if (rows.length < size) break;
    }
    return hits;
  }

  close(): void {
    this.forget();
    this.database.close();
    if (!this.unchecked) leaveSum(this.path);
  }

  /** For a file that is thrown away. */
  abandon(): void {
    this.database.close();
  }
}

function startOf(database: Database, store: StoreNow): Cursor {
  database.exec('CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
  const meta = (name: string): string =>
    String(database.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'] ?? '');
  const saved = meta('position') === '' ? undefined : (JSON.parse(meta('position')) as Cursor);
  if (meta('version') === textVersion && saved !== undefined && saved.epoch === store.epoch && saved.seq <= store.seq)
    return saved;
  const start: Cursor = { epoch: store.epoch, seq: 0 };
  transaction(database, () => {
    database.exec(`
      DROP TABLE IF EXISTS passages; DROP TABLE IF EXISTS documents; DELETE FROM meta;
      CREATE TABLE documents (id INTEGER PRIMARY KEY, label INTEGER NOT NULL, digest BLOB NOT NULL, python INTEGER NOT NULL);
      CREATE INDEX documents_label ON documents (label);
      CREATE INDEX documents_digest ON documents (digest) WHERE label = -1;
      CREATE VIRTUAL TABLE passages USING fts5 (heading, body, also, content = '', contentless_delete = 1, tokenize = 'ascii');`);
    const set = database.prepare('INSERT INTO meta VALUES (?, ?)');
    set.run('version', textVersion);
    set.run('position', JSON.stringify(start));
  });
  return start;
}
