import { concatBytes } from '../bytes.js';
import type { DecidedItem } from '../ports/index.js';
import { frameLimits } from './frames.js';
import type { ItemSet } from './item-set.js';
import { createReconciler, type Reconciler } from './negentropy.js';
import { CELL_BYTES, SKETCH_CELLS, type Sketch } from './sketch.js';
import { guarded, inFrames, type Line } from './wishes.js';

/** Rounds of a reconciliation that may pass without a find; an honest one needs fewer than ten. */
const BARREN_ROUNDS_MAX = 64;

/** Cells of the other side's table that are asked for. */
export interface Ask {
  readonly from: number;
  readonly cells: number;
  readonly counts: number;
}

/** First cells: enough for some twelve items; the counts behind them tell how many more it takes, to 10 %. */
const FIRST: Ask = { from: 0, cells: 28, counts: 160 };
/** Cells for each item that two sets are thought to differ in. */
const CELLS_PER_ITEM = 1.6;

interface Begun {
  reconciler?: Reconciler;
  set?: ItemSet;
  reply?: Uint8Array;
  /** Compares by sketch: our own as it was at the beginning, and the cells that have come. */
  sketch?: { readonly own: Sketch; theirs: Uint8Array; readonly set: ItemSet };
  readonly bySketch: boolean;
  have: number;
  need: number;
  rounds: number;
  barren: number;
  sentMs: number;
}

/** The comparison that this side leads, one at a time: by sketch where both keep one, else range by range. */
export class Comparing {
  private begun: Begun | undefined;
  /** The last comparison by sketch found nothing: the next one trusts other sums. */
  private sketchWasBarren = false;

  constructor(
    private readonly line: Line,
    /** A comparison range by range found nothing in this set. */
    private readonly onSame: (set: ItemSet, nowMs: number) => void = () => undefined,
  ) {}

  get isUnderWay(): boolean {
    return this.begun !== undefined;
  }

  /** Since when the other side owes an answer; undefined where it owes none. */
  get askedMs(): number | undefined {
    const { begun } = this;
    const waits = begun !== undefined && (begun.reconciler ?? begun.sketch) !== undefined && begun.reply === undefined;
    return waits ? begun.sentMs : undefined;
  }

  /** The time until now does not count: the host took no frames. */
  excuse(nowMs: number): void {
    if (this.begun !== undefined) this.begun.sentMs = nowMs;
  }

  stop(): void {
    this.begun = undefined;
  }

  /** `sketches`: both sides keep one; `part`: of what both keep alone. */
  begin(sketches: boolean, part: boolean): void {
    const bySketch = sketches && !this.sketchWasBarren;
    this.sketchWasBarren = false;
    this.begun = { bySketch, have: 0, need: 0, rounds: 0, barren: 0, sentMs: 0 };
    this.line.wish({ type: 'items', part });
  }

  /** The items that were wished for. */
  items(items: ItemSet, nowMs: number, sketch: Sketch | undefined): void {
    const { begun } = this;
    if (begun === undefined || begun.reconciler !== undefined || begun.sketch !== undefined) return;
    if (!begun.bySketch || sketch === undefined) return this.byRanges(items, nowMs);
    begun.sketch = { own: sketch.snapshot(), theirs: new Uint8Array(0), set: items };
    this.askCells(FIRST, nowMs);
  }

  /** There is room for the next finds. */
  proceed(nowMs: number): void {
    const { begun } = this;
    const reply = begun?.reply;
    if (begun === undefined || reply === undefined) return;
    delete begun.reply;
    this.ask(reply, nowMs);
  }

