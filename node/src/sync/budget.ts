/**
 * A token bucket that may go into debt: what was done is charged, and whoever is charged waits until the debt is paid. So no
 * work has to be foreseen, and nothing is refused that could be slowed down.
 */
export class Budget {
  private level: number;
  private atMs: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    nowMs: number,
  ) {
    this.level = burst;
    this.atMs = nowMs;
  }

  spend(cost: number, nowMs: number): void {
    this.refill(nowMs);
    this.level = Math.min(this.burst, this.level - cost);
  }

  /** Until the debt is paid; 0 where there is none. */
  debtMs(nowMs: number): number {
    this.refill(nowMs);
    return this.level >= 0 ? 0 : Math.ceil((-this.level / this.perSecond) * 1000);
  }

  /** Takes one if there is one. */
  take(nowMs: number): boolean {
    this.refill(nowMs);
    if (this.level < 1) return false;
    this.level -= 1;
    return true;
  }

  private refill(nowMs: number): void {
    if (nowMs > this.atMs)
      this.level = Math.min(this.burst, this.level + ((nowMs - this.atMs) / 1000) * this.perSecond);
    this.atMs = nowMs;
  }
}
