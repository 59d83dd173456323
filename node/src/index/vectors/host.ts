import {
  CosmicError,
  type Cursor,
  type Follower,
  type Head,
  type Registry,
  type StoredBlock,
  type TailItem,
} from '@cosmicembeddings/sdk';
import type { Followed } from '../../follow/index.js';
import { broughtBy, type Brought } from './brought.js';
import { Rate, type NewSpaceRate } from './rate.js';
import type { ChosenEngine } from './graph.js';
import { authorHash } from './guard.js';
import { axesOf, neighboursIn, type Axes, type Neighbours } from './neighbours.js';
import { RecallSample } from './recall-sample.js';
import type { RowFormat } from './row-format.js';
import { RowsDamaged } from './rows.js';
import type { Background, OwnBackground } from './background.js';
import type { SpaceIndex, SpaceStatus } from './space-index.js';
import { SpaceSet } from './space-set.js';
import type { ScoredRow } from './top-rows.js';

export interface HostOptions {
  /** As a follower. Default `vectors`. */
  readonly name?: string;
  /** Without a folder nothing is saved. */
  readonly folder?: string;
  readonly engine: ChosenEngine;
  /** The store, for what is read again: spaces that were lost or had to wait. */
  readonly reader: Followed;
  readonly registry: Registry;
  readonly guard: boolean;
  readonly nowMs: () => number;
  /** Resolves after other events had their turn. */
  readonly yieldTurn: () => Promise<void>;
  /** A pass for spaces that wait has begun: `builder` goes on from what it says now. */
  readonly onPass?: () => void;
  readonly rules?: Partial<HostRules>;
}

export interface HostRules {
  /** Rows of a space from which on a graph is kept. */
  readonly graphMin: number;
  /** Rows that may wait for a graph, all spaces together; beyond them the store is not read further. */
  readonly tailMax: number;
  /** How rows are kept. */
  readonly rows: RowFormat;
  /** Memory for rows; beyond it they are read from their files one by one. */
  readonly rowsMaxBytes: number;
  /** Beside it, for outlines of those rows: they tell which of them need not be read. */
  readonly outlinesMaxBytes: number;
  readonly saveEveryMs: number;
  /** Erased rows leave the graph files at the latest after this and the time of a rebuild. */
  readonly eraseWithinMs: number;
  readonly newSpaces: NewSpaceRate;
  readonly spacesMax: number;
  /** Time of one slice of background work while nobody searches: larger additions keep all threads of the engine busy. */
  readonly sliceMs: number;
}

export const hostRules: HostRules = {
  graphMin: 2048,
  tailMax: 16_384,
  rows: 'f32',
  rowsMaxBytes: 450_000_000,
  outlinesMaxBytes: 480_000_000,
  saveEveryMs: 15_000,
  eraseWithinMs: 10 * 60_000,
  // Each is a folder and some memory: so many at once, which a ledger of many small spaces brings, and then no flood of them.
  newSpaces: { burst: 4096, everyMs: 1000 },
  spacesMax: 10_000,
  sliceMs: 40,
};

export interface SearchQuestion {
  readonly space: string;
  readonly query: Float32Array;
  readonly k: number;
  readonly allow?: Uint8Array;
  readonly among?: Uint32Array;
  readonly background?: boolean;
  /** Scan every row, whatever graph there is. */
  readonly exact?: boolean;
}

export interface VectorsAnswer {
  /** At most k, best (score − demotion) first. */
  readonly hits: readonly ScoredRow[];
  /** Rows of blocks after this are missing. */
  readonly indexedTo: Cursor;
  /** Absent while the space has too few rows for a sample, and where the guard is off. */
  readonly background?: Background;
  /** How near rows of the space are to each other; absent for fewer than two. */
  readonly own?: OwnBackground;
  /** Was every row looked at? */
  readonly exact: boolean;
}

export interface HostStatus {
  readonly position: Cursor;
  readonly engine: string;
  readonly spaces: Readonly<Record<string, SpaceStatus>>;
  /** Spaces whose rows wait: new ones over the rate, or damaged ones that are being built again. */
  readonly waiting: readonly string[];
  readonly recall: number | null;
  readonly notes: readonly string[];
}

/** Rows are new for so long, and of so many authors. */
const NEAR_MS = 10 * 60_000;
const NEAR_MAX = 256;

/** Of one beside searches, at least and at most. */
const SLICE_MS = 4;
const SLICE_MAX_MS = 40;
/**
 * While rows keep arriving, they go into a graph so many at a time: one by one costs five times as much (an engine starts
 * its threads with each call), and scanning those that wait costs a search next to nothing.
 */
