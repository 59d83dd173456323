/** Spaces that may be opened in a row, and how often one more. */
export interface NewSpaceRate {
  readonly burst: number;
  readonly everyMs: number;
}

/** A token bucket over a clock that is handed in. */
export class Rate {
  private tokens: number;
  private atMs: number | undefined;

  constructor(private readonly rate: NewSpaceRate) {
    this.tokens = rate.burst;
  }

  take(nowMs: number): boolean {
    const { burst, everyMs } = this.rate;
    this.atMs ??= nowMs;
    const earned = Math.floor((nowMs - this.atMs) / everyMs);
    if (earned > 0) {
      this.tokens = Math.min(burst, this.tokens + earned);
      this.atMs += earned * everyMs;
    }
    if (this.tokens === 0) return false;
    this.tokens--;
    return true;
  }
}
