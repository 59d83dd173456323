import { existsSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CosmicError, shownOf, type Cursor, type Registry, type TailItem, type TextHit } from '@cosmicembeddings/sdk';
import { readingBlock } from '../../follow/index.js';
import {
  isDamage,
  openDatabase,
  transaction,
  type Database,
  type SqliteEngine,
  type Statement,
} from '../../store/sqlite/driver.js';
import { syncPath } from '../../store/durable.js';
import { digestOf, idOfRow } from '../../store/sqlite/rows.js';
import { configure, textPageBytes } from '../../store/sqlite/schema.js';
import { Cutter } from './terms.js';
import { matchesOf, termsOf, type Counted } from './full-text-match.js';
import { compareSum, leaveSum, removeBeside, removeText, takeSum } from './text-sum.js';
import { openVocabulary, WordFollower } from './word-follower.js';

/** Which store's life a text file must be of, and how far that store reaches. */
export interface StoreNow {
  readonly epoch: string;
  readonly seq: number;
}

type Put = Extract<TailItem, { type: 'put' }>['block'];

/** A changed tokeniser, table or rule of what is indexed. */
export const textVersion = '4';
/** Of a stem in the heading, in the text, and of an exact form or a single letter beside it. */
export const columnWeights = [2, 1, 0.25] as const;

/** Texts that the table ranks for one question at most: a quarter of a second. */
const RANKED_MAX = 10_000;

/**
 * What may be said of a file that was there: it is as it was left; nobody closed it; or it is damaged, or of another
 * version: then what it answers is better than nothing, and no more.
 */
export type Trust = 'vouched' | 'unclosed' | 'stale';

/**
 * `text.sqlite`: passages in FTS5, cut into terms here (`Cutter`; the table's own tokenizer only splits at spaces), with the
 * store position that they cover. The texts themselves stay in the store: the table holds terms and places only. Every file can be lost: it is filled again from the store.
 */
export class TextFile {
  readonly words: WordFollower;
  private readonly cutter = new Cutter();
  private statements: Readonly<Record<string, Statement>>;
  /** The table's segments still hold what was dropped. */
  private holdsDropped: boolean;
  /** Nobody has vouched for what the file holds yet. */
  private unchecked: boolean;
  /** The file says that its words were asked for. */
  private isNoted: boolean;

  private constructor(
    private database: Database,
    private path_: string,
    private readonly engine: SqliteEngine,
    private position_: Cursor,
    readonly trust: Trust,
    private readonly rankedMax = RANKED_MAX,
  ) {
    this.statements = statementsOf(database);
    this.words = new WordFollower(database, this.cutter);
    this.unchecked = trust !== 'vouched';
    const says = (name: string): boolean =>
      database.prepare('SELECT 1 FROM meta WHERE name = ?').get(name) !== undefined;
    this.holdsDropped = says('dropped');
    this.isNoted = says('asked');
    if (this.isNoted) this.words.ask();
  }

  /** An empty file in the place of whatever is there. */
  static fresh(path: string, engine: SqliteEngine, epoch: string): TextFile {
    removeText(path);
    const position: Cursor = { epoch, seq: 0 };
    return TextFile.opened(path, engine, (database) => {
      createTables(database, position);
      return new TextFile(database, path, engine, position, 'vouched');
    });
  }

  /** What is there, as far as it can be read; undefined for what cannot, and for a file of another life of the store. */
  static existing(path: string, engine: SqliteEngine, store: StoreNow, rankedMax?: number): TextFile | undefined {
    if (!existsSync(path) || !statSync(path).isFile()) return undefined;
    const sum = compareSum(path);
    takeSum(path);
    try {
      return TextFile.opened(path, engine, (database) => {
        const saved = savedIn(database);
        const isOurs = saved.position?.epoch === store.epoch && saved.position.seq <= store.seq;
        if (!isOurs) throw new CosmicError('store.corrupt', `${path} is of another store`);
        const trust =
          sum === 'other' || saved.version !== textVersion ? 'stale' : sum === 'none' ? 'unclosed' : 'vouched';
        return new TextFile(database, path, engine, saved.position!, trust, rankedMax);
      });
    } catch (error) {
      if (isDamage(error) || isOtherLayout(error)) return undefined;
      throw error;
    }
  }