const GATHER_ROWS = 256;
const GATHER_MS = 300;
/** When no rows have come for so long, graphs rest. */
const REST_MS = 500;

/**
 * Beside searches: each of them scans the rows that wait, so the more there are the longer is the slice. Short slices alone
 * leave a graph behind what arrives, and searches slower by every row of that.
 */
export function sliceMsBeside(tail: number): number {
  return Math.min(SLICE_MAX_MS, SLICE_MS * Math.max(1, tail / GATHER_ROWS));
}

/**
 * All spaces of a node: a follower that moves rows from tails into graphs in slices of some milliseconds, saves, and
 * answers searches in between. A space whose rows cannot be read is built beside what is left of it, by a second follower
 * (`builder`), and takes its place when it is complete. Runs in a worker; has no threads, timers, loop or clock of its own.
 */
export class IndexHost implements Follower {
  readonly name: string;
  readonly version = '1';
  readonly wants = {};
  private readonly set: SpaceSet;
  /** Up to here rows are taken before any goes into a graph: what a node took before it was killed is found the sooner. */
  private readonly firstTo: number;
  /** Along which rows of a space differ most, for those of which a map is drawn. */
  private readonly axes = new Map<string, Axes>();
  private readonly rate: Rate;
  private readonly rules: HostRules;
  private readonly sample = new RecallSample();
  private slice = 64;
  private readMs = -Infinity;
  private searchedMs = -Infinity;
  private tailAllowance: number;
  private unindexed = 0;
  /** Rows that are near everything, by author, since somebody took the list. */
  private near = new Map<string, number>();

  private constructor(
    private readonly options: HostOptions,
    head: Head,
  ) {
    this.name = options.name ?? 'vectors';
    this.rules = { ...hostRules, ...options.rules };
    this.rate = new Rate(this.rules.newSpaces);
    const { folder, engine, guard, nowMs, yieldTurn } = options;
    const { graphMin, saveEveryMs, rows, rowsMaxBytes, outlinesMaxBytes } = this.rules;
    this.set = new SpaceSet(
      {
        ...(folder === undefined ? {} : { folder }),
        engine,
        guard,
        graphMin,
        rows,
        budget: { maxBytes: rowsMaxBytes, used: 0, outlinesMaxBytes },
        saveEveryMs,
        nowMs,
        yieldTurn,
      },
      head,
    );
    // With more it is built anew, and answers the better the more is in a graph.
    this.firstTo = head.seq - this.set.position.seq <= this.rules.tailMax ? head.seq : 0;
    this.tailAllowance = this.set.all().reduce((sum, { tail }) => sum + tail, 0);
  }

  /** Opens what the folder holds; lost, damaged and foreign files are left behind and built again from the store. */
  static async open(options: HostOptions): Promise<IndexHost> {
    return new IndexHost(options, await options.reader.head());
  }

  get position(): Cursor {
    return this.set.position;
  }

  /** Recall@10 of the last search that was compared with exact search. */
  get recall(): number | undefined {
    return this.sample.value;
  }

  get status(): HostStatus {
    return {
      position: this.reached(this.set.position),
      engine: this.options.engine.name,
      spaces: Object.fromEntries([...this.set.answering].map(([id, space]) => [id, space.status])),
      waiting: this.set.waiting.ids(),
      recall: this.recall ?? null,
      notes: this.notes,
    };
  }

  get notes(): readonly string[] {
    const notes = this.options.engine.note === undefined ? [] : [this.options.engine.note];
    for (const [id, space] of this.set.answering)
      if (space.tail > this.rules.tailMax)
        notes.push(`index of space ${id.slice(-8)} is being built again: searching it exactly meanwhile`);
    for (const id of this.set.builds.keys())
      notes.push(`space ${id.slice(-8)} is built again beside what answers for it meanwhile`);
    for (const [id, space] of this.set.answering) {
      const demoted = space.hubs.demotedRows;
      if (demoted > 0) notes.push(`space ${id.slice(-8)}: ${demoted} rows are near everything and demoted`);
    }
    if (this.set.waiting.size > 0) notes.push(`${this.set.waiting.size} spaces wait to be indexed`);
    if (this.unindexed > 0)
      notes.push(`rows of ${this.unindexed} blocks are not indexed: more than ${this.rules.spacesMax} spaces`);
    if (this.set.unsaved !== undefined) notes.push(this.set.unsaved);
    return [...notes, ...this.set.events];
  }

