import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { TailItem } from '@cosmicembeddings/sdk';
import { NONE, type Neighbours } from '../vectors/index.js';
import { alignTo, amid, startFrom } from './arrange.js';
import { Descent } from './descent.js';
import { mapFile, readMap, writeMap, type Frame } from './file.js';
import { belonging, fuzzyUnion, NOBODY, type FuzzyGraph, type Near } from './graph.js';
import { Points } from './points.js';
import { cellOf, hillsOf, type Hills } from './regions.js';
import { typicalWords } from './typical.js';
import { packMap, within, type MapHead } from './wire.js';

export interface SpaceMapOptions {
  readonly space: string;
  /** Data folder. */
  readonly folder: string;
  readonly rules: MapRules;
  /** Rows of every block with a text, whatever space they are in: made here, in a home space. */
  readonly ofAll: boolean;
  /** Neighbours of rows, by the index. */
  near(labels: Uint32Array, k: number): Promise<Neighbours | undefined>;
  /** The text of a row, where it has one. */
  textOf(id: string, row: number): string | undefined;
  /** Not while rows are being erased: what is written then would outlive them. Default: it may. */
  mayWrite?(): boolean;
  nowMs(): number;
}

export interface MapRules {
  /** Fewer rows make no map, and of more an even sample is drawn. */
  readonly rowsMin: number;
  readonly rowsMax: number;
  readonly saveEveryMs: number;
}

export const mapRules: MapRules = { rowsMin: 200, rowsMax: 100_000, saveEveryMs: 15_000 };

/** UMAP's usual number of neighbours. */
const K = 15;
/** Rows that are asked about at a time; the index answers for as many as take a moment. */
const ASKED = 64;
const SLICE_MS = 20;
/** Epochs of a whole layout, as `umap-learn` has them, and of rows that are added. */
const EPOCHS_SMALL = 500;
const EPOCHS_LARGE = 200;
const LARGE = 10_000;
const EPOCHS_ADDED = 30;
const RATE_ADDED = 0.3;
/** Rows that are added at a time. */
const ADDED = 4096;
/** All is laid out anew when so much of it is new. */
const NEW_PART = 0.2;
/** Regions are named anew when so much of the map is. */
const REGIONS_PART = 0.02;
/** Texts of a region that its words are taken from. */
const TEXTS = 96;
const TEXTS_AT_ONCE = 4;
/** Rows that the index did not have are asked for again after this. */
const AGAIN_MS = 5_000;
const RETRY_MAX_MS = 10 * 60_000;
/** Where rows go that are near to nobody who has a place: so far from the middle, in sides of the frame. */
const EDGE = 0.45;
const FAR = 1e6;
/** Around the outermost points. */
const MARGIN = 0.03;

type Stage = Pick<MapHead, 'state' | 'done'>;

/** The map of one space: which rows are on it, where, and what is to be done next. Works in slices; knows no thread. */
export class SpaceMap {
  private readonly points = new Points();
  private places = new Map<number, readonly [number, number]>();
  private frame: Frame = { x: 0, y: 0, size: 1 };
  private laidOut = 0;
  /** Rows added, or gone, since the last whole layout, and since regions were named. */
  private changed = 0;
  private unnamed = Infinity;
  private savedChanges = 0;
  private share = 1;
  private hills: Hills | undefined;
  private words: readonly (readonly string[])[] = [];
  private hidden: Uint8Array = new Uint8Array(0);
  private job: AsyncGenerator<void> | undefined;
  private stage: Stage = { state: 'reading', done: 0 };
  private version = 0;
  private packed: { readonly version: number; readonly bytes: Uint8Array; readonly tag: string } | undefined;
  private dirty = false;
  private savedMs: number;
  private askAgainMs = 0;
  /** Rows that the index did not have when it was asked; they are asked for again ever more seldom. */
  private readonly lacking = new Set<number>();
  private retry = { atMs: 0, afterMs: AGAIN_MS };
  private read = false;
  /** Places of a layout under way, to be looked at where there is none yet. */
  private growing: { readonly labels: Uint32Array; readonly places: Float32Array } | undefined;

