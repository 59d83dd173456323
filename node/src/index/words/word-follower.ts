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

/** Occurrences read in one slice. */
const SLICE = 20_000;
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

/** Reads all stems of the full-text table, in order, and where they occur. */
class Loading {
  private readonly terms: { readonly term: string; readonly count: number }[];
  private readonly occurrences: Statement;
  private at = 0;

  constructor(
    database: Database,
    private readonly index: WordIndex,
  ) {
    database.exec(`
      CREATE VIRTUAL TABLE IF NOT EXISTS temp.stems USING fts5vocab('main', 'passages', 'row');
      CREATE VIRTUAL TABLE IF NOT EXISTS temp.occurrences USING fts5vocab('main', 'passages', 'instance');`);
    for (const row of database.prepare('SELECT id, label, digest, python FROM documents ORDER BY id').all()) {
      index.enter(row['id'] as number, row['label'] as number, idOfRow(row));
    }
    this.terms = database
      .prepare('SELECT term, cnt FROM temp.stems')
      .all()
      .map((row) => ({ term: row['term'] as string, count: row['cnt'] as number }));
    this.occurrences = database.prepare('SELECT term, doc, col FROM temp.occurrences WHERE term >= ? AND term <= ?');
  }

  /** False at the end. */
  slice(): boolean {
    const first = this.terms[this.at];
    if (first === undefined) return false;
    let rows = 0;
    while (this.at < this.terms.length && (rows === 0 || rows + this.terms[this.at]!.count <= SLICE))
      rows += this.terms[this.at++]!.count;
    const last = this.terms[this.at - 1]!;
    for (const row of this.occurrences.all(first.term, last.term))
      this.index.occur(row['term'] as string, row['doc'] as number, row['col'] as keyof TextTerms);
    return this.at < this.terms.length;
  }
}