  // ------------------------------------------------------------------------------------------ search

  /** Answers in order. Rows are found as soon as they are taken; `indexedTo` says how far that got. */
  search(questions: readonly SearchQuestion[]): (VectorsAnswer | CosmicError)[] {
    const nowMs = this.options.nowMs();
    if (nowMs - this.searchedMs >= GATHER_MS && this.slice > 64) this.slice = 64;
    this.searchedMs = nowMs;
    return questions.map((question) => this.answer(question));
  }

  private answer(question: SearchQuestion): VectorsAnswer | CosmicError {
    const { space: id, query, k, allow, among, background, exact } = question;
    const space = this.set.answering.get(id);
    const indexedTo = { epoch: this.set.position.epoch, seq: this.set.waiting.answersTo(id, this.set.position.seq) };
    if (space === undefined) return { hits: [], indexedTo, exact: true };
    if (query.length !== space.space.dims)
      return new CosmicError(
        'space.dims_mismatch',
        `the query has ${query.length} numbers, space ${id} has ${space.space.dims}`,
      );
    try {
      const answer = space.search(query, k, {
        ...(allow === undefined ? {} : { allow }),
        ...(among === undefined ? {} : { among }),
        background: background === true,
        exact: exact === true,
      });
      if (!answer.exact && allow === undefined && among === undefined) this.sample.offer(id, query);
      return {
        hits: answer.rows,
        indexedTo,
        exact: answer.exact,
        ...(answer.background === undefined ? {} : { background: answer.background }),
        ...(answer.own === undefined ? {} : { own: answer.own }),
      };
    } catch (error) {
      if (!(error instanceof RowsDamaged))
        return new CosmicError('node.internal', `index of space ${id}`, { cause: error });
      // What can be read answers; each turn leaves out some rows, so it ends.
      this.set.lose(id, space, error);
      return this.answer(question);
    }
  }

  /** What is nearest to rows of a space; undefined where there is no such space, or it cannot be read now. */
  neighbours(id: string, labels: Uint32Array, k: number, ms: number): Neighbours | undefined {
    const space = this.set.answering.get(id);
    if (space === undefined) return undefined;
    try {
      const known = this.axes.get(id);
      const grew = known === undefined || space.size > 2 * known.size || space.size < known.size / 2;
      const rows = {
        size: space.size,
        dims: space.space.dims,
        rowOf: (label: number) => space.rowOf(label),
        sampleOf: (n: number) => space.sampleOf(n),
        near: (row: Float32Array, n: number) => space.search(row, n).rows,
      };
      const axes = grew ? axesOf(rows) : known;
      this.axes.set(id, axes);
      return neighboursIn(rows, axes, labels, k, ms);
    } catch (error) {
      if (!(error instanceof RowsDamaged)) throw error;
      this.set.lose(id, space, error);
      return undefined;
    }
  }

  // ------------------------------------------------------------------------------------------ following

  durable(): Cursor {
    return this.set.position;
  }

  /** A space that is being built again holds back how far all of them together answer. */
  reached(taken: Cursor): Cursor {
    const seq = this.set.waiting.reached(taken.seq);
    return seq === taken.seq ? taken : { epoch: taken.epoch, seq };
  }

  /** Items are many rows or one: the batch ends where there is no more room. */
  take(items: readonly TailItem[], upTo: Cursor, at: (item: TailItem) => void): Cursor {
    const room = this.roomToRead;
    let rows = 0;
    for (const item of items) {
      if (rows >= room) return this.set.position;
      at(item);
      rows += this.takeItem(item);
      this.set.position = { epoch: this.set.position.epoch, seq: item.seq };
    }
    if (items.length > 0) this.readMs = this.options.nowMs();
    this.set.position = upTo;
    this.set.changed = true;
    return upTo;
  }

  /** Another life of the store: what was indexed belongs to the earlier one. */
  async restart(epoch: string): Promise<void> {
    this.axes.clear();
    await this.set.restart(epoch);
  }

  room(): number {
    return Math.max(0, this.roomToRead);
  }

  /** One slice of whatever there is to do; false when there is nothing. */
  async idle(): Promise<boolean> {
    if (this.set.position.seq < this.firstTo && this.room() > 0) return false;
    return this.slices(this.options.nowMs() - this.readMs < GATHER_MS ? GATHER_ROWS : 1);
  }

  /** As `idle`, without waiting for more rows to gather. */
  finish(): Promise<boolean> {
    return this.slices(1);
  }