  private static opened(path: string, engine: SqliteEngine, use: (database: Database) => TextFile): TextFile {
    const database = openConfigured(path, engine);
    try {
      return use(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get path(): string {
    return this.path_;
  }

  /** Looks, once, through a file that was not closed. @throws what `isDamage` knows */
  check(): boolean {
    if (!this.unchecked) return false;
    this.unchecked = false;
    const fault = this.database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (fault !== 'ok') throw new CosmicError('store.corrupt', `${this.path_}: ${String(fault)}`);
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
      this.noteAsked();
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
    readingBlock(id, () => shownOf(block, registry).passages).forEach((passage, row) => {
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
   * in quotes alone. Of words that very many texts hold the newest are ranked.
   */
  search(query: string, k: number, allow: Uint8Array | undefined, phrases = false): TextHit[] {
    const terms = termsOf(this.cutter.ask(query), phrases ? 'phrases' : 'all');
    const hits = new Map<number, TextHit>();
    for (const { match, share } of k <= 0 ? [] : matchesOf(this.counted(terms), this.rankedMax)) {
      if (hits.size >= k) break;
      const last = Number(this.statements['lastText']!.get()?.['n'] ?? 0);
      const from = Math.ceil(last * (1 - share));
      for (const row of this.statements['search']!.all(match, from, allow === undefined ? k : -1)) {
        const [key, label] = [row['id'] as number, row['label'] as number];
        if (allow !== undefined && (label < 0 || ((allow[label >> 3] ?? 0) & (1 << (label & 7))) === 0)) continue;
        if (!hits.has(key)) hits.set(key, { label, id: idOfRow(row), score: row['score'] as number });
        if (hits.size === k) break;
      }
    }
    return [...hits.values()].sort((a, b) => b.score - a.score);
  }

  /** In how many texts they stand; of a phrase no more than its rarest word does. */
  private counted(terms: readonly (readonly string[])[]): Counted[] {
    return terms.map((words) => ({
      term: words.join(' '),
      texts: Math.min(...words.map((word) => Number(this.statements['textsWith']!.get(word)?.['doc'] ?? 0))),
    }));
  }

  /** Words that were asked for are in memory again, soon after the next start. */
  private noteAsked(): void {
    if (this.words.wasAsked && !this.isNoted) this.statements['setAsked']!.run();
    this.isNoted = this.words.wasAsked;
  }

  /** Gives back memory whose pages the file has. */
  release(): void {
    this.database.exec('PRAGMA shrink_memory');
  }

  close(): void {
    this.noteAsked();
    this.forget();
    this.database.close();
    if (!this.unchecked) leaveSum(this.path_);
  }

  /** For a file that nobody will rely on. */
  abandon(): void {
    try {
      this.database.close();
    } catch {
      // What is wrong with it is known, or does not matter.
    }
  }

  /**
   * Takes the place of `old`: after a crash there is the one or the other, whole. The old one is closed first, as its log
   * would be played into whatever has its name.
   */
  replace(old: TextFile): void {
    const path = old.path_;
    if (old.words.wasAsked) this.words.ask();
    this.database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
    this.database.close();
    syncPath(this.path_);
    old.abandon();
    removeBeside(path);
    renameSync(this.path_, path);
    syncPath(dirname(path));
    removeText(this.path_);
    this.path_ = path;
    this.database = openConfigured(path, this.engine);
    this.statements = statementsOf(this.database);
    this.words.reopened(this.database);
  }
}

function openConfigured(path: string, engine: SqliteEngine): Database {
  const database = openDatabase(engine, path);
  try {
    configure(database, engine, textPageBytes);
    // A follower can be rebuilt, so its commits need not reach the disk one by one; without a log, order hangs on syncing.
    if (engine !== 'wasm') database.exec('PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8000');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function statementsOf(database: Database): Readonly<Record<string, Statement>> {
  openVocabulary(database);
  const prepare = (sql: string): Statement => database.prepare(sql);
  return {
    document: prepare('INSERT INTO documents (label, digest, python) VALUES (?, ?, ?)'),
    lastId: prepare('SELECT last_insert_rowid() AS id'),
    passage: prepare('INSERT INTO passages (rowid, heading, body, also) VALUES (?, ?, ?, ?)'),
    ofRows: prepare('SELECT id FROM documents WHERE label >= ? AND label < ?'),
    ofBlock: prepare('SELECT id FROM documents WHERE label = -1 AND digest = ?'),
    dropPassage: prepare('DELETE FROM passages WHERE rowid = ?'),
    dropDocument: prepare('DELETE FROM documents WHERE id = ?'),
    position: prepare(`UPDATE meta SET value = ? WHERE name = 'position'`),
    setDropped: prepare(`INSERT OR REPLACE INTO meta VALUES ('dropped', '1')`),
    setAsked: prepare(`INSERT OR REPLACE INTO meta VALUES ('asked', '1')`),
    textsWith: prepare('SELECT doc FROM temp.stems WHERE term = ?'),
    lastText: prepare('SELECT max(id) AS n FROM documents'),
    search: prepare(
      `SELECT d.id, d.label, d.digest, d.python, -bm25(passages, ${columnWeights.join(', ')}) AS score FROM passages JOIN documents d ON d.id = passages.rowid WHERE passages MATCH ? AND passages.rowid > ? ORDER BY bm25(passages, ${columnWeights.join(', ')}) LIMIT ?`,
    ),
  };
}

function savedIn(database: Database): { readonly version: string; readonly position: Cursor | undefined } {
  const meta = (name: string): string =>
    String(database.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'] ?? '');
  const position = meta('position');
  return { version: meta('version'), position: position === '' ? undefined : (JSON.parse(position) as Cursor) };
}

function createTables(database: Database, start: Cursor): void {
  transaction(database, () => {
    database.exec(`
      CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE documents (id INTEGER PRIMARY KEY, label INTEGER NOT NULL, digest BLOB NOT NULL, python INTEGER NOT NULL);
      CREATE INDEX documents_label ON documents (label);
      CREATE INDEX documents_digest ON documents (digest) WHERE label = -1;
      CREATE VIRTUAL TABLE passages USING fts5 (heading, body, also, content = '', contentless_delete = 1, tokenize = 'ascii');`);
    const set = database.prepare('INSERT INTO meta VALUES (?, ?)');
    set.run('version', textVersion);
    set.run('position', JSON.stringify(start));
  });
}

/** What a file of another layout, or one whose tables cannot be read, makes SQLite say. */
function isOtherLayout(error: unknown): boolean {
  return (
    error instanceof SyntaxError ||
    /no such (table|column|module|function)|has no column|unable to use function|vtable constructor failed/i.test(
      String(error),
    )
  );
}