  /** The other side's answer, range by range. */
  answered(message: Uint8Array, nowMs: number): void {
    const { begun } = this;
    if (begun?.reconciler === undefined || begun.reply !== undefined)
      return this.line.fail('peer.protocol', 'reconciled, but nothing was asked');
    const step = guarded(this.line, () => begun.reconciler!.step(message));
    if (step === undefined) return;
    begun.have += step.have.length;
    begun.need += step.need.length;
    begun.barren = step.have.length + step.need.length === 0 ? begun.barren + 1 : 0;
    if (begun.barren > BARREN_ROUNDS_MAX)
      return this.line.fail('peer.protocol', 'a reconciliation that does not advance');
    this.tell(step.have);
    const more = step.reply !== undefined;
    if (more && step.need.length === 0) this.ask(step.reply, nowMs);
    else {
      if (more) begun.reply = step.reply;
      if (step.need.length > 0) this.line.wish({ type: 'needed', ids: step.need, more });
    }
    if (more) return;
    this.settle(begun);
    if (begun.have + begun.need === 0) this.onSame(begun.set!, nowMs);
  }

  /** Cells of the other side's table. */
  symbols(size: number, cells: Uint8Array, counts: Uint8Array, nowMs: number): void {
    const { begun } = this;
    if (begun?.sketch === undefined || cells.length === 0 || cells.length % CELL_BYTES !== 0)
      return this.line.fail('peer.protocol', 'symbols that were not asked for');
    const { own, set } = begun.sketch;
    const theirs = (begun.sketch.theirs = concatBytes(begun.sketch.theirs, cells));
    const known = theirs.length / CELL_BYTES;
    if (known > SKETCH_CELLS) return this.line.fail('peer.protocol', 'symbols that were not asked for');
    const found = own.minus(theirs).decode();
    // A table that was ground to deceive yields items that are not what they seem.
    const sound = found?.ours.every(({ timeMs, digest }) => set.has(timeMs, digest)) === true;
    if (found !== undefined && sound) return this.found(begun, found.ours, found.theirs);
    const differ = found === undefined ? expected(own, theirs, counts, size) : Infinity;
    const wanted = Math.ceil(Math.max(differ * CELLS_PER_ITEM, known * 1.5)) + 16;
    if (wanted <= SKETCH_CELLS) return this.askCells({ from: known, cells: wanted - known, counts: 0 }, nowMs);
    // Too far apart for a sketch.
    delete begun.sketch;
    this.byRanges(set, nowMs);
  }

  private byRanges(items: ItemSet, nowMs: number): void {
    const reconciler = (this.begun!.reconciler = createReconciler(items, { frameLimit: frameLimits.reconcileBytes }));
    this.begun!.set = items;
    this.ask(reconciler.initiate(), nowMs);
  }

  private ask(message: Uint8Array, nowMs: number): void {
    this.count(nowMs);
    this.line.send({ type: 'reconcile', message });
  }

  private askCells(ask: Ask, nowMs: number): void {
    this.count(nowMs);
    this.line.send({ type: 'sketch', ...ask });
  }

  private count(nowMs: number): void {
    this.begun!.sentMs = nowMs;
    this.begun!.rounds += 1;
  }

  private tell(items: readonly DecidedItem[]): void {
    for (const part of inFrames(items)) this.line.send({ type: 'have', items: part });
  }

  private found(begun: Begun, have: readonly DecidedItem[], need: readonly DecidedItem[]): void {
    this.sketchWasBarren = have.length + need.length === 0;
    this.tell(have);
    if (need.length > 0) this.line.wish({ type: 'needed', ids: need.map(({ digest }) => digest), more: false });
    this.settle({ ...begun, have: have.length, need: need.length });
  }

  private settle({ have, need, rounds }: Begun): void {
    this.begun = undefined;
    this.line.send({ type: 'settled' });
    this.line.wish({ type: 'reconciled', have, need, rounds });
  }
}

/** How many items two sets differ in, by the cells that have come and the counts behind them. */
function expected(own: Sketch, theirs: Uint8Array, counts: Uint8Array, size: number): number {
  const known = theirs.length / CELL_BYTES;
  const all = new Uint8Array(2 * known + counts.length);
  for (let i = 0; i < known; i++) all.set(theirs.subarray((i + 1) * CELL_BYTES - 2, (i + 1) * CELL_BYTES), 2 * i);
  all.set(counts, 2 * known);
  return own.estimate(all.subarray(0, 2 * SKETCH_CELLS), own.size - size);
}
