import type { Cutter, TextTerms } from './terms.js';
import { WordIndex, type WordAnswer, type WordQuestion } from './index.js';
import type { Database, Statement } from '../../store/sqlite/driver.js';
import { idOfRow } from '../../store/sqlite/rows.js';

/** A text that came, or, without anything but its key, one that went. */
export interface TextChange {
  readonly key: number;
  readonly label?: number;
  readonly id?: string;
  readonly terms?: TextTerms;
}

/** Occurrences read in one slice: some 10 ms. */
const SLICE = 20_000;
/** Texts entered in one slice. */
const TEXTS_SLICE = 10_000;
/** Where a stem stands, as a digit behind its text's key. */
const columns = ['heading', 'body', 'also'] as const;
/** Texts up to which the index is kept whether anybody asks or not: beyond, it is memory (1 kB a text) for nobody. */
const UNASKED_MAX = 16_384;

/**
 * Keeps the word index beside the full-text table: filled from the table's own stems, a slice at a time, then changed with
 * every batch that the table has committed. Where there are many texts that begins with the first question.
 */
export class WordFollower {
  private index: WordIndex;
  private loading: Loading | undefined;
  private ready = false;
  private asked = false;
  /** Changes of the batch that is not committed yet, and of committed ones that wait for the loading. */
  private batch: TextChange[] = [];
  private waiting: TextChange[] = [];

  constructor(
    private database: Database,
    private readonly cutter: Cutter,
    private readonly unaskedMax = UNASKED_MAX,
  ) {
    this.index = new WordIndex(cutter);
  }

  begin(): void {
    this.batch = [];
  }

  note(change: TextChange): void {
    this.batch.push(change);
  }

  commit(): void {
    const changes = this.batch;
    this.batch = [];
    if (this.ready) this.apply(changes);
    else if (this.loading !== undefined) for (const change of changes) this.waiting.push(change);
    if (this.ready && (this.index.isMostlyHoles || !this.isWanted(this.index.size))) this.unload();
  }

  /** One slice of loading; true while there is more to do. */
  load(): boolean {
    if (this.ready) return false;
    if (this.loading === undefined && !this.isWanted(this.count())) return false;
    this.loading ??= this.start();
    if (this.loading.slice()) return true;
    this.apply(this.waiting);
    this.waiting = [];
    this.loading = undefined;
    this.ready = true;
    return false;
  }

  search(query: string, question: WordQuestion): WordAnswer | undefined {
    this.asked = true;
    return this.ready ? this.index.search(query, question) : undefined;
  }

  get isReady(): boolean {
    return this.ready;
  }

  get wasAsked(): boolean {
    return this.asked;
  }

  /** It will be asked: it is kept whatever its size. */
  ask(): void {
    this.asked = true;
  }

  /** The table is open under another handle; a loading that was under way begins again. */
  reopened(database: Database): void {
    this.database = database;
    if (this.loading === undefined) return;
    this.loading = undefined;
    this.waiting = [];
    this.unload();
  }

  private isWanted(texts: number): boolean {
    return this.asked || texts <= this.unaskedMax;
  }

  private count(): number {
    return Number(this.database.prepare('SELECT max(id) AS n FROM documents').get()?.['n'] ?? 0);
  }

  private unload(): void {
    this.index = new WordIndex(this.cutter);
    this.ready = false;
  }

  private apply(changes: readonly TextChange[]): void {
    for (const { key, label, id, terms } of changes) {
      if (label === undefined) this.index.remove(key);
      else this.index.add(key, label, id!, terms!);
    }
  }

  private start(): Loading {
    // What comes from here on is noted as a change; applied afterwards, it replaces what the slices may have seen of it.
    this.waiting = [];
    return new Loading(this.database, this.index);
  }
}

/** Reads all texts, then all stems of the full-text table, in order, and where they occur. */
class Loading {
  private readonly texts: Statement;
  private readonly terms: { readonly term: string; readonly count: number }[];
  private readonly occurrences: Statement;
  /** The last text that was entered; undefined: all were. */
  private text: number | undefined = 0;
  private at = 0;

  constructor(
    database: Database,
    private readonly index: WordIndex,
  ) {
    openVocabulary(database);
    this.texts = database.prepare(
      'SELECT id, label, digest, python FROM documents WHERE id > ? ORDER BY id LIMIT ' + String(TEXTS_SLICE),
    );
    this.terms = database
      .prepare('SELECT term, cnt FROM temp.stems')
      .all()
      .map((row) => ({ term: row['term'] as string, count: row['cnt'] as number }));
    // One string a stem: millions of rows cost four times as much to hand over as to find.
    this.occurrences = database.prepare(
      `SELECT term, group_concat(10 * doc + CASE col WHEN 'heading' THEN 0 WHEN 'body' THEN 1 ELSE 2 END) AS places
       FROM temp.occurrences WHERE term >= ? AND term <= ? GROUP BY term`,
    );
  }

  /** False at the end. */
  slice(): boolean {
    if (this.text !== undefined) {
      const rows = this.texts.all(this.text);
      for (const row of rows) {
        const label = row['label'] as number;
        this.index.enter(row['id'] as number, label, label < 0 ? idOfRow(row) : '');
      }
      this.text = rows.length < TEXTS_SLICE ? undefined : (rows.at(-1)!['id'] as number);
      return true;
    }
    const first = this.terms[this.at];
    if (first === undefined) return false;
    let rows = 0;
    while (this.at < this.terms.length && (rows === 0 || rows + this.terms[this.at]!.count <= SLICE))
      rows += this.terms[this.at++]!.count;
    const last = this.terms[this.at - 1]!;
    for (const row of this.occurrences.all(first.term, last.term))
      this.read(row['term'] as string, row['places'] as string);
    return this.at < this.terms.length;
  }

  private read(term: string, places: string): void {
    let place = 0;
    for (let i = 0; i <= places.length; i++) {
      const digit = i === places.length ? -1 : places.charCodeAt(i) - 48;
      if (digit >= 0 && digit <= 9) place = 10 * place + digit;
      else {
        this.index.occur(term, Math.trunc(place / 10), columns[place % 10]!);
        place = 0;
      }
    }
  }
}

/** All stems with how many texts hold them, and all their places (sqlite.org/fts5.html, section 10). */
export function openVocabulary(database: Database): void {
  database.exec(`
    CREATE VIRTUAL TABLE IF NOT EXISTS temp.stems USING fts5vocab('main', 'passages', 'row');
    CREATE VIRTUAL TABLE IF NOT EXISTS temp.occurrences USING fts5vocab('main', 'passages', 'instance');`);
}
