import { existsSync } from 'node:fs';
import type { Cursor, Follower, Registry, TailItem, TextHit } from '@cosmicembeddings/sdk';
import { faultOf, isDamage, type SqliteEngine } from '../../store/sqlite/driver.js';
import { TextFile, textVersion, type StoreNow } from './text-file.js';
import { besideText, removeText } from './text-sum.js';
import type { WordAnswer, WordQuestion } from './word-index.js';

export interface TextFilesOptions {
  readonly path: string;
  readonly engine: SqliteEngine;
  readonly registry: Registry;
  readonly store: StoreNow;
  /** A file is built beside the one that answers, or has taken its place: both followers go on from what they say now. */
  onChanged(): void;
  /** Loading words, looking through a file and merging what was dropped wait for whoever wants the cores. Default: for nobody. */
  leisurely?(slice: () => boolean): boolean;
}

/** So many numbers of a store are read again within some seconds (10,000 texts of 200 bytes: 3 s on a busy machine). */
const ANEW_MAX = 10_000;

/**
 * The text index's file, and, where that is damaged, of another version or not vouched for, a new one that is built
 * beside it. Until it takes the old one's place, the old one answers as far as it can be read, takes what arrives and
 * forgets what is erased; how far the index answers is what the new one has.
 */
export class TextFiles {
  private answering: TextFile;
  private next: TextFile | undefined;
  /** Looking through what answers has failed: that is not tried again. */
  private isUnread = false;

  constructor(private readonly options: TextFilesOptions) {
    const { path, engine, store } = options;
    const beside = besideText(path);
    const isBuilding = existsSync(beside);
    const old = TextFile.existing(path, engine, store);
    if (old !== undefined && !isBuilding && isGoodEnough(old, store)) {
      this.answering = old;
      return;
    }
    const begun = isBuilding ? TextFile.existing(beside, engine, store) : undefined;
    const usable = begun !== undefined && isGoodEnough(begun, store) ? begun : undefined;
    if (usable === undefined) begun?.abandon();
    if (old !== undefined) {
      this.answering = old;
      this.next = usable ?? TextFile.fresh(beside, engine, store.epoch);
    } else if (usable === undefined) {
      removeText(beside);
      this.answering = TextFile.fresh(path, engine, store.epoch);
    } else {
      this.answering = TextFile.fresh(path, engine, store.epoch);
      usable.replace(this.answering);
      this.answering = usable;
    }
  }

  /** Is a file built beside the one that answers? */
  get isBuilding(): boolean {
    return this.next !== undefined;
  }

  /** Gives memory back that the file has too. */
  release(): void {
    this.answering.release();
    this.next?.release();
  }

  search(query: string, k: number, allow: Uint8Array | undefined, phrases: boolean | undefined): TextHit[] {
    try {
      return this.answering.search(query, k, allow, phrases);
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (this.next === undefined) this.build();
      return this.next!.search(query, k, allow, phrases);
    }
  }

  match(query: string, question: WordQuestion): WordAnswer | undefined {
    return this.answering.words.search(query, question);
  }

  /** They are asked for: one slice of loading; true while there is more to do. */
  loadWords(): boolean {
    const { words } = this.answering;
    words.ask();
    try {
      return !this.isUnread && words.load();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.isUnread = true;
      if (this.next === undefined) this.build();
      return false;
    }
  }

  /** Follows with the file that answers. */
  readonly follower: Follower = {
    name: 'text',
    version: textVersion,
    wants: {},
    durable: () => this.answering.position,
    reached: (taken) =>
      this.next !== undefined && this.next.position.seq < taken.seq ? { ...taken, seq: this.next.position.seq } : taken,
    restart: (epoch) => this.anew(epoch),
    take: (items, upTo, at) => {
      try {
        this.take(this.answering, items, upTo, at);
      } catch (error) {
        if (!isDamage(error)) throw faultOf(error);
        // What cannot forget must not answer.
        this.giveUp();
      }
      return this.answering.position;
    },
    idle: () => {
      if (this.isUnread) return false;
      try {
        return this.leisurely(() => (this.next === undefined ? this.answering.tidy() : this.answering.words.load()));
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.isUnread = true;
        if (this.next === undefined) this.build();
        return false;
      }
    },
  };

  /** Fills the file that is built beside. */
  readonly builder: Follower = {
    name: 'text',
    version: textVersion,
    wants: {},
    durable: () => this.next?.position,
    room: () => (this.next === undefined ? 0 : Infinity),
    take: (items, upTo, at) => {
      if (this.next === undefined) return;
      try {
        this.take(this.next, items, upTo, at);
      } catch (error) {
        if (!isDamage(error)) throw faultOf(error);
        this.next.abandon();
        this.next = TextFile.fresh(besideText(this.options.path), this.options.engine, upTo.epoch);
        this.options.onChanged();
      }
      const { position } = this.next;
      this.swapIfDone();
      return position;
    },
    idle: () => {
      // Nothing was missing to begin with.
      this.swapIfDone();
      return this.leisurely(() => this.next?.words.load() ?? false);
    },
  };

  private leisurely(slice: () => boolean): boolean {
    return this.options.leisurely?.(slice) ?? slice();
  }

  close(): void {
    if (this.next === undefined) return this.answering.close();
    // It is not to be relied on.
    this.answering.abandon();
    this.next.close();
  }

  private take(file: TextFile, items: readonly TailItem[], upTo: Cursor, at: (item: TailItem) => void): void {
    file.take(items, upTo, this.options.registry, at);
  }

  /** What answers is damaged: another one is built beside it from now on. */
  private build(): void {
    this.next = TextFile.fresh(besideText(this.options.path), this.options.engine, this.answering.position.epoch);
    this.options.onChanged();
  }

  /** The new file holds all that the old one has taken, erasures included. */
  private swapIfDone(): void {
    if (this.next === undefined || this.next.position.seq < this.answering.position.seq) return;
    this.promote();
  }

  private promote(): void {
    const next = this.next!;
    next.replace(this.answering);
    this.answering = next;
    this.next = undefined;
    this.isUnread = false;
    this.options.onChanged();
  }

  /** The file that answers cannot be written: what is built beside it answers as far as it is. */
  private giveUp(): void {
    if (this.next !== undefined) return this.promote();
    this.anew(this.answering.position.epoch);
  }

  private anew(epoch: string): void {
    this.answering.abandon();
    this.next?.abandon();
    this.next = undefined;
    removeText(besideText(this.options.path));
    this.isUnread = false;
    this.answering = TextFile.fresh(this.options.path, this.options.engine, epoch);
    this.options.onChanged();
  }
}

/** Nobody vouches for a file that was not closed: where that takes a moment it is made anew, else looked through. */
function isGoodEnough(file: TextFile, store: StoreNow): boolean {
  return file.trust === 'vouched' || (file.trust === 'unclosed' && store.seq > ANEW_MAX);
}
