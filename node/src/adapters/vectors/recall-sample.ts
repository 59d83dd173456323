import { TopRows } from './top-rows.js';
import type { SpaceIndex } from './space-index.js';

const EVERY_MS = 30_000;
const STEP_ROWS = 8192;
const K = 10;

/** Now and then compares a real query's graph answer with exact search, in steps of some milliseconds. */
export class RecallSample {
  /** Share of the exact ten that the last compared answer had. */
  value: number | undefined;
  private last: { readonly space: string; readonly query: Float32Array } | undefined;
  private under: { readonly space: SpaceIndex; readonly query: Float32Array; readonly top: TopRows; next: number } | undefined;
  private atMs = -Infinity;

  offer(space: string, query: Float32Array): void {
    this.last = { space, query };
  }

  /** One step; false when there is nothing to compare. */
  step(spaces: ReadonlyMap<string, SpaceIndex>, nowMs: number): boolean {
    if (this.under === undefined) {
      const space = this.last === undefined || nowMs - this.atMs < EVERY_MS ? undefined : spaces.get(this.last.space);
      if (space === undefined) return false;
      this.under = { space, query: this.last!.query, top: new TopRows(K), next: 0 };
      this.last = undefined;
      this.atMs = nowMs;
    }
    const { space, query, top, next } = this.under;
    this.under.next = space.scanPart(query, top, next, next + STEP_ROWS);
    if (this.under.next > next) return true;
    const exact = new Set(top.take().map((row) => row.label));
    const found = space.search(query, K).rows.filter((row) => exact.has(row.label)).length;
    this.value = exact.size === 0 ? undefined : found / exact.size;
    this.under = undefined;
    return true;
  }
}