  constructor(
    private readonly options: SpaceMapOptions,
    private epoch: string,
  ) {
    this.savedMs = options.nowMs();
    this.open();
  }

  // ------------------------------------------------------------------------------------------ following

  take(item: TailItem): void {
    if (item.type === 'erase') return this.erase(item.firstLabel, item.rows);
    if (item.replaces !== undefined) this.drop(item.replaces.firstLabel, item.replaces.rows);
    const { id, entry, firstLabel, timeMs, erased } = item.block;
    const { space, rows, author, tags } = entry;
    const isOurs = rows > 0 && entry.inert === undefined && erased === undefined && space !== undefined;
    if (!isOurs || (space === this.options.space) === this.options.ofAll) return;
    const block = { id, author, tags, space, timeMs, firstLabel };
    for (let label = firstLabel; label < firstLabel + rows; label++) {
      if (!this.isSampled(label) || this.points.has(label)) continue;
      this.points.add(label, block);
      const place = this.places.get(label);
      if (place === undefined) continue;
      this.points.place(label, ...place);
      this.places.delete(label);
    }
    this.version++;
    this.askAgainMs = 0;
    if (this.points.size > this.options.rules.rowsMax) this.thin();
  }

  /** All that there is was read: what was saved of rows that are gone is forgotten. */
  caughtUp(): void {
    if (this.read) return;
    this.read = true;
    if (this.places.size > 0) this.dirty = true;
    this.places.clear();
    this.changed = this.savedChanges;
    this.version++;
  }

  restart(epoch: string): void {
    void this.job?.return(undefined);
    this.job = undefined;
    for (const label of this.points.labels) this.points.remove(label);
    this.places.clear();
    this.lacking.clear();
    this.epoch = epoch;
    this.laidOut = this.changed = this.savedChanges = 0;
    this.hills = undefined;
    this.growing = undefined;
    this.dirty = true;
    this.read = false;
    this.version++;
  }

  hide(bits: Uint8Array): void {
    this.hidden = bits;
    this.unnamed = Infinity;
    this.version++;
  }

  /** Words of regions may be its words alone: they go at once, and regions are named anew from what is left. */
  private erase(firstLabel: number, rows: number): void {
    const { version } = this;
    const hadPlaces = this.places.size;
    this.drop(firstLabel, rows);
    if (this.version === version && this.places.size === hadPlaces) return;
    // Its file goes at once: the node may be ended before it is written again.
    rmSync(mapFile(this.options.folder, this.options.space), { force: true });
    this.isLost();
    this.words = [];
    this.unnamed = Infinity;
  }

  private drop(firstLabel: number, rows: number): void {
    for (let label = firstLabel; label < firstLabel + rows; label++) {
      this.places.delete(label);
      this.lacking.delete(label);
      if (!this.points.remove(label)) continue;
      this.changed++;
      this.unnamed++;
      this.dirty = true;
      this.version++;
    }
  }

  /** An even part of all rows, the same ones every time. */
  private isSampled(label: number): boolean {
    return this.share === 1 || (Math.imul(label + 1, 0x9e3779b1) >>> 0) / 2 ** 32 < this.share;
  }

  private thin(): void {
    this.share /= 2;
    for (const label of this.points.labels) if (!this.isSampled(label)) this.drop(label, 1);
  }

  // ------------------------------------------------------------------------------------------ work

  /** One slice of what there is to do; false where there is nothing. */
  async step(): Promise<boolean> {
    if (!this.read) return false;
    this.job ??= this.next();
    if (this.job === undefined) return this.saveIfDue();
    try {
      const { done } = await this.job.next();
      if (done === true) this.job = undefined;
    } catch (error) {
      this.job = undefined;
      this.growing = undefined;
      this.askAgainMs = this.options.nowMs() + AGAIN_MS;
      throw error;
    }
    this.saveIfDue();
    return true;
  }