  /** Reads what spaces wait for, from where the first of them begins, while the others go on with what arrives. */
  readonly builder: Follower = {
    name: 'builder',
    version: this.version,
    wants: this.wants,
    durable: () => {
      const seq = this.set.waiting.passed;
      return seq === undefined ? undefined : { epoch: this.set.position.epoch, seq };
    },
    room: () => (this.set.waiting.passed === undefined ? 0 : this.room()),
    take: (items, upTo, at) => {
      const room = this.roomToRead;
      let rows = 0;
      for (const item of items) {
        if (rows >= room) return this.builder.durable();
        at(item);
        rows += this.fill(item);
        this.set.waiting.passTo(item.seq);
      }
      this.set.waiting.passTo(upTo.seq);
    },
  };

  private async slices(min: number): Promise<boolean> {
    const passed = this.pass();
    const worked = this.work(min);
    const sampled = !worked && this.sampleStep();
    const read = !worked && !sampled && this.readRows();
    if (!worked && !sampled && !read && this.options.nowMs() - this.readMs >= REST_MS) this.settle();
    if (this.set.dueToSave) await this.set.save().catch((error: unknown) => this.set.saveLater(error));
    return passed || worked || sampled || read;
  }

  /** Some more rows of a space are read, so that the first searches do not wait for that, or outlined where not all have room. */
  private readRows(): boolean {
    for (const space of this.set.large)
      try {
        if (space.readSome() || space.outlineSome()) return true;
      } catch (error) {
        // The next search of that space meets the damage too, and knows which space it is.
        if (!(error instanceof RowsDamaged)) throw error;
      }
    return false;
  }

  /** Graphs to which nothing is added any more rest on their files. */
  private settle(): void {
    for (const space of this.set.large) if (space.settle()) this.set.saveSoon();
  }

  /** Begins a pass for spaces that wait, or ends it; true where it did either. */
  private pass(): boolean {
    if (this.set.waiting.isDone(this.set.position.seq)) {
      // What is being saved must not change its folder meanwhile.
      if (this.set.isSaving) return false;
      this.endPass();
      return true;
    }
    const may = (id: string, why: string): boolean =>
      why !== 'new' || this.set.answering.has(id) || this.rate.take(this.options.nowMs());
    if (!this.set.waiting.begin(may)) return false;
    this.options.onPass?.();
    return true;
  }

  private endPass(): void {
    for (const id of this.set.waiting.end()) {
      if (this.set.builds.has(id)) {
        this.set.promote(id);
        // Soon: until it is saved a crash would have it begin again.
        this.set.saveSoon();
      }
      const space = this.set.answering.get(id);
      if (space !== undefined && space.position.seq < this.set.position.seq) space.position = this.set.position;
    }
    this.set.changed = true;
  }

  private sampleStep(): boolean {
    try {
      return this.sample.step(this.set.answering, this.options.nowMs());
    } catch (error) {
      if (!(error instanceof RowsDamaged)) throw error;
      // The next search of that space meets the damage too, and knows which space it is.
      return false;
    }
  }

  private get roomToRead(): number {
    let tails = 0;
    for (const space of this.set.large) tails += space.tail;
    this.tailAllowance = Math.min(this.tailAllowance, tails);
    return this.rules.tailMax + this.tailAllowance - tails;
  }

  private takeItem(item: TailItem): number {
    if (item.type === 'erase') {
      this.remove(item);
      return 0;
    }
    if (item.replaces !== undefined) this.remove(item.replaces);
    let rows = 0;
    for (const brought of broughtBy(item.block, this.options.registry))
      rows += this.takeRows(brought, item.seq, item.block);
    return rows;
  }

  private takeRows(brought: Brought, seq: number, block: StoredBlock): number {
    const { id } = brought;
    const known = this.set.answering.get(id);
    // One that is filled in place takes its rows in order; one that another is built beside goes on.
    if (this.set.waiting.has(id) && !this.set.builds.has(id)) return 0;
    if (known !== undefined) return seq > known.position.seq ? this.add(known, seq, block, brought) : 0;
    if (this.set.answering.size + this.set.waiting.size >= this.rules.spacesMax) {
      this.unindexed++;
      return 0;
    }
    if (!this.rate.take(this.options.nowMs())) {
      this.set.waiting.add(id, seq - 1, 'new');
      return 0;
    }
    return this.addNew(seq, block, brought);
  }

