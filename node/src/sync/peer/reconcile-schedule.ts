import type { SyncLimits } from '../limits.js';

/** When to reconcile with one peer: now and then in any case, soon when something was missed, later each time that brings nothing. */
export class ReconcileSchedule {
  private atMs = Infinity;
  private retryMs: number;
  private receivedBefore = 0;

  constructor(
    private readonly limits: Pick<SyncLimits, 'reconcileMs' | 'retryMs'>,
    private readonly random: () => number,
  ) {
    this.retryMs = limits.retryMs;
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.atMs;
  }

  by(atMs: number): void {
    this.atMs = Math.min(this.atMs, atMs);
  }

  /** Something was dropped. `received`: blocks that this peer has brought so far. */
  missed(nowMs: number, received: number): void {
    if (received > this.receivedBefore) this.retryMs = this.limits.retryMs;
    this.by(nowMs + this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, this.limits.reconcileMs);
  }

  begun(received: number): void {
    this.atMs = Infinity;
    this.receivedBefore = received;
  }

  finished(nowMs: number, received: number): void {
    if (received > this.receivedBefore) this.retryMs = this.limits.retryMs;
    this.by(nowMs + this.limits.reconcileMs * (0.8 + 0.4 * this.random()));
  }
}
