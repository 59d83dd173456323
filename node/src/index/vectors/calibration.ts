import type { Slots } from './rows.js';
import { TopRows } from './top-rows.js';

/** Numbers of candidates that are tried: fewest first. */
export const levels = [32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048] as const;
/** Rows of a graph from which on it is worth it; rows that are asked for, and how many near ones of each. */
const GRAPH_MIN = 8192;
const ASKED = 16;
export const askedMin = 8;
const K = 10;
/** Of all of them so many are to be found; where that is dear, since rows are near nothing, somewhat fewer. */
const RECALL = 0.99;
const RECALL_DEAR = 0.975;
const DEAR = 512;

/** Are so many candidates dear? */
export function isDear(candidates: number): boolean {
  return candidates >= DEAR;
}
/** A graph is looked at again when it has grown so much, and before the last of what arrived is taken in. */
const GREW = 4;
const GREW_AT_REST = 1.5;
/** Of one step: rows that are scanned, and candidates that the graph is asked for. */
const STEP_ROWS = 16_384;
const STEP_CANDIDATES = 2048;

/** A space as a calibration sees it. */
export interface Calibrated {
  /** Offers the rows of some slots, exactly scored. */
  scan(query: Float32Array, top: TopRows, slots: Slots): void;
  /** Labels of the k rows that the graph finds nearest when it is asked for so many candidates. */
  near(query: Float32Array, k: number, candidates: number): readonly number[];
}

/** Is it time to look: `size` rows in the graph, `waiting` behind it, of which `next` come next, and `before` when it was looked at last? */
export function isDue(size: number, waiting: number, next: number, before: number): boolean {
  if (size < GRAPH_MIN || waiting < askedMin) return false;
  return size >= GREW * before || (waiting <= next && size >= GREW_AT_REST * before);
}

/** Slots of rows that wait for the graph, from all over them. */
export function askedOf({ from, to }: Slots): number[] {
  const n = Math.min(ASKED, to - from);
  return Array.from({ length: n }, (_, i) => from + Math.floor((i * (to - from)) / n));
}

/**
 * How many candidates a graph has to be asked for, found by asking it for what is near rows that are not in it yet: these come
 * from where its rows come from. Real queries, which may come from elsewhere, have the last word (`RecallSample`). In
 * steps of some milliseconds.
 */
export class Calibration {
  private readonly tops: readonly TopRows[];
  private query = 0;
  private scanned = 0;
  private level = 0;
  private found = 0;

  constructor(
    private readonly space: Calibrated,
    private readonly queries: readonly Float32Array[],
    /** Rows in the graph: slots before this. */
    private readonly graphTo: number,
  ) {
    this.tops = queries.map(() => new TopRows(K));
  }

  /** One step; the number of candidates once it is known. @throws RowsDamaged */
  step(): number | undefined {
    if (this.scanned < this.graphTo) {
      const to = Math.min(this.graphTo, this.scanned + STEP_ROWS);
      this.space.scan(this.queries[this.query]!, this.tops[this.query]!, { from: this.scanned, to });
      this.scanned = to;
      if (to === this.graphTo && this.query + 1 < this.queries.length) [this.query, this.scanned] = [this.query + 1, 0];
      else if (to === this.graphTo) this.query = 0;
      return undefined;
    }
    const candidates = levels[this.level]!;
    for (let asked = 0; asked < STEP_CANDIDATES && this.query < this.queries.length; asked += candidates) {
      const exact = new Set(this.tops[this.query]!.take().map(({ label }) => label));
      this.found += this.space.near(this.queries[this.query]!, K, candidates).filter((one) => exact.has(one)).length;
      this.query++;
    }
    if (this.query < this.queries.length) return undefined;
    const wanted = this.tops.reduce((sum, top) => sum + top.size, 0);
    if (this.found >= (isDear(candidates) ? RECALL_DEAR : RECALL) * wanted || this.level + 1 === levels.length)
      return candidates;
    [this.query, this.found] = [0, 0];
    this.level++;
    return undefined;
  }
}
