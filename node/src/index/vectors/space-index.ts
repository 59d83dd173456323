import { existsSync, fsyncSync, mkdirSync, openSync, closeSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cursor } from '@cosmicembeddings/sdk';
import type { SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { OWN_MIN, ownBackgroundOf, queryBackgroundOf, type Background, type OwnBackground } from './background.js';
import { Bits } from './bits.js';
import { askedMin, askedOf, Calibration, isDue, levels } from './calibration.js';
import { markCopies } from './copies.js';
import { fileCrc } from './checksum.js';
import { makeUnit } from './dot.js';
import type { ChosenEngine, Graph } from './graph.js';
import { Guard } from './guard.js';
import { Hubs } from './hubs.js';
import { LabelTable } from './label-table.js';
import { rowsFile, type RowFormat } from './row-format.js';
import { RowFile, RowsDamaged, type Budget, type Slots } from './rows.js';
import { scanSlots, scoreAmong, searchRows, type SearchedSpace } from './space-search.js';
import { inFormat, readSavedSpace, stateFile, without, type SavedSpace, type SavedState } from './saved-space.js';
import { writeStateFile } from './state-file.js';
import { TopRows, type ScoredRow } from './top-rows.js';

export interface SpaceOptions {
  /** Folder of this space's files; without one nothing is saved. */
  readonly folder?: string;
  readonly engine: ChosenEngine;
  readonly budget: Budget;
  /** Rows from which on a graph is kept; below, every search scans all rows. */
  readonly graphMin: number;
  readonly guard: boolean;
  /** How rows are kept; default float32, as they came. Those that are saved otherwise are written anew. */
  readonly rows?: RowFormat;
  /** Order of the background sample; differs from node to node. */
  readonly seed: number;
}

export interface SpaceAnswer {
  readonly rows: ScoredRow[];
  readonly background?: Background;
  /** Absent where rows are of no common length, or fewer than two. */
  readonly own?: OwnBackground;
  /** Was every row looked at? */
  readonly exact: boolean;
}

/** Each save writes all of a graph, so one that lacks less than this part is not saved to let it rest. */
const FEW_PART = 32;

/**
 * The rows of one space, by slot in order of arrival: a flat file of float32 rows, a graph over the first `graphTo`
 * of them once there are enough, and a tail behind it that is scanned exactly. Rows are made unit length (except in a
 * dot space that does not promise it), so a score is one dot product.
 */
export class SpaceIndex {
  /** How far the store is contained. */
  position: Cursor = { epoch: '', seq: 0 };
  private saved_: Cursor = { epoch: '', seq: 0 };
  /** When rows were erased that a graph file may still hold. */
  erasedMs: number | null = null;
  /** How many candidates a search asks the graph for, at least. */
  private candidates: number;
  private readonly rows: RowFile;
  private readonly byProduct: boolean;
  private readonly table: LabelTable;
  private readonly dead: Bits;
  readonly hubs: Hubs;
  /** Labels of live rows, kept along with a graph: small spaces are many, and labels count through the whole store. */
  private members: Bits | undefined;
  private graph: Graph | undefined;
  private graphTo = 0;
  private savedGraph: SavedSpace['graph'] = null;
  /** Is the graph to be saved before it rests? */
  private restsNext = false;
  private next: { readonly graph: Graph; to: number } | undefined;
  private calibration: Calibration | undefined;
  /** Rows that the graph had when it was looked at how many candidates it has to be asked for. */
  private calibratedAt = 0;
  private saving: Promise<void> = Promise.resolve();
  private changed = false;
  private lacks_ = false;
  private own: {
    readonly version: number;
    readonly size: number;
    readonly found: Omit<OwnBackground, 'rows'> | undefined;
  } = { version: -2, size: 0, found: undefined };

  private constructor(
    readonly space: SpaceDescriptor,
    private readonly options: SpaceOptions,
    saved?: SavedState,
  ) {
    const { folder, rows: format = 'f32' } = options;
    this.byProduct = space.metric === 'dot' && !space.normalized;
    const path = folder === undefined ? undefined : join(folder, rowsFile(format));
    this.candidates = saved?.head.candidates ?? options.engine.graph?.candidates ?? 0;
    const [labels, hubs, dead, aside, crcs] = saved?.sections ?? [];
    this.rows = new RowFile(
      format,
      space.dims,
      path,
      options.budget,
      saved && { count: saved.head.count, crcs: [...new Uint32Array(crcs!.buffer)] },
    );
    this.dead = new Bits(dead);
    this.table = new LabelTable(this.dead, saved && new Uint32Array(labels!.buffer, 0, saved.head.count));
    const source = {
      alive: (slot: number): boolean => !this.dead.has(slot),
      data: (slot: number): Float32Array => this.rows.at(slot),
      offset: (slot: number): number => this.rows.offset(slot),
    };
    const guard =
      options.guard && !this.byProduct
        ? new Guard(space.dims, source, options.seed, saved?.head.guard ?? undefined)
        : undefined;
    this.hubs = new Hubs(
      guard,
      this.rows,
      this.dead,
      saved && Float32Array.from(new Float32Array(hubs!.buffer)),
      new Bits(aside),
      saved?.head.demotedIn,
    );
    if (saved !== undefined) {
      this.position = this.saved_ = { epoch: saved.head.epoch, seq: saved.head.seq };
      this.erasedMs = saved.head.erasedMs;
      this.lacks_ = saved.head.lacks === true;
      this.openGraph(saved.head);
    }
  }

  /** Opens what is saved in the folder, without the rows that cannot be read (`lacks`); else starts empty. */
  static open(space: SpaceDescriptor, options: SpaceOptions): SpaceIndex {
    const { folder } = options;
    if (folder === undefined) return new SpaceIndex(space, options);
    const saved = SpaceIndex.saved(options);
    if (saved !== undefined) return saved;
    SpaceIndex.discard(folder);
    return new SpaceIndex(space, options);
  }

  /** As `open`; undefined where nothing is, or nothing can be read: it is built again from the store. Changes no file that is sound. */
  static saved(options: SpaceOptions): SpaceIndex | undefined {
    const { folder } = options;
    if (folder === undefined) return undefined;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    let saved = inFormat(options.rows ?? 'f32', folder, readSavedSpace(folder));
    while (saved !== undefined) {
      let index: SpaceIndex | undefined;
      try {
        index = new SpaceIndex(saved.head.space, options, saved);
        if (index.size === 0 && index.lacks) break;
        if (index.lacks) index.rows.lengthen();
        index.rows.check();
        for (const slot of saved.head.wiping) index.rows.forget(slot);
        index.rows.wipe();
        return index;
      } catch (error) {
        index?.rows.close();
        // Any other damage is healed from the store alone.
        saved = error instanceof RowsDamaged ? without(saved, error.slots) : undefined;
      }
    }
    return undefined;
  }

  static discard(folder: string): void {
    for (const name of existsSync(folder) ? readdirSync(folder) : [])
      rmSync(join(folder, name), { force: true, recursive: true });
  }

  /** Live rows. */
  get size(): number {
    return this.rows.count - this.dead.count;
  }

  /** Rows that are scanned because the graph does not have them yet. */
  get tail(): number {
    return this.wantsGraph ? this.rows.count - this.graphTo : 0;
  }

  get status(): SpaceStatus {
    const { guard } = this.hubs;
    return {
      model: this.space.model,
      rows: this.size,
      graphRows: this.graph?.size ?? 0,
      tail: this.tail,
      candidates: this.candidates,
      residentBytes: this.rows.residentBytes,
      guard:
        guard === undefined || !guard.active
          ? null
          : {
              sample: guard.sampleSlots.length,
              threshold: guard.threshold,
              demoted: this.hubs.demotedRows,
              aside: this.hubs.aside.count,
            },
    };
  }

  /** Is there anything that the files do not have? */
  get isChanged(): boolean {
    return this.changed;
  }

  get savedPosition(): Cursor {
    return this.saved_;
  }

  /** Takes a row over; a known label is replaced. `vector` may be changed. True where the row is near everything. */
  append(label: number, vector: Float32Array, author = 0, seenMs = 0): boolean {
    if (vector.length !== this.space.dims)
      throw new RangeError(`row ${label} has ${vector.length} numbers, the space ${this.space.dims}`);
    const known = this.table.slotOf(label);
    if (known >= 0) this.drop(known);
    const slot = this.rows.append(this.byProduct ? vector : makeUnit(vector));
    this.table.append(label);
    this.members?.add(label);
    this.changed = true;
    return this.hubs.append(slot, author, seenMs);
  }

  /** Rows are out of every answer at once; their numbers are overwritten with zeros. Answers how many there were. */
  remove(labels: Iterable<number>, nowMs: number): number {
    let removed = 0;
    for (const label of labels) {
      const slot = this.table.slotOf(label);
      if (slot < 0) continue;
      this.drop(slot);
      if (slot < this.graphTo) this.erasedMs ??= nowMs;
      removed++;
    }
    if (removed > 0) this.hubs.forget();
    return removed;
  }

  /**
   * Rows that cannot be read are out of every answer, and stay out: the space lacks them until it is built again. Answers
   * how many there were.
   */
  leaveOut({ from, to }: Slots): number {
    this.rows.lengthen();
    let left = 0;
    for (let slot = from; slot < Math.min(to, this.rows.count); slot++)
      if (!this.dead.has(slot)) {
        this.drop(slot);
        left++;
      }
    this.lacks_ = true;
    this.changed = true;
    if (left === 0) return 0;
    try {
      this.hubs.forget();
    } catch (error) {
      // What takes their place in the guard's sample may be damaged, too.
      if (!(error instanceof RowsDamaged)) throw error;
      return left + this.leaveOut(error.slots);
    }
    return left;
  }

  /** Were rows left out? */
  get lacks(): boolean {
    return this.lacks_;
  }

  has(label: number): boolean {
    return this.table.slotOf(label) >= 0;
  }

  // ------------------------------------------------------------------------------------------ background work

  /** Is there work for `work`? */
  get hasWork(): boolean {
    return (
      this.hubs.isBehind ||
      this.calibration !== undefined ||
      this.next !== undefined ||
      (this.wantsGraph && this.graphTo < this.rows.count)
    );
  }

  /**
   * One slice of work: at most `rows` rows into the graph (or many more into the guard's books), or a step of finding out how
   * many candidates it needs. False: its time says nothing of rows.
   */
  work(rows: number): boolean {
    if (this.hubs.isBehind) {
      this.hubs.measureSome(rows * 64, this.graphTo);
      this.changed = true;
      return true;
    }
    if (this.calibrates(rows)) return false;
    if (this.wantsGraph && this.graphTo < this.rows.count) {
      this.graph ??= this.options.engine.graph!.create(this.space.dims);
      this.members ??= this.listMembers();
      this.graphTo = this.addTo(this.graph, this.graphTo, Math.min(this.rows.count, this.graphTo + rows));
      this.changed = true;
    } else if (this.next !== undefined) {
      this.next.to = this.addTo(this.next.graph, this.next.to, Math.min(this.graphTo, this.next.to + rows));
    }
    if (this.next !== undefined && this.next.to === this.graphTo) {
      this.graph = this.next.graph;
      this.next = undefined;
      this.savedGraph = null;
      this.erasedMs = null;
      this.changed = true;
    }
    return true;
  }

  /** One step of a calibration that is due or under way; false where there is none. */
  private calibrates(next: number): boolean {
    const { graph, graphTo, rows } = this;
    if (graph === undefined) return false;
    if (this.calibration === undefined) {
      if (!isDue(graph.size, rows.count - graphTo, next, this.calibratedAt)) return false;
      this.calibratedAt = graph.size;
      const asked = askedOf({ from: graphTo, to: rows.count }).filter((slot) => !this.dead.has(slot));
      const queries = asked.map((slot) => rows.copy(slot));
      if (queries.length < askedMin) return false;
      const here = (candidates?: number): SearchedSpace => ({
        ...this.searched,
        graphTo: this.rows.count,
        ...(candidates === undefined ? {} : { candidates }),
      });
      this.calibration = new Calibration(
        {
          scan: (query, top, slots) => scanSlots(here(), query, top, { allow: undefined, ...slots }),
          near: (query, k, candidates) => {
            const top = new TopRows(k);
            searchRows(here(candidates), query, top, undefined, false);
            return top.take().map(({ label }) => label);
          },
        },
        queries,
        graphTo,
      );
    }
    const candidates = this.calibration.step();
    if (candidates === undefined) return true;
    this.calibration = undefined;
    this.candidates = candidates;
    this.changed = true;
    return true;
  }

  /**
   * Nothing is to be done: the graph rests on its file, if the file has it all. Of one that lacks more than a few rows it is to be
   * saved first, then this answers true.
   */
  settle(): boolean {
    const { graph, graphTo, savedGraph } = this;
    const { folder } = this.options;
    if (folder === undefined || graph?.rest === undefined || graph.isResting === true || this.hasWork) return false;
    const lacking = graphTo - (savedGraph?.to ?? 0);
    if (lacking === 0) graph.rest(join(folder, savedGraph!.file));
    if (this.restsNext || lacking * FEW_PART <= graphTo) return false;
    this.restsNext = this.changed = true;
    return true;
  }

  /** Reads some rows that are not in memory; false where there are none, or not all have room. @throws RowsDamaged */
  readSome(): boolean {
    return this.rows.readSome();
  }

  /** Outlines some rows that are not in memory; false where there are none. @throws RowsDamaged */
  outlineSome(): boolean {
    // An outline bounds the product with a query of length one.
    return !this.byProduct && this.rows.outlineSome();
  }

  /** Starts building a graph without the erased rows; it replaces the present one when it is complete. */
  rebuild(): void {
    if (this.graph === undefined) this.erasedMs = null;
    else if (this.next === undefined) {
      this.hubs.takenIn = 0;
      this.next = { graph: this.options.engine.graph!.create(this.space.dims), to: 0 };
    }
  }

  /** More holes than rows: cheaper to build the whole space again. */
  get isMostlyHoles(): boolean {
    return this.dead.count > 4096 && this.dead.count > this.size;
  }

  // ------------------------------------------------------------------------------------------ search

  /** How many candidates a search asks the graph for, at least. */
  get asksFor(): number {
    return this.candidates;
  }

  /** More or fewer candidates from now on, by a factor, within bounds. */
  askFor(factor: number): void {
    this.candidates = Math.round(Math.min(levels.at(-1)!, Math.max(levels[0], this.candidates * factor)));
  }

  /** At most k rows, best first; `allow`: bitset over labels; `among`: the labels to score. @throws RowsDamaged */
  search(
    query: Float32Array,
    k: number,
    options: {
      readonly allow?: Uint8Array;
      readonly among?: Uint32Array;
      readonly background?: boolean;
      readonly exact?: boolean;
    } = {},
  ): SpaceAnswer {
    if (query.length !== this.space.dims)
      throw new RangeError(`query has ${query.length} numbers, the space ${this.space.dims}`);
    const q = this.byProduct ? query : makeUnit(query.slice());
    const top = new TopRows(Math.min(k, this.size));
    const { allow, among } = options;
    const exact =
      among === undefined
        ? searchRows(this.searched, q, top, allow, options.exact === true)
        : scoreAmong(this.searched, q, top, among);
    const background = options.background === true ? this.backgroundOf(q) : undefined;
    const own = this.byProduct ? undefined : this.ownBackground();
    return {
      rows: own === undefined ? top.take() : this.withCopies(top.take(), own.mean),
      exact,
      ...(background === undefined ? {} : { background }),
      ...(own === undefined ? {} : { own }),
    };
  }

  /** A copy of a row; undefined where there is none of that label. @throws RowsDamaged */
  rowOf(label: number): Float32Array | undefined {
    const slot = this.table.slotOf(label);
    return slot < 0 ? undefined : this.rows.copy(slot);
  }

  /** Copies of about n rows from all over the space. @throws RowsDamaged */
  sampleOf(n: number): readonly Float32Array[] {
    const step = Math.max(1, Math.floor(this.rows.count / n));
    const found: Float32Array[] = [];
    for (let slot = 0; slot < this.rows.count; slot += step) if (!this.dead.has(slot)) found.push(this.rows.copy(slot));
    return found;
  }

  private get searched(): SearchedSpace {
    const { rows, table, dead, hubs, graph, graphTo, members, candidates } = this;
    return { rows, table, dead, hubs, graph, graphTo, members, candidates };
  }

  private withCopies(rows: readonly ScoredRow[], usual: number): ScoredRow[] {
    return markCopies(
      rows,
      (label) => {
        const slot = this.table.slotOf(label);
        return slot < 0 ? undefined : this.rows.lasting(slot);
      },
      this.space.dims,
      usual,
    );
  }

  /** Offers the rows of some slots, exactly scored; answers where the next part begins. For a query of any length. */
  scanPart(query: Float32Array, top: TopRows, from: number, to: number): number {
    const end = Math.min(to, this.rows.count);
    scanSlots(this.searched, makeUnit(query.slice()), top, { allow: undefined, from, to: end, withAside: true });
    return Math.max(from, end);
  }

  /** Of the guard's sample, or of rows all over the space; taken anew when the sample changed or the rows have doubled. */
  private ownBackground(): OwnBackground | undefined {
    const { size } = this;
    const { guard } = this.hubs;
    const version = guard?.active === true ? guard.version : -1;
    if (this.own.version !== version || size >= 2 * this.own.size || size < this.own.size / 2 || size < OWN_MIN)
      this.own = { version, size, found: this.measureOwn(version >= 0 ? guard!.sampleSlots : undefined) };
    return this.own.found === undefined ? undefined : { ...this.own.found, rows: size };
  }

  private measureOwn(sample: readonly number[] | undefined): Omit<OwnBackground, 'rows'> | undefined {
    const from =
      sample ?? Array.from({ length: this.rows.count }, (_, slot) => slot).filter((slot) => !this.dead.has(slot));
    return ownBackgroundOf(this.rows, from, this.space.dims);
  }

  private backgroundOf(q: Float32Array): Background | undefined {
    const { guard } = this.hubs;
    return guard === undefined ? undefined : queryBackgroundOf(q, guard.background);
  }

  // ------------------------------------------------------------------------------------------ files

  /** Saves rows and position as one; the graph too, if it grew enough to be worth it or `graph` says so. */
  async save(options: { readonly graph?: boolean } = {}): Promise<void> {
    const { folder } = this.options;
    if (folder === undefined) throw new Error('this index has no folder');
    const turn = this.saving.then(() => this.write(folder, options.graph ?? false));
    this.saving = turn.catch(() => undefined);
    return turn;
  }

  private async write(folder: string, always: boolean): Promise<void> {
    const before = this.savedGraph;
    if (
      this.graph !== undefined &&
      (always || this.restsNext
        ? this.graphTo !== (before?.to ?? 0)
        : this.graphTo - (before?.to ?? 0) >= Math.max(8192, (before?.to ?? 0) / 8))
    ) {
      const [graph, to] = [this.graph, this.graphTo];
      const file = `graph-${Number(/\d+/.exec(before?.file ?? '')?.[0] ?? 0) + 1}.bin`;
      const path = join(folder, file);
      const size = graph.size;
      graph.save(path);
      const fd = openSync(path, 'r+');
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      const crc = await fileCrc(path);
      this.restsNext = false;
      // A graph that was replaced meanwhile (erasures) must not come back.
      if (graph === this.graph) this.savedGraph = { file, crc, to, size };
    }
    // Fsyncs are what many small spaces would cost most, and a small space is soon read from the store again.
    // Rows beside others that are being wiped go without a checksum: they must be there before the state says so.
    const durable = this.graph !== undefined || this.erasedMs !== null || this.rows.toWipe.length > 0;
    const { count, crcs } = this.rows.flush(durable);
    const head: SavedSpace = {
      ...this.position,
      space: this.space,
      engine: this.options.engine.name,
      count,
      graph: this.savedGraph,
      guard: this.hubs.guard?.state() ?? null,
      demotedIn: this.hubs.takenIn,
      erasedMs: this.erasedMs,
      candidates: this.candidates,
      ...(this.rows.format === 'f32' ? {} : { rows: this.rows.format }),
      wiping: this.rows.toWipe,
      ...(this.lacks_ ? { lacks: true } : {}),
    };
    const sections = [
      bytesOf(this.table.labels, count),
      this.hubs.bytes(count),
      this.dead.copy(count),
      this.hubs.aside.copy(count),
      new Uint8Array(Uint32Array.from(crcs).buffer),
    ];
    writeStateFile(stateFile(folder), { head, sections }, durable);
    this.changed = false;
    this.rows.wipe();
    this.saved_ = { epoch: head.epoch, seq: head.seq };
    for (const name of readdirSync(folder))
      if (name.startsWith('graph-') && name !== this.savedGraph?.file) rmSync(join(folder, name), { force: true });
  }

  async close(): Promise<void> {
    await this.saving;
    this.rows.close();
  }

  // ------------------------------------------------------------------------------------------ inside

  get keepsGraph(): boolean {
    return this.wantsGraph;
  }

  private get wantsGraph(): boolean {
    return (
      this.options.engine.graph !== undefined &&
      !this.byProduct &&
      (this.graph !== undefined || this.rows.count >= this.options.graphMin)
    );
  }

  /** Rows [from, to) into a graph, but for dead and far ones. Answers `to`. */
  private addTo(graph: Graph, from: number, to: number): number {
    const { dims } = this.space;
    const slots = new Uint32Array(to - from);
    const flat = new Float32Array((to - from) * dims);
    let n = 0;
    for (let slot = from; slot < to; slot++) {
      if (this.dead.has(slot) || this.hubs.aside.has(slot) || this.hubs.isCrowding(slot, graph.size + n)) continue;
      const data = this.rows.at(slot);
      const at = this.rows.offset(slot);
      flat.set(data.subarray(at, at + dims), n * dims);
      slots[n++] = slot;
    }
    if (n > 0) graph.add(slots.subarray(0, n), flat.subarray(0, n * dims));
    return to;
  }

  private drop(slot: number): void {
    this.dead.add(slot);
    this.members?.delete(this.table.labels[slot]!);
    this.table.drop(slot);
    this.rows.forget(slot);
    this.hubs.dropped();
    this.changed = true;
  }

  private listMembers(): Bits {
    const members = new Bits();
    for (let slot = 0; slot < this.rows.count; slot++) if (!this.dead.has(slot)) members.add(this.table.labels[slot]!);
    return members;
  }

  /** A graph that is lost, damaged or another engine's is built again from the rows; until then they are the tail. */
  private openGraph(head: SavedSpace): void {
    const { engine, folder } = this.options;
    if (head.graph === null || engine.graph === undefined || head.engine !== engine.name) return;
    const path = join(folder!, head.graph.file);
    try {
      if (fileCrc.sync(path) !== head.graph.crc) throw new Error(`${path} is damaged`);
      this.graph = engine.graph.load(path, this.space.dims, head.graph.size);
      this.graphTo = head.graph.to;
      this.savedGraph = head.graph;
      this.calibratedAt = this.graph.size;
      this.members = this.listMembers();
    } catch {
      this.graph = undefined;
      // Whatever stands there: the next graph may get its name.
      rmSync(path, { recursive: true, force: true });
    }
  }
}

export interface SpaceStatus {
  readonly model: string;
  readonly rows: number;
  readonly graphRows: number;
  readonly tail: number;
  readonly candidates: number;
  readonly residentBytes: number;
  readonly guard: {
    readonly sample: number;
    readonly threshold: number;
    readonly demoted: number;
    readonly aside: number;
  } | null;
}

function bytesOf(array: Uint32Array, count: number): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, count * 4);
}