  /** Writes what is not written yet. */
  save(): void {
    const { space, folder, mayWrite } = this.options;
    if (!this.dirty || mayWrite?.() === false) return;
    const kept = Array.from(this.points.labels.keys()).filter((i) => this.points.isPlaced(i));
    writeMap(folder, {
      epoch: this.epoch,
      space,
      laidOut: this.laidOut,
      changed: this.changed,
      frame: this.frame,
      labels: Uint32Array.from(kept, (i) => this.points.labelAt(i)),
      xs: Float32Array.from(kept, (i) => this.points.xAt(i)),
      ys: Float32Array.from(kept, (i) => this.points.yAt(i)),
    });
    this.dirty = false;
    this.savedMs = this.options.nowMs();
  }

  /** Its file is gone: it is written again. */
  isLost(): void {
    if (this.points.placed > 0) this.dirty = true;
  }

  saveIfDue(): false {
    if (this.dirty && this.options.nowMs() - this.savedMs >= this.options.rules.saveEveryMs) this.save();
    return false;
  }

  private next(): AsyncGenerator<void> | undefined {
    const { points, options } = this;
    if (points.size < options.rules.rowsMin && this.laidOut === 0) {
      this.to('few', 0);
      return undefined;
    }
    const nowMs = options.nowMs();
    const fresh = points.size - points.placed - this.lacking.size;
    if (nowMs >= this.askAgainMs) {
      if (this.laidOut === 0 || this.changed + fresh > NEW_PART * this.laidOut) return this.layOut();
      if (fresh > 0) return this.addRows((label) => !this.lacking.has(label));
      if (this.lacking.size > 0 && nowMs >= this.retry.atMs) {
        this.retry = { atMs: nowMs + this.retry.afterMs, afterMs: Math.min(RETRY_MAX_MS, 2 * this.retry.afterMs) };
        return this.addRows((label) => this.lacking.has(label));
      }
    }
    if (points.placed > 0 && this.unnamed > REGIONS_PART * points.placed) return this.nameRegions();
    if (this.laidOut > 0) this.to('ready', 1);
    return undefined;
  }

  private to(state: Stage['state'], done: number): void {
    if (this.stage.state !== state || Math.abs(this.stage.done - done) >= 0.01) this.version++;
    this.stage = { state, done };
  }

  /** All of it, from the axes of the space or from where rows are. */
  private async *layOut(): AsyncGenerator<void> {
    const asked = this.points.labels;
    const first = this.laidOut === 0;
    const { near, axes, known } = yield* this.gather(asked, first ? 'neighbours' : undefined);
    if (known === 0) return void (this.askAgainMs = this.options.nowMs() + AGAIN_MS);
    const before = new Float32Array(asked.length * 2);
    const pairs: (readonly [number, number])[] = [];
    asked.forEach((label, i) => {
      const index = this.points.indexOf(label);
      if (index === undefined || !this.points.isPlaced(index)) return;
      before[2 * i] = this.points.xAt(index);
      before[2 * i + 1] = this.points.yAt(index);
      pairs.push([i, i]);
    });
    const places = startFrom(axes, SEED);
    if (pairs.length > 0) this.startAmid(places, before, pairs, near);
    yield;
    const graph = fuzzyUnion(near);
    yield;
    const epochs = asked.length > LARGE ? EPOCHS_LARGE : EPOCHS_SMALL;
    const descent = new Descent({ places, graph, epochs, seed: SEED });
    if (first) this.growing = { labels: asked, places };
    while (descent.run(SLICE_MS)) {
      if (first) this.to('layout', HALF + HALF * descent.done);
      yield;
    }
    this.growing = undefined;
    alignTo(places, before, pairs);
    asked.forEach((label, i) => {
      if (this.knows(near, i, label)) this.points.place(label, places[2 * i]!, places[2 * i + 1]!);
    });
    this.frame = this.frameOf();
    this.laidOut = this.points.placed;
    this.changed = 0;
    this.unnamed = Infinity;
    this.dirty = true;
    this.savedMs = -Infinity;
    this.version++;
  }

