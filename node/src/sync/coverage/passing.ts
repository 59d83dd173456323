import { digestKey, RecentSet } from '@cosmicembeddings/sdk/sync';
import { Budget } from '../budget.js';

export interface PassingLimits {
  /** Of blocks that are passed on and not kept; 0: none are. */
  readonly relayBytesPerSecond: number;
  readonly relayBurstBytes: number;
  /** Held at a time, for who was told of them. */
  readonly relayHeldBytes: number;
}

const SEEN_MAX = 65_536;

/** Blocks that this node does not keep and passes on: held for a moment, within a budget. What is missed here, comparing finds elsewhere. */
export class Passing {
  private readonly held = new Map<string, Uint8Array>();
  private heldBytes = 0;
  /** Looked at lately and not kept. */
  private readonly seen = new RecentSet(SEEN_MAX);
  private readonly budget: Budget;

  constructor(
    private readonly limits: PassingLimits,
    nowMs: number,
  ) {
    this.budget = new Budget(limits.relayBytesPerSecond, limits.relayBurstBytes, nowMs);
  }

  get isOn(): boolean {
    return this.limits.relayBytesPerSecond > 0;
  }

  /** May more be asked for now? */
  hasRoom(nowMs: number): boolean {
    return this.isOn && this.budget.debtMs(nowMs) === 0;
  }

  /** It came, and is not kept. */
  see(digest: Uint8Array, bytes: number, nowMs: number): void {
    this.seen.add(digestKey(digest));
    if (this.isOn) this.budget.spend(bytes, nowMs);
  }

  wasSeen(key: string): boolean {
    return this.seen.has(key);
  }

  hold(digest: Uint8Array, wire: Uint8Array): void {
    const key = digestKey(digest);
    if (this.held.has(key)) return;
    this.held.set(key, wire);
    this.heldBytes += wire.length;
    for (const [oldest, { length }] of this.held) {
      if (this.heldBytes <= this.limits.relayHeldBytes) break;
      this.held.delete(oldest);
      this.heldBytes -= length;
    }
  }

  get(digest: Uint8Array): Uint8Array | undefined {
    return this.held.get(digestKey(digest));
  }
}