  private remove({ firstLabel, rows }: { readonly firstLabel: number; readonly rows: number }): void {
    const labels = Array.from({ length: rows }, (_, row) => firstLabel + row);
    for (const [id, space] of this.set.answering) this.removeFrom(id, space, labels);
    for (const [id, { space }] of this.set.builds) this.removeFrom(id, space, labels);
  }

  private removeFrom(id: string, space: SpaceIndex, labels: readonly number[]): void {
    try {
      if (space.remove(labels, this.options.nowMs()) > 0) this.set.noteWork(id, space);
    } catch (error) {
      if (!(error instanceof RowsDamaged)) throw error;
      this.set.lose(id, space, error);
    }
  }

  private addNew(seq: number, block: StoredBlock, { id, read }: Brought): number {
    const rows = read();
    if (rows === undefined) return 0;
    const space = this.set.openSpace(id, rows.space);
    this.set.answering.set(id, space);
    return this.add(space, seq, block, { id, read: () => rows });
  }

  private add(space: SpaceIndex, seq: number, block: StoredBlock, { id, read }: Brought): number {
    const rows = read();
    if (rows === undefined) return 0;
    const author = authorHash(block.entry.author);
    try {
      for (let i = 0; i < rows.count; i++) {
        const row = rows.row(i);
        if (row !== undefined && space.append(block.firstLabel + i, row, author, block.firstSeenMs))
          this.noteNear(block);
      }
    } catch (error) {
      if (!(error instanceof RowsDamaged)) throw error;
      this.set.lose(id, space, error);
      return 0;
    }
    space.position = { epoch: this.set.position.epoch, seq };
    this.set.noteWork(id, space);
    return rows.count;
  }

  /** Of what came lately: an index that is built anew says nothing new of old rows. */
  private noteNear({ entry: { author }, firstSeenMs }: StoredBlock): void {
    if (this.options.nowMs() - firstSeenMs > NEAR_MS) return;
    if (this.near.has(author) || this.near.size < NEAR_MAX) this.near.set(author, (this.near.get(author) ?? 0) + 1);
  }

  /** Authors of rows that came lately and are near everything, and how many rows, since the last call. */
  takeNear(): readonly (readonly [author: string, rows: number])[] {
    const near = [...this.near];
    this.near.clear();
    return near;
  }

  /** An item of the pass; answers how many rows it brought. */
  private fill(item: TailItem): number {
    if (item.type === 'erase') {
      this.remove(item);
      return 0;
    }
    if (item.replaces !== undefined) this.remove(item.replaces);
    let rows = 0;
    for (const brought of broughtBy(item.block, this.options.registry)) {
      const { id } = brought;
      if (!this.set.waiting.wants(id, item.seq)) continue;
      const known = this.set.builds.get(id)?.space ?? this.set.answering.get(id);
      if (known === undefined) rows += this.addNew(item.seq, item.block, brought);
      // What an earlier pass brought before it was cut off is there.
      else if (item.seq > known.position.seq) rows += this.add(known, item.seq, item.block, brought);
    }
    return rows;
  }

  /** One slice into a graph, if some space has at least `min` rows of work. */
  private work(min: number): boolean {
    const nowMs = this.options.nowMs();
    for (const [space, id] of this.set.busy) {
      if (!space.hasWork && space.erasedMs === null) {
        this.set.busy.delete(space);
        continue;
      }
      if (space.erasedMs !== null && nowMs - space.erasedMs >= this.rules.eraseWithinMs) space.rebuild();
      if (!space.hasWork || (space.tail > 0 && space.tail < min)) continue;
      try {
        const started = performance.now();
        if (!space.work(this.slice)) return true;
        const ms = performance.now() - started;
        const wantedMs = nowMs - this.searchedMs < GATHER_MS ? sliceMsBeside(space.tail) : this.rules.sliceMs;
        this.slice = Math.max(
          8,
          Math.min(2048, Math.round(this.slice * Math.min(2, Math.max(0.5, wantedMs / Math.max(ms, 0.1))))),
        );
      } catch (error) {
        if (!(error instanceof RowsDamaged)) throw error;
        this.set.lose(id, space, error);
      }
      return true;
    }
    return false;
  }

  // ------------------------------------------------------------------------------------------ files

  save(options: { readonly graph?: boolean } = {}): Promise<void> {
    return this.set.save(options);
  }

  async close(): Promise<void> {
    while (this.set.isSaving) await this.set.save();
    if (this.set.waiting.isDone(this.set.position.seq)) this.endPass();
    await this.set.close();
  }
}
