import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  contentOf,
  CosmicError,
  type Cursor,
  type Follower,
  type Head,
  type Registry,
  type StoredBlock,
  type TailItem,
} from '@cosmicembeddings/sdk';
import { spaceIdOf, unpackRow, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { readingBlock, type Followed } from '../../follow/index.js';
import { Rate, type NewSpaceRate } from './rate.js';
import type { ChosenEngine } from './graph.js';
import { authorHash } from './guard.js';
import { axesOf, neighboursIn, type Axes, type Neighbours } from './neighbours.js';
import { RecallSample } from './recall-sample.js';
import { RowsDamaged, type Budget } from './rows.js';
import { freshName, readManifest, spaceFolders, sweep, writeManifest, type Manifest } from './manifest.js';
import type { Background, OwnBackground } from './background.js';
import { SpaceIndex, type SpaceStatus } from './space-index.js';
import type { ScoredRow } from './top-rows.js';
import { Waiting } from './waiting.js';

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
  /** Memory for rows; beyond it they are read from their files one by one. */
  readonly rowsMaxBytes: number;
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
  rowsMaxBytes: 1_700_000_000,
  saveEveryMs: 15_000,
  eraseWithinMs: 10 * 60_000,
  newSpaces: { burst: 256, everyMs: 10_000 },
  spacesMax: 10_000,
  sliceMs: 40,
};

export interface SearchQuestion {
  readonly space: string;
  readonly query: Float32Array;
  readonly k: number;
  readonly allow?: Uint8Array;
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
  /** Those that answer. */
  private readonly spaces = new Map<string, SpaceIndex>();
  /** Those that are built beside one that answers. */
  private readonly builds = new Map<string, Built>();
  /** Of spaces that answer: their folders' names, where these are not their own. */
  private readonly folders = new Map<string, string>();
  /** Folders that go when no manifest names them any more. */
  private retired: string[] = [];
  private waiting = new Waiting();
  /** Spaces that keep a graph, and those that may have work to do: the others are many and need no looking at. */
  private readonly large = new Set<SpaceIndex>();
  private readonly busy = new Map<SpaceIndex, string>();
  private cursor: Cursor = { epoch: '', seq: 0 };
  private seed = 0;
  private savedSeqs: Record<string, number> = {};
  private savedBuilds: Record<string, number> = {};
  private savedMs: number;
  private manifestDirty = false;
  /** Along which rows of a space differ most, for those of which a map is drawn. */
  private readonly axes = new Map<string, Axes>();
  private readonly budget: Budget;
  private readonly rate: Rate;
  private readonly rules: HostRules;
  private readonly sample = new RecallSample();
  private slice = 64;
  private readMs = -Infinity;
  private searchedMs = -Infinity;
  private saving: Promise<void> | undefined;
  private tailAllowance = 0;
  private unindexed = 0;
  private events: string[] = [];
  /** Rows that are near everything, by author, since somebody took the list. */
  private near = new Map<string, number>();
  /** Why the last save failed; undefined since one succeeded. */
  private unsaved: string | undefined;

  private constructor(private readonly options: HostOptions) {
    this.name = options.name ?? 'vectors';
    this.rules = { ...hostRules, ...options.rules };
    this.budget = { maxBytes: this.rules.rowsMaxBytes, used: 0 };
    this.rate = new Rate(this.rules.newSpaces);
    this.savedMs = options.nowMs();
  }

  /** Opens what the folder holds; lost, damaged and foreign files are left behind and built again from the store. */
  static async open(options: HostOptions): Promise<IndexHost> {
    const host = new IndexHost(options);
    const head = await options.reader.head();
    host.load(head);
    return host;
  }

  get position(): Cursor {
    return this.cursor;
  }

  /** Recall@10 of the last search that was compared with exact search. */
  get recall(): number | undefined {
    return this.sample.value;
  }

  get status(): HostStatus {
    return {
      position: this.reached(this.cursor),
      engine: this.options.engine.name,
      spaces: Object.fromEntries([...this.spaces].map(([id, space]) => [id, space.status])),
      waiting: this.waiting.ids(),
      recall: this.recall ?? null,
      notes: this.notes,
    };
  }