  /** What the index did not have has no neighbours and no place. */
  private knows({ points }: Near, i: number, label: number): boolean {
    if (points.subarray(i * K, (i + 1) * K).some((one) => one !== NOBODY)) {
      this.lacking.delete(label);
      return true;
    }
    if (this.points.has(label)) this.lacking.add(label);
    return false;
  }

  /** Rows that have a place begin there, others amid their neighbours that have one. */
  private startAmid(
    places: Float32Array,
    before: Float32Array,
    pairs: readonly (readonly [number, number])[],
    near: Near,
  ): void {
    const placed = new Uint8Array(places.length / 2);
    for (const [i] of pairs) {
      placed[i] = 1;
      places[2 * i] = before[2 * i]!;
      places[2 * i + 1] = before[2 * i + 1]!;
    }
    const weights = belonging(near);
    for (let i = 0; i < placed.length; i++) {
      if (placed[i] === 1) continue;
      const around = Array.from({ length: K }, (_, j) => i * K + j).filter((at) => placed[near.points[at]!] === 1);
      const place = amid(
        around.map((at) => {
          const one = near.points[at]!;
          return { x: before[2 * one]!, y: before[2 * one + 1]!, weight: weights[at]! };
        }),
      );
      places[2 * i] = place?.x ?? places[2 * i]!;
      places[2 * i + 1] = place?.y ?? places[2 * i + 1]!;
    }
  }

  /** New rows among their neighbours; the others stay where they are. */
  private async *addRows(isWanted: (label: number) => boolean): AsyncGenerator<void> {
    const fresh: number[] = [];
    const held: number[] = [];
    this.points.labels.forEach((label, i) => {
      if (this.points.isPlaced(i)) held.push(label);
      else if (fresh.length < ADDED && isWanted(label)) fresh.push(label);
    });
    const { near, axes, known } = yield* this.gather(Uint32Array.from(fresh), undefined, Uint32Array.from(held));
    if (known === 0) this.askAgainMs = this.options.nowMs() + AGAIN_MS;
    // Indexes: those that stay first, then the new ones.
    const first = held.length;
    const places = new Float32Array((first + fresh.length) * 2).fill(NaN);
    held.forEach((label, i) => {
      const index = this.points.indexOf(label);
      if (index !== undefined) places.set([this.points.xAt(index), this.points.yAt(index)], 2 * i);
    });
    const weights = belonging(near);
    const edges: { readonly from: number; readonly to: number; readonly weight: number }[] = [];
    const wanted: number[] = [];
    fresh.forEach((label, i) => {
      if (!this.knows(near, i, label)) return;
      wanted.push(i);
      for (let at = i * K; at < (i + 1) * K; at++)
        if (near.points[at] !== NOBODY) edges.push({ from: first + i, to: near.points[at]!, weight: weights[at]! });
    });
    // Amid those that have a place; then amid these; what is near to nobody placed goes to the edge, alike beside alike.
    for (let round = 0; round < 2; round++) {
      const around = new Map<number, { x: number; y: number; weight: number }[]>();
      for (const { from, to, weight } of edges) {
        if (Number.isNaN(places[2 * to]!) || !Number.isNaN(places[2 * from]!)) continue;
        const one = { x: places[2 * to]!, y: places[2 * to + 1]!, weight };
        around.set(from, [...(around.get(from) ?? []), one]);
      }
      for (const [from, neighbours] of around) {
        const place = amid(neighbours);
        if (place !== undefined) places.set([place.x, place.y], 2 * from);
      }
    }
    const { x, y, size } = this.frame;
    for (const i of wanted) {
      if (!Number.isNaN(places[2 * (first + i)]!)) continue;
      const angle = Math.atan2(axes[2 * i + 1]!, axes[2 * i]!);
      places.set(
        [x + size * (0.5 + EDGE * Math.cos(angle)), y + size * (0.5 + EDGE * Math.sin(angle))],
        2 * (first + i),
      );
    }
    const used = edges.filter(({ to }) => !Number.isNaN(places[2 * to]!));
    const graph: FuzzyGraph = {
      from: Uint32Array.from(used, ({ from }) => from),
      to: Uint32Array.from(used, ({ to }) => to),
      weights: Float32Array.from(used, ({ weight }) => weight),
    };
    // What has gone meanwhile pushes nobody: far away no force is left.
    for (let i = 0; i < places.length; i++) if (Number.isNaN(places[i]!)) places[i] = FAR;
    const descent = new Descent({
      places,
      graph,
      epochs: EPOCHS_ADDED,
      rate: RATE_ADDED,
      movesFrom: first,
      seed: SEED,
    });
    while (descent.run(SLICE_MS)) yield;
    for (const i of wanted) this.points.place(fresh[i]!, places[2 * (first + i)]!, places[2 * (first + i) + 1]!);
    if (wanted.length === 0) return;
    this.changed += wanted.length;
    this.unnamed += wanted.length;
    this.dirty = true;
    this.version++;
  }

