import { isDear } from './calibration.js';
import type { SpaceIndex } from './space-index.js';
import { TopRows } from './top-rows.js';

/** A space is compared often until it has been this many times, then now and then. */
const OFTEN = 32;
/** At the least; a comparison looks at every row, so large spaces are compared less often: some 1 % of the time. */
const OFTEN_MS = 250;
const OFTEN_MS_PER_ROW = 0.02;
const SELDOM_MS = 30_000;
const STEP_ROWS = 8192;
const K = 10;
const WINDOW = 16;
/**
 * Rows that were missed, of a window's 160 and of the first 40 of one: so many ask for more candidates. None missed in a whole
 * window asks for fewer. By chance a graph of recall 0.99 misses four of 160 once in thirteen windows, and none once in five.
 */
const MISSED_MAX = 4;
/** Where candidates are dear already. */
const MISSED_DEAR_MAX = 7;
const MISSED_DEAR_MIN = 2;
const EARLY = 4;
const MISSED_EARLY_MAX = 3;
/** Recall below which there is no waiting for more comparisons. */
const POOR = 0.85;

interface Seen {
  readonly recent: number[];
  compared: number;
  atMs: number;
}

/**
 * Compares real queries' graph answers with exact search, in steps of some milliseconds, and lets each space ask its
 * graph for as many candidates as its own queries need: 32 give recall 0.99 on clustered rows, while queries from
 * elsewhere in a narrow cone (e5) need 256 for 0.98.
 */
export class RecallSample {
  private readonly seen = new Map<string, Seen>();
  private last: { readonly id: string; readonly query: Float32Array } | undefined;
  private under:
    | {
        readonly id: string;
        readonly space: SpaceIndex;
        readonly query: Float32Array;
        readonly top: TopRows;
        next: number;
      }
    | undefined;

  /** Mean recall@10 of the last comparisons, all spaces together. */
  get value(): number | undefined {
    const all = [...this.seen.values()].flatMap(({ recent }) => recent);
    return all.length === 0 ? undefined : all.reduce((sum, one) => sum + one, 0) / all.length;
  }

  /** A query that a graph has just answered. */
  offer(id: string, query: Float32Array): void {
    this.last = { id, query };
  }

  /** One step; false when there is nothing to compare. */
  step(spaces: ReadonlyMap<string, SpaceIndex>, nowMs: number): boolean {
    if (this.under === undefined && !this.begin(spaces, nowMs)) return false;
    const { id, space, query, top, next } = this.under!;
    this.under!.next = space.scanPart(query, top, next, next + STEP_ROWS);
    if (this.under!.next > next) return true;
    this.under = undefined;
    const exact = new Set(top.take().map((row) => row.label));
    if (exact.size === 0) return true;
    const found = space.search(query, K).rows.filter((row) => exact.has(row.label)).length;
    this.note(space, this.seen.get(id)!, found / exact.size);
    return true;
  }

  private begin(spaces: ReadonlyMap<string, SpaceIndex>, nowMs: number): boolean {
    const { last } = this;
    const space = last === undefined ? undefined : spaces.get(last.id);
    if (last === undefined || space === undefined) return false;
    const seen = this.seen.get(last.id) ?? { recent: [], compared: 0, atMs: -Infinity };
    const pauseMs = seen.compared < OFTEN ? Math.max(OFTEN_MS, OFTEN_MS_PER_ROW * space.size) : SELDOM_MS;
    if (nowMs - seen.atMs < pauseMs) return false;
    this.seen.set(last.id, seen);
    seen.atMs = nowMs;
    seen.compared++;
    this.under = { id: last.id, space, query: last.query, top: new TopRows(K), next: 0 };
    this.last = undefined;
    return true;
  }

  private note(space: SpaceIndex, seen: Seen, recall: number): void {
    seen.recent.push(recall);
    if (seen.recent.length > WINDOW) seen.recent.shift();
    const n = seen.recent.length;
    const missed = seen.recent.reduce((sum, one) => sum + (1 - one) * K, 0);
    const mean = 1 - missed / (n * K);
    const isPoor = n >= 2 && mean < POOR;
    const [most, least] = isDear(space.asksFor) ? [MISSED_DEAR_MAX, MISSED_DEAR_MIN] : [MISSED_MAX, 0];
    if (isPoor || missed >= most - 0.5 || (n === EARLY && missed >= MISSED_EARLY_MAX - 0.5)) {
      space.askFor(isPoor ? 3 : 1.4);
      // Its recall is not what it was; the next comparisons come soon.
      seen.recent.length = seen.compared = 0;
    } else if (n === WINDOW && missed < least + 0.5) {
      space.askFor(0.75);
      seen.recent.length = 0;
    }
  }
}