  get notes(): readonly string[] {
    const notes = this.options.engine.note === undefined ? [] : [this.options.engine.note];
    for (const [id, space] of this.spaces)
      if (space.tail > this.rules.tailMax)
        notes.push(`index of space ${id.slice(-8)} is being built again: searching it exactly meanwhile`);
    for (const id of this.builds.keys())
      notes.push(`space ${id.slice(-8)} is built again beside what answers for it meanwhile`);
    for (const [id, space] of this.spaces) {
      const demoted = space.demotedRows;
      if (demoted > 0) notes.push(`space ${id.slice(-8)}: ${demoted} rows are near everything and demoted`);
    }
    if (this.waiting.size > 0) notes.push(`${this.waiting.size} spaces wait to be indexed`);
    if (this.unindexed > 0)
      notes.push(`rows of ${this.unindexed} blocks are not indexed: more than ${this.rules.spacesMax} spaces`);
    if (this.unsaved !== undefined) notes.push(this.unsaved);
    return [...notes, ...this.events];
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
    const { space: id, query, k, allow, background, exact } = question;
    const space = this.spaces.get(id);
    const indexedTo = { epoch: this.cursor.epoch, seq: this.waiting.answersTo(id, this.cursor.seq) };
    if (space === undefined) return { hits: [], indexedTo, exact: true };
    if (query.length !== space.space.dims)
      return new CosmicError(
        'space.dims_mismatch',
        `the query has ${query.length} numbers, space ${id} has ${space.space.dims}`,
      );
    try {
      const answer = space.search(query, k, {
        ...(allow === undefined ? {} : { allow }),
        background: background === true,
        exact: exact === true,
      });
      if (!answer.exact && allow === undefined) this.sample.offer(id, query);
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
      this.lose(id, space, error);
      return this.answer(question);
    }
  }