  /** Neighbours by index among `labels` and, where given, `others` before them. */
  private async *gather(
    labels: Uint32Array,
    stage: 'neighbours' | undefined,
    others: Uint32Array = new Uint32Array(0),
  ): AsyncGenerator<void, { readonly near: Near; readonly axes: Float32Array; readonly known: number }> {
    const indexes = new Map<number, number>();
    others.forEach((label, i) => indexes.set(label, i));
    labels.forEach((label, i) => indexes.set(label, others.length + i));
    const points = new Uint32Array(labels.length * K).fill(NOBODY);
    const distances = new Float32Array(labels.length * K);
    const axes = new Float32Array(labels.length * 2);
    // Of a sample some neighbours are elsewhere.
    const wanted = Math.min(64, Math.ceil(K / this.share));
    let known = 0;
    for (let at = 0; at < labels.length;) {
      const found = await this.options.near(labels.subarray(at, at + ASKED), wanted);
      if (found === undefined) return { near: { k: K, points, distances }, axes, known: 0 };
      for (let i = 0; i < found.done; i++) {
        let n = 0;
        for (let j = i * wanted; j < (i + 1) * wanted && n < K; j++) {
          const label = found.labels[j]!;
          const index = label === NONE ? undefined : indexes.get(label);
          if (index === undefined) continue;
          points[(at + i) * K + n] = index;
          distances[(at + i) * K + n++] = Math.max(0, 1 - found.scores[j]!);
        }
        if (n > 0) known++;
      }
      axes.set(found.axes, 2 * at);
      at += found.done;
      if (stage !== undefined) this.to(stage, HALF * (at / labels.length));
      yield;
    }
    return { near: { k: K, points, distances }, axes, known };
  }

