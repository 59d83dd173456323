import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
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
import { unpackRow, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { readingBlock, type Followed } from '../../follow/index.js';
import { Rate, type NewSpaceRate } from './rate.js';
import type { ChosenEngine } from './graph.js';
import { authorHash } from './guard.js';
import { RecallSample } from './recall-sample.js';
import { RowsDamaged, type Budget } from './rows.js';
import { SpaceIndex, type OwnBackground, type Background, type SpaceStatus } from './space-index.js';
import { readStateFile, writeStateFile } from './state-file.js';
import type { ScoredRow } from './top-rows.js';

export interface HostOptions {
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
}

export const hostRules: HostRules = {
  graphMin: 2048,
  tailMax: 16_384,
  rowsMaxBytes: 1_700_000_000,
  saveEveryMs: 15_000,
  eraseWithinMs: 10 * 60_000,
  newSpaces: { burst: 256, everyMs: 10_000 },
  spacesMax: 10_000,
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

interface SavedHost {
  readonly epoch: string;
  readonly seq: number;
  readonly seed: number;
  /** Position at which each space's file was last written; nothing changed in it since. */
  readonly spaces: Readonly<Record<string, number>>;
  readonly waiting: readonly (readonly [string, number])[];
}

const HOST = 'index.bin';
const READ_MAX = 128;
const SLICE_MS = 4;
/** While nobody searches: larger additions keep all threads of the engine busy. */
const QUIET_SLICE_MS = 40;
/**
 * While rows keep arriving, they go into a graph so many at a time: one by one costs five times as much (an engine starts
 * its threads with each call), and scanning those that wait costs a search next to nothing.
 */
const GATHER_ROWS = 256;
const GATHER_MS = 300;
/**
 * All spaces of a node: a follower that moves rows from tails into graphs in slices of some milliseconds, saves, and
 * answers searches in between. Runs in a worker; has no threads, timers, loop or clock of its own.
 */
export class IndexHost implements Follower {
  readonly name = 'vectors';
  readonly version = '1';
  readonly wants = {};
  private readonly spaces = new Map<string, SpaceIndex>();
  /** Space → position up to which its rows are known; what follows is read again by the backfill. */
  private readonly waiting = new Map<string, number>();
  /** Spaces that keep a graph, and those that may have work to do: the others are many and need no looking at. */
  private readonly large = new Set<SpaceIndex>();
  private readonly busy = new Set<string>();
  private backfill: { readonly spaces: ReadonlySet<string>; seq: number } | undefined;
  private cursor: Cursor = { epoch: '', seq: 0 };
  private seed = 0;
  private savedSeqs: Record<string, number> = {};
  private savedMs: number;
  private manifestDirty = false;
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
  /** Why the last save failed; undefined since one succeeded. */
  private unsaved: string | undefined;

  private constructor(private readonly options: HostOptions) {
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
      position: this.cursor,
      engine: this.options.engine.name,
      spaces: Object.fromEntries([...this.spaces].map(([id, space]) => [id, space.status])),
      waiting: [...this.waiting.keys()],
      recall: this.recall ?? null,
      notes: this.notes,
    };
  }

  get notes(): readonly string[] {
    const notes = this.options.engine.note === undefined ? [] : [this.options.engine.note];
    for (const [id, space] of this.spaces)
      if (space.tail > this.rules.tailMax)
        notes.push(`index of space ${id.slice(-8)} is being built again: searching it exactly meanwhile`);
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
    this.searchedMs = this.options.nowMs();
    if (this.slice > 64) this.slice = 64;
    return questions.map((question) => this.answer(question));
  }

  private answer({ space: id, query, k, allow, background, exact }: SearchQuestion): VectorsAnswer | CosmicError {
    const space = this.spaces.get(id);
    const waiting = this.waiting.get(id);
    const indexedTo =
      waiting === undefined
        ? this.cursor
        : {
            epoch: this.cursor.epoch,
            seq: this.backfill?.spaces.has(id) === true ? Math.max(waiting, this.backfill.seq) : waiting,
          };
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
      this.lose(id, error.message);
      return { hits: [], indexedTo: { epoch: this.cursor.epoch, seq: 0 }, exact: true };
    }
  }

  // ------------------------------------------------------------------------------------------ following

  durable(): Cursor {
    return this.cursor;
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
    for (const space of this.spaces.values()) await space.close();
    for (const known of [this.spaces, this.waiting, this.large, this.busy]) known.clear();
    this.backfill = undefined;
    this.savedSeqs = {};
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

  private async slices(min: number): Promise<boolean> {
    const filled = await this.fill();
    const worked = this.work(min);
    const sampled = filled === 0 && !worked && this.sample.step(this.spaces, this.options.nowMs());
    if (this.dueToSave) await this.save().catch((error: unknown) => this.saveLater(error));
    return filled > 0 || worked || sampled;
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
    const { entry, body, format } = item.block;
    if (
      entry.space === undefined ||
      entry.rows === 0 ||
      entry.inert !== undefined ||
      (body === null && format === 'native/2')
    )
      return 0;
    if (this.waiting.has(entry.space)) return 0;
    const known = this.spaces.get(entry.space);
    if (known !== undefined) return item.seq > known.position.seq ? this.add(known, item.block) : 0;
    if (this.spaces.size + this.waiting.size >= this.rules.spacesMax) {
      this.unindexed++;
      return 0;
    }
    if (!this.rate.take(this.options.nowMs())) {
      this.waiting.set(entry.space, item.seq - 1);
      return 0;
    }
    return this.addNew(entry.space, item.block);
  }

  private remove({ firstLabel, rows }: { readonly firstLabel: number; readonly rows: number }): void {
    const labels = Array.from({ length: rows }, (_, row) => firstLabel + row);
    for (const [id, space] of this.spaces) if (space.remove(labels, this.options.nowMs()) > 0) this.noteWork(id, space);
  }

  private addNew(id: string, block: StoredBlock): number {
    const { vectors } = readingBlock(block.id, () => contentOf(block, this.options.registry));
    if (vectors === undefined) return 0;
    const space = this.openSpace(id, vectors.space);
    this.spaces.set(id, space);
    return this.add(space, block);
  }

  private add(space: SpaceIndex, block: StoredBlock): number {
    const { vectors } = readingBlock(block.id, () => contentOf(block, this.options.registry));
    if (vectors === undefined) return 0;
    const author = authorHash(block.entry.author);
    try {
      for (let row = 0; row < vectors.stored.rows; row++)
        space.append(
          block.firstLabel + row,
          unpackRow(vectors.stored, vectors.space.dims, row),
          author,
          block.firstSeenMs,
        );
    } catch (error) {
      if (!(error instanceof RowsDamaged)) throw error;
      this.lose(block.entry.space!, error.message);
      return 0;
    }
    space.position = { epoch: this.cursor.epoch, seq: block.seq };
    this.noteWork(block.entry.space!, space);
    return vectors.stored.rows;
  }

  private noteWork(id: string, space: SpaceIndex): void {
    if (space.hasWork || space.erasedMs !== null) this.busy.add(id);
    if (space.keepsGraph) this.large.add(space);
  }

  /** Spaces that wait are read from the store again, several in one pass. */
  private async fill(): Promise<number> {
    if (this.backfill === undefined) {
      const chosen = [...this.waiting].filter(([id]) => this.spaces.has(id) || this.rate.take(this.options.nowMs()));
      if (chosen.length === 0) return 0;
      this.backfill = { spaces: new Set(chosen.map(([id]) => id)), seq: Math.min(...chosen.map(([, from]) => from)) };
    }
    const { backfill } = this;
    if (this.roomToRead <= 0) return 0;
    const { items } = await this.options.reader.tail({ epoch: this.cursor.epoch, seq: backfill.seq }, READ_MAX);
    for (const item of items) {
      if (item.seq > this.cursor.seq) break;
      backfill.seq = item.seq;
      if (item.type === 'erase') {
        this.remove(item);
        continue;
      }
      if (item.replaces !== undefined) this.remove(item.replaces);
      const id = item.block.entry.space;
      if (
        id === undefined ||
        !backfill.spaces.has(id) ||
        item.seq <= this.waiting.get(id)! ||
        item.block.entry.rows === 0 ||
        item.block.entry.inert !== undefined
      )
        continue;
      if (item.block.body === null && item.block.format === 'native/2') continue;
      const known = this.spaces.get(id);
      if (known === undefined) this.addNew(id, item.block);
      else this.add(known, item.block);
    }
    if (backfill.seq >= this.cursor.seq || items.length === 0) {
      for (const id of backfill.spaces) this.waiting.delete(id);
      this.backfill = undefined;
      this.manifestDirty = true;
    }
    return items.length;
  }

  /** One slice into a graph, if some space has at least `min` rows of work. */
  private work(min: number): boolean {
    const nowMs = this.options.nowMs();
    for (const id of this.busy) {
      const space = this.spaces.get(id);
      if (space === undefined || (!space.hasWork && space.erasedMs === null)) {
        this.busy.delete(id);
        continue;
      }
      if (space.erasedMs !== null && nowMs - space.erasedMs >= this.rules.eraseWithinMs) space.rebuild();
      if (!space.hasWork || (space.tail > 0 && space.tail < min)) continue;
      try {
        const started = performance.now();
        space.work(this.slice);
        const ms = performance.now() - started;
        const wantedMs = nowMs - this.searchedMs < GATHER_MS ? SLICE_MS : QUIET_SLICE_MS;
        this.slice = Math.max(
          8,
          Math.min(2048, Math.round(this.slice * Math.min(2, Math.max(0.5, wantedMs / Math.max(ms, 0.1))))),
        );
      } catch (error) {
        if (!(error instanceof RowsDamaged)) throw error;
        this.lose(id, error.message);
      }
      return true;
    }
    return false;
  }

  /** A space's files are damaged: it is built again from the store while the others go on. */
  private lose(id: string, why: string): void {
    const space = this.spaces.get(id);
    if (space === undefined) return;
    this.events = [
      ...this.events.slice(-4),
      `index of space ${id.slice(-8)} was damaged and is built again from the store: ${why}`,
    ];
    this.large.delete(space);
    void space.close();
    const folder = this.folderOf(id);
    if (folder !== undefined) SpaceIndex.discard(folder);
    this.spaces.set(id, this.openSpace(id, space.space));
    this.waiting.set(id, 0);
    if (this.backfill?.spaces.has(id) === true) this.backfill = undefined;
    this.manifestDirty = true;
  }

  // ------------------------------------------------------------------------------------------ files

  private get dueToSave(): boolean {
    if (this.options.folder === undefined || this.saving !== undefined) return false;
    return (
      this.options.nowMs() - this.savedMs >= this.rules.saveEveryMs &&
      (this.manifestDirty || [...this.spaces.values()].some((space) => space.isChanged))
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
    this.manifestDirty = false;
    for (const [id, space] of this.spaces) {
      if (space.isMostlyHoles) {
        this.lose(id, 'more erased rows than others');
        continue;
      }
      if (space.size === 0 && !this.waiting.has(id)) {
        this.leave(id, space);
        continue;
      }
      if (!space.isChanged && id in this.savedSeqs && options.graph !== true) continue;
      await space.save(options);
      this.savedSeqs[id] = space.savedPosition.seq;
      await this.options.yieldTurn();
    }
    // A space that is being filled is not what it will be: after a crash its fill starts over.
    const filling =
      this.backfill === undefined
        ? this.waiting
        : new Map([...this.waiting].map(([id, from]) => [id, this.spaces.has(id) ? 0 : from]));
    const head: SavedHost = { ...cursor, seed: this.seed, spaces: { ...this.savedSeqs }, waiting: [...filling] };
    writeStateFile(join(folder, HOST), { head, sections: [] });
    this.unsaved = undefined;
  }

  /** Nobody has rows of a space any more: its files go, its descriptor and its name with them. */
  private leave(id: string, space: SpaceIndex): void {
    this.spaces.delete(id);
    this.large.delete(space);
    this.busy.delete(id);
    delete this.savedSeqs[id];
    void space.close();
    const folder = this.folderOf(id);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await this.saving;
    await this.save({ graph: true });
    for (const space of this.spaces.values()) await space.close();
  }

  private load(head: Head): void {
    const { folder } = this.options;
    if (folder !== undefined) mkdirSync(folder, { recursive: true, mode: 0o700 });
    const saved = folder === undefined ? undefined : readStateFile<SavedHost>(join(folder, HOST))?.head;
    const foreign = saved === undefined || saved.epoch !== head.epoch || saved.seq > head.seq;
    this.seed = foreign ? seedOf(head.epoch) : saved.seed;
    this.cursor = foreign ? { epoch: head.epoch, seq: 0 } : { epoch: saved.epoch, seq: saved.seq };
    if (foreign) {
      if (folder !== undefined) discardAll(folder);
      return;
    }
    for (const [id, from] of saved.waiting) this.waiting.set(id, from);
    for (const [id, seq] of Object.entries(saved.spaces)) this.loadSpace(id, seq);
    for (const space of this.spaces.values()) this.tailAllowance += space.tail;
  }

  private loadSpace(id: string, seq: number): void {
    const path = this.folderOf(id)!;
    const { index, wasDamaged } = SpaceIndex.open(undefined, this.spaceOptions(path));
    if (
      index !== undefined &&
      index.position.epoch === this.cursor.epoch &&
      index.position.seq >= seq &&
      !this.waiting.has(id)
    ) {
      if (index.position.seq < this.cursor.seq) index.position = this.cursor;
      this.spaces.set(id, index);
      this.noteWork(id, index);
      this.savedSeqs[id] = index.savedPosition.seq;
      return;
    }
    void index?.close();
    SpaceIndex.discard(path);
    if (!this.waiting.has(id))
      this.events.push(
        `index of space ${id.slice(-8)} was ${wasDamaged ? 'damaged' : 'lost'} and is built again from the store`,
      );
    this.waiting.set(id, 0);
  }

  private openSpace(id: string, descriptor: SpaceDescriptor): SpaceIndex {
    const folder = this.folderOf(id);
    // Whatever lies there is of an earlier life that no manifest knows.
    if (folder !== undefined) SpaceIndex.discard(folder);
    delete this.savedSeqs[id];
    return SpaceIndex.open(descriptor, this.spaceOptions(folder)).index;
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
    return this.options.folder === undefined ? undefined : join(this.options.folder, id);
  }
}

function discardAll(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    rmSync(join(folder, name), { recursive: true, force: true });
}

/** The order of background samples follows from the store's epoch, which nobody else knows beforehand. */
function seedOf(epoch: string): number {
  return authorHash(epoch);
}