  /** What is nearest to rows of a space; undefined where there is no such space, or it cannot be read now. */
  neighbours(id: string, labels: Uint32Array, k: number, ms: number): Neighbours | undefined {
    const space = this.spaces.get(id);
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
      this.lose(id, space, error);
      return undefined;
    }
  }

  // ------------------------------------------------------------------------------------------ following

  durable(): Cursor {
    return this.cursor;
  }

  /** A space that is being built again holds back how far all of them together answer. */
  reached(taken: Cursor): Cursor {
    const seq = this.waiting.reached(taken.seq);
    return seq === taken.seq ? taken : { epoch: taken.epoch, seq };
  }

  /** Items are many rows or one: the batch ends where there is no more room. */
  take(items: readonly TailItem[], upTo: Cursor, at: (item: TailItem) => void): Cursor {
    const room = this.roomToRead;
    let rows = 0;
    for (const item of items) {
      if (rows >= room) return this.cursor;
      at(item);
      rows += this.takeItem(item);
      this.cursor = { epoch: this.cursor.epoch, seq: item.seq };
    }
    if (items.length > 0) this.readMs = this.options.nowMs();
    this.cursor = upTo;
    this.manifestDirty = true;
    return upTo;
  }

  /** Another life of the store: what was indexed belongs to the earlier one. */
  async restart(epoch: string): Promise<void> {
    for (const space of this.all()) await space.close();
    for (const known of [this.spaces, this.builds, this.folders, this.large, this.busy, this.axes]) known.clear();
    this.waiting = new Waiting();
    this.savedSeqs = {};
    this.savedBuilds = {};
    if (this.options.folder !== undefined) discardAll(this.options.folder);
    this.seed = seedOf(epoch);
    this.cursor = { epoch, seq: 0 };
  }

  room(): number {
    return Math.max(0, this.roomToRead);
  }

  /** One slice of whatever there is to do; false when there is nothing. */
  async idle(): Promise<boolean> {
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
      const seq = this.waiting.passed;
      return seq === undefined ? undefined : { epoch: this.cursor.epoch, seq };
    },
    room: () => (this.waiting.passed === undefined ? 0 : this.room()),
    take: (items, upTo, at) => {
      const room = this.roomToRead;
      let rows = 0;
      for (const item of items) {
        if (rows >= room) return this.builder.durable();
        at(item);
        rows += this.fill(item);
        this.waiting.passTo(item.seq);
      }
      this.waiting.passTo(upTo.seq);
    },
  };

  private async slices(min: number): Promise<boolean> {
    const passed = this.pass();
    const worked = this.work(min);
    const sampled = !worked && this.sampleStep();
    if (this.dueToSave) await this.save().catch((error: unknown) => this.saveLater(error));
    return passed || worked || sampled;
  }

  /** Begins a pass for spaces that wait, or ends it; true where it did either. */
  private pass(): boolean {
    if (this.waiting.isDone(this.cursor.seq)) {
      // What is being saved must not change its folder meanwhile.
      if (this.saving !== undefined) return false;
      this.endPass();
      return true;
    }
    const may = (id: string, why: string): boolean =>
      why !== 'new' || this.spaces.has(id) || this.rate.take(this.options.nowMs());
    if (!this.waiting.begin(may)) return false;
    this.options.onPass?.();
    return true;
  }

  private endPass(): void {
    for (const id of this.waiting.end()) {
      if (this.builds.has(id)) {
        this.promote(id);
        // Soon: until it is saved a crash would have it begin again.
        this.savedMs = -Infinity;
      }
      const space = this.spaces.get(id);
      if (space !== undefined && space.position.seq < this.cursor.seq) space.position = this.cursor;
    }
    this.manifestDirty = true;
  }

  /** What was built beside answers from now on. */
  private promote(id: string): void {
    const { name, space } = this.builds.get(id)!;
    const old = this.spaces.get(id)!;
    this.builds.delete(id);
    delete this.savedBuilds[id];
    this.replace(id, old, space, name);
  }

  private replace(id: string, old: SpaceIndex, space: SpaceIndex, name: string): void {
    this.forget(old);
    void old.close();
    this.retired.push(this.nameOf(id));
    if (name === id) this.folders.delete(id);
    else this.folders.set(id, name);
    delete this.savedSeqs[id];
    this.spaces.set(id, space);
    this.manifestDirty = true;
  }

  private sampleStep(): boolean {
    try {
      return this.sample.step(this.spaces, this.options.nowMs());
    } catch (error) {
      if (!(error instanceof RowsDamaged)) throw error;
      // The next search of that space meets the damage too, and knows which space it is.
      return false;
    }
  }

  private get roomToRead(): number {
    let tails = 0;
    for (const space of this.large) tails += space.tail;
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
    for (const brought of this.broughtBy(item.block)) rows += this.takeRows(brought, item.seq, item.block);
    return rows;
  }

  private takeRows(brought: Brought, seq: number, block: StoredBlock): number {
    const { id } = brought;
    const known = this.spaces.get(id);
    // One that is filled in place takes its rows in order; one that another is built beside goes on.
    if (this.waiting.has(id) && !this.builds.has(id)) return 0;
    if (known !== undefined) return seq > known.position.seq ? this.add(known, seq, block, brought) : 0;
    if (this.spaces.size + this.waiting.size >= this.rules.spacesMax) {
      this.unindexed++;
      return 0;
    }
    if (!this.rate.take(this.options.nowMs())) {
      this.waiting.add(id, seq - 1, 'new');
      return 0;
    }
    return this.addNew(seq, block, brought);
  }

  /** What a block brings into which spaces: its author's rows, or those that were made of its texts here. */
  private broughtBy(block: StoredBlock): readonly Brought[] {
    if (isComputed(block)) return block.computed.map((one) => ({ id: one.id, read: () => one }));
    const { entry, body, format } = block;
    if (
      entry.space === undefined ||
      entry.rows === 0 ||
      entry.inert !== undefined ||
      (body === null && format === 'native/2')
    )
      return [];
    return [
      {
        id: entry.space,
        read: () => {
          const { vectors } = readingBlock(block.id, () => contentOf(block, this.options.registry));
          if (vectors === undefined) return undefined;
          const { space, stored } = vectors;
          return { space, count: stored.rows, row: (i) => unpackRow(stored, space.dims, i) };
        },
      },
    ];
  }

  private remove({ firstLabel, rows }: { readonly firstLabel: number; readonly rows: number }): void {
    const labels = Array.from({ length: rows }, (_, row) => firstLabel + row);
    for (const [id, space] of this.spaces) this.removeFrom(id, space, labels);
    for (const [id, { space }] of this.builds) this.removeFrom(id, space, labels);
  }

  private removeFrom(id: string, space: SpaceIndex, labels: readonly number[]): void {
    try {
      if (space.remove(labels, this.options.nowMs()) > 0) this.noteWork(id, space);
    } catch (error) {
      if (!(error instanceof RowsDamaged)) throw error;
      this.lose(id, space, error);
    }
  }

  private addNew(seq: number, block: StoredBlock, { id, read }: Brought): number {
    const rows = read();
    if (rows === undefined) return 0;
    const space = this.openSpace(id, rows.space);
    this.spaces.set(id, space);
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
      this.lose(id, space, error);
      return 0;
    }
    space.position = { epoch: this.cursor.epoch, seq };
    this.noteWork(id, space);
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

  private noteWork(id: string, space: SpaceIndex): void {
    if (space.hasWork || space.erasedMs !== null) this.busy.set(space, id);
    if (space.keepsGraph) this.large.add(space);
  }

  /** An item of the pass; answers how many rows it brought. */
  private fill(item: TailItem): number {
    if (item.type === 'erase') {
      this.remove(item);
      return 0;
    }
    if (item.replaces !== undefined) this.remove(item.replaces);
    let rows = 0;
    for (const brought of this.broughtBy(item.block)) {
      const { id } = brought;
      if (!this.waiting.wants(id, item.seq)) continue;
      const known = this.builds.get(id)?.space ?? this.spaces.get(id);
      if (known === undefined) rows += this.addNew(item.seq, item.block, brought);
      // What an earlier pass brought before it was cut off is there.
      else if (item.seq > known.position.seq) rows += this.add(known, item.seq, item.block, brought);
    }
    return rows;
  }

  /** One slice into a graph, if some space has at least `min` rows of work. */
  private work(min: number): boolean {
    const nowMs = this.options.nowMs();
    for (const [space, id] of this.busy) {
      if (!space.hasWork && space.erasedMs === null) {
        this.busy.delete(space);
        continue;
      }
      if (space.erasedMs !== null && nowMs - space.erasedMs >= this.rules.eraseWithinMs) space.rebuild();
      if (!space.hasWork || (space.tail > 0 && space.tail < min)) continue;
      try {
        const started = performance.now();
        space.work(this.slice);
        const ms = performance.now() - started;
        const wantedMs = nowMs - this.searchedMs < GATHER_MS ? sliceMsBeside(space.tail) : this.rules.sliceMs;
        this.slice = Math.max(
          8,
          Math.min(2048, Math.round(this.slice * Math.min(2, Math.max(0.5, wantedMs / Math.max(ms, 0.1))))),
        );
      } catch (error) {
        if (!(error instanceof RowsDamaged)) throw error;
        this.lose(id, space, error);
      }
      return true;
    }
    return false;
  }

  /**
   * Rows of a space cannot be read: it is built again from the store, beside what is left of it, while the others go on.
   * Without damage: it is whole, and built again because it is mostly holes.
   */
  private lose(id: string, space: SpaceIndex, damage?: RowsDamaged): void {
    this.events = [
      ...this.events.slice(-4),
      damage === undefined
        ? `index of space ${id.slice(-8)} holds more erased rows than others and is built again`
        : `index of space ${id.slice(-8)} was damaged and is built again from the store: ${damage.message}`,
    ];
    this.manifestDirty = true;
    const build = this.builds.get(id);
    if (build?.space === space) {
      this.forget(space);
      void space.close();
      this.retired.push(build.name);
      this.builds.set(id, this.openFresh(id, space.space));
      delete this.savedBuilds[id];
      this.waiting.add(id, 0, 'lost');
      return;
    }
    // Where leaving rows out does not help, nothing of it can be read.
    const answers = damage === undefined || (space.leaveOut(damage.slots) > 0 && space.size > 0);
    if (build !== undefined) {
      if (!answers) this.promote(id);
      return;
    }
    const fresh = this.openFresh(id, space.space);
    if (answers) this.builds.set(id, fresh);
    else this.replace(id, space, fresh.space, fresh.name);
    this.waiting.add(id, 0, damage === undefined ? 'whole' : 'lost');
  }

  /** It has no part in background work any more. */
  private forget(space: SpaceIndex): void {
    this.large.delete(space);
    this.busy.delete(space);
  }

  private all(): SpaceIndex[] {
    return [...this.spaces.values(), ...[...this.builds.values()].map(({ space }) => space)];
  }

  // ------------------------------------------------------------------------------------------ files

  private get dueToSave(): boolean {
    if (this.options.folder === undefined || this.saving !== undefined) return false;
    return (
      this.options.nowMs() - this.savedMs >= this.rules.saveEveryMs &&
      (this.manifestDirty || this.all().some((space) => space.isChanged))
    );
  }

  /** Saves every changed space, then the manifest: a crash in between only means reading some items twice. */
  save(options: { readonly graph?: boolean } = {}): Promise<void> {
    const { folder } = this.options;
    if (folder === undefined) return Promise.resolve();
    this.saving ??= this.write(folder, options).finally(() => {
      this.saving = undefined;
    });
    return this.saving;
  }

  /** A full disk is no reason to lose what is in memory: searches go on, and the next turn to save tries again. */
  private saveLater(error: unknown): void {
    this.manifestDirty = true;
    this.unsaved = `the index cannot be saved for now: ${(error as Error).message}`;
  }

  private async write(folder: string, options: { readonly graph?: boolean }): Promise<void> {
    this.savedMs = this.options.nowMs();
    const cursor = this.cursor;
    const waiting = new Map(this.waiting.saved().map(([id, from]) => [id, from]));
    const retired = this.retired.splice(0);
    this.manifestDirty = false;
    for (const [id, space] of this.spaces) {
      if (space.isMostlyHoles && !this.waiting.has(id)) this.lose(id, space);
      if (space.size === 0 && !this.waiting.has(id)) {
        this.leave(id, space);
        continue;
      }
      if (!space.isChanged && id in this.savedSeqs && options.graph !== true) continue;
      await space.save(options);
      if (this.spaces.get(id) === space) this.savedSeqs[id] = space.savedPosition.seq;
      await this.options.yieldTurn();
    }
    for (const [id, { space }] of this.builds) {
      if (!space.isChanged && id in this.savedBuilds && options.graph !== true) continue;
      await space.save(options);
      if (this.builds.get(id)?.space === space) this.savedBuilds[id] = space.savedPosition.seq;
      await this.options.yieldTurn();
    }
    const builds = [...this.builds].flatMap(([id, { name }]) =>
      id in this.savedBuilds ? [[id, { folder: name, seq: this.savedBuilds[id]! }] as const] : [],
    );
    writeManifest(folder, {
      ...cursor,
      seed: this.seed,
      spaces: { ...this.savedSeqs },
      // As far as it was when saving began: a space that was saved since may hold more, never less.
      waiting: this.waiting.saved().map(([id, from, why]) => [id, Math.min(from, waiting.get(id) ?? from), why]),
      ...(this.folders.size === 0 ? {} : { folders: Object.fromEntries(this.folders) }),
      ...(builds.length === 0 ? {} : { builds: Object.fromEntries(builds) }),
    });
    for (const name of retired) rmSync(join(folder, name), { recursive: true, force: true });
    this.unsaved = undefined;
  }

  /** Nobody has rows of a space any more: its files go, its descriptor and its name with them. */
  private leave(id: string, space: SpaceIndex): void {
    this.spaces.delete(id);
    this.forget(space);
    delete this.savedSeqs[id];
    void space.close();
    const folder = this.folderOf(id);
    this.folders.delete(id);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await this.saving;
    if (this.waiting.isDone(this.cursor.seq)) this.endPass();
    await this.save({ graph: true });
    for (const space of this.all()) await space.close();
  }

  private load(head: Head): void {
    const { folder } = this.options;
    this.cursor = { epoch: head.epoch, seq: 0 };
    this.seed = seedOf(head.epoch);
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const saved = readManifest(folder);
    if (saved === undefined) return this.recover(folder, head);
    if (saved.epoch !== head.epoch || saved.seq > head.seq) return discardAll(folder);
    this.seed = saved.seed;
    this.cursor = { epoch: saved.epoch, seq: saved.seq };
    this.waiting = new Waiting(saved.waiting);
    sweep(folder, new Set(spaceFolders(folder, saved).map(({ path }) => basename(path))));
    for (const [id, name] of Object.entries(saved.folders ?? {})) this.folders.set(id, name);
    for (const id of new Set([...Object.keys(saved.spaces), ...Object.keys(saved.builds ?? {}), ...this.waiting.ids()]))
      this.loadSpace(folder, id, saved);
    for (const space of this.all()) this.tailAllowance += space.tail;
  }

  private loadSpace(folder: string, id: string, saved: Manifest): void {
    const answering = this.opened(join(folder, this.nameOf(id)), saved.spaces[id]);
    const named = saved.builds?.[id];
    const build = named === undefined ? undefined : this.opened(join(folder, named.folder), named.seq);
    const wasWaiting = this.waiting.has(id);
    if (answering === undefined && build === undefined) {
      if (saved.spaces[id] === undefined && named === undefined) {
        // Nothing of it was saved yet: a new one waits from where it began.
        return;
      }
      this.folders.delete(id);
      this.say(id, 'was damaged or lost and is built again from the store', wasWaiting);
      this.waiting.add(id, 0, 'lost');
      return;
    }
    if (answering === undefined) {
      // What was built beside is all there is: it goes on in place.
      if (named!.folder === id) this.folders.delete(id);
      else this.folders.set(id, named!.folder);
      this.savedSeqs[id] = build!.savedPosition.seq;
      return this.keep(id, build!);
    }
    this.savedSeqs[id] = answering.savedPosition.seq;
    this.keep(id, answering);
    if (build !== undefined) {
      this.builds.set(id, { name: named!.folder, space: build });
      this.savedBuilds[id] = build.savedPosition.seq;
      this.noteWork(id, build);
    } else if (answering.lacks || named !== undefined) {
      this.say(id, 'is built again from the store', wasWaiting);
      this.builds.set(id, this.openFresh(id, answering.space));
      this.waiting.add(id, 0, answering.lacks ? 'lost' : 'whole');
    }
    if ((!wasWaiting || this.builds.has(id)) && answering.position.seq < this.cursor.seq)
      answering.position = this.cursor;
  }

  private keep(id: string, space: SpaceIndex): void {
    this.spaces.set(id, space);
    this.noteWork(id, space);
  }

  private say(id: string, what: string, isKnown: boolean): void {
    if (!isKnown) this.events.push(`index of space ${id.slice(-8)} ${what}`);
  }

  /** What a folder holds of this life of the store, up to `seq` at least. */
  private opened(path: string, seq: number | undefined): SpaceIndex | undefined {
    if (seq === undefined) return undefined;
    const space = SpaceIndex.saved(this.spaceOptions(path));
    if (space === undefined) return undefined;
    if (space.position.epoch === this.cursor.epoch && space.position.seq >= seq) return space;
    void space.close();
    return undefined;
  }

  /** The manifest is lost: each space says itself how far it is; what came after is read from the store again. */
  private recover(folder: string, head: Head): void {
    const named = new Set<string>();
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (!statSync(path).isDirectory()) continue;
      const space = SpaceIndex.saved(this.spaceOptions(path));
      const isOurs = space !== undefined && space.position.epoch === head.epoch && space.position.seq <= head.seq;
      // Of a space that was being built again nobody knows which folder is which.
      if (!isOurs || space.lacks || spaceIdOf(space.space) !== name) {
        void space?.close();
        continue;
      }
      named.add(name);
      this.keep(name, space);
    }
    sweep(folder, named);
    if (named.size > 0)
      this.events.push(`the index's list of spaces was damaged or lost: ${named.size} were found again`);
    this.manifestDirty = true;
  }

  private openSpace(id: string, descriptor: SpaceDescriptor): SpaceIndex {
    const folder = this.folderOf(id);
    // Whatever lies there is of an earlier life that no manifest knows.
    if (folder !== undefined) SpaceIndex.discard(folder);
    delete this.savedSeqs[id];
    return SpaceIndex.open(descriptor, this.spaceOptions(folder));
  }

  /** An empty one in a folder of its own. */
  private openFresh(id: string, descriptor: SpaceDescriptor): Built {
    const { folder } = this.options;
    const name = folder === undefined ? id : freshName(folder, id);
    const path = folder === undefined ? undefined : join(folder, name);
    return { name, space: SpaceIndex.open(descriptor, this.spaceOptions(path)) };
  }

  private spaceOptions(folder: string | undefined): Parameters<typeof SpaceIndex.open>[1] {
    const { engine, guard } = this.options;
    return {
      ...(folder === undefined ? {} : { folder }),
      engine,
      guard,
      budget: this.budget,
      graphMin: this.rules.graphMin,
      seed: this.seed,
    };
  }

  private folderOf(id: string): string | undefined {
    return this.options.folder === undefined ? undefined : join(this.options.folder, this.nameOf(id));
  }

  private nameOf(id: string): string {
    return this.folders.get(id) ?? id;
  }
}

/** Rows of one block in one space; undefined for a row that is not in it. */
export interface BlockRows {
  readonly space: SpaceDescriptor;
  readonly count: number;
  row(i: number): Float32Array | undefined;
}

/** A block with rows that were made of its texts here, in place of those that its author signed. */
export interface ComputedBlock extends StoredBlock {
  readonly computed: readonly (BlockRows & { readonly id: string })[];
}

function isComputed(block: StoredBlock): block is ComputedBlock {
  return 'computed' in block;
}

interface Brought {
  /** Of the space. */
  readonly id: string;
  readonly read: () => BlockRows | undefined;
}

interface Built {
  /** Of its folder. */
  readonly name: string;
  readonly space: SpaceIndex;
}

function discardAll(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    rmSync(join(folder, name), { recursive: true, force: true });
}

/** The order of background samples follows from the store's epoch, which nobody else knows beforehand. */
function seedOf(epoch: string): number {
  return authorHash(epoch);
}