  private async *nameRegions(): AsyncGenerator<void> {
    const shown = Array.from(this.points.labels.keys()).filter(
      (i) => this.points.isPlaced(i) && !this.isHidden(this.points.labelAt(i)),
    );
    const places = shown.map((i) => within(this.frame, this.points.xAt(i), this.points.yAt(i)));
    const hills = hillsOf(
      places.map(([x]) => x),
      places.map(([, y]) => y),
    );
    this.unnamed = 0;
    yield;
    const members: number[][] = hills.tops.map(() => []);
    shown.forEach((index, i) => {
      const region = hills.cells[cellAt(places[i]!)]!;
      if (region > 0) members[region - 1]!.push(index);
    });
    const sampled = members.map((of) => {
      const step = Math.max(1, of.length / TEXTS);
      const some = Array.from({ length: Math.min(of.length, TEXTS) }, (_, i) => of[Math.floor(i * step)]!);
      return some.map((index) => ({ block: this.points.blockAt(index), label: this.points.labelAt(index) }));
    });
    const texts: string[][] = [];
    for (const some of sampled) {
      const found: string[] = [];
      for (const [i, { block, label }] of some.entries()) {
        const text = this.options.textOf(block.id, label - block.firstLabel);
        if (text !== undefined) found.push(text);
        if (i % TEXTS_AT_ONCE === TEXTS_AT_ONCE - 1) yield;
      }
      texts.push(found);
      yield;
    }
    // What was erased or hidden meanwhile may be among these texts; then regions are named again.
    this.words = this.unnamed === Infinity ? [] : typicalWords(texts);
    this.hills = hills;
    this.version++;
  }

  private isHidden(label: number): boolean {
    return ((this.hidden[label >> 3] ?? 0) & (1 << (label & 7))) !== 0;
  }

  private frameOf(): Frame {
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < this.points.size; i++) {
      if (!this.points.isPlaced(i)) continue;
      x0 = Math.min(x0, this.points.xAt(i));
      y0 = Math.min(y0, this.points.yAt(i));
      x1 = Math.max(x1, this.points.xAt(i));
      y1 = Math.max(y1, this.points.yAt(i));
    }
    return frameAround(x0, y0, x1, y1);
  }

  // ------------------------------------------------------------------------------------------ answers

  /** Bytes of the map as it is now (specs/map.md), with a tag that is another one for other bytes. */
  answer(): { readonly bytes: Uint8Array; readonly tag: string } {
    if (this.packed?.version === this.version) return this.packed;
    const bytes = packMap(
      {
        version: 1,
        space: this.options.space,
        ...this.stage,
        rows: this.points.size,
        share: this.share,
        least: this.options.rules.rowsMin,
      },
      ...this.shown(),
    );
    const tag = createHash('sha256').update(bytes).digest('base64url').slice(0, 27);
    this.packed = { version: this.version, bytes, tag };
    return this.packed;
  }

  private shown(): Parameters<typeof packMap> extends [unknown, ...infer Rest] ? Rest : never {
    const isHidden = (label: number): boolean => this.isHidden(label);
    const { growing } = this;
    if (growing === undefined)
      return [this.points, { frame: this.frame, hills: this.hills, words: this.words, isHidden }];
    const seen = new Points();
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    growing.labels.forEach((label, i) => {
      const index = this.points.indexOf(label);
      if (index === undefined) return;
      const [x, y] = [growing.places[2 * i]!, growing.places[2 * i + 1]!];
      seen.add(label, this.points.blockAt(index));
      seen.place(label, x, y);
      [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
    });
    return [seen, { frame: frameAround(x0, y0, x1, y1), hills: undefined, words: [], isHidden }];
  }

  private open(): void {
    const { folder, space } = this.options;
    const saved = readMap(mapFile(folder, space));
    if (saved === undefined || saved.epoch !== this.epoch || saved.space !== space) return;
    const { labels, xs, ys, frame, laidOut, changed } = saved;
    labels.forEach((label, i) => this.places.set(label, [xs[i]!, ys[i]!]));
    this.frame = frame;
    this.laidOut = laidOut;
    this.savedChanges = changed;
  }
}

const SEED = 0x5eed;
/** Of the time of a whole layout, about. */
const HALF = 0.5;

function cellAt([x, y]: readonly [number, number]): number {
  return cellOf(x, y);
}

function frameAround(x0: number, y0: number, x1: number, y1: number): Frame {
  if (!(x1 >= x0)) return { x: 0, y: 0, size: 1 };
  const size = Math.max(x1 - x0, y1 - y0, 1e-6) * (1 + 2 * MARGIN);
  return { x: (x0 + x1 - size) / 2, y: (y0 + y1 - size) / 2, size };
}
