import { setImmediate as immediate } from 'node:timers/promises';
import type { BlockStore, DecidedItem } from '@cosmicembeddings/sdk';
import { createItemSet, digestKey, RecentSet, Sketch, type ItemSet } from '@cosmicembeddings/sdk/sync';
import { sha256 } from '../door/crypto/index.js';

/** Some 3 ms of the event loop: others are served while this is read. */
const PAGE = 1024;
/** So many are read before they are merged into the set. */
const MERGED = 16_384;
/** New items are merged when a reconciliation asks, or so many have come: one by one each would copy a leaf. */
export const PENDING_MAX = 256;
const RECENT_MAX = 65_536;
export const LOWEST: DecidedItem = { timeMs: 0, digest: new Uint8Array(32) };
export const HIGHEST: DecidedItem = { timeMs: Number.MAX_SAFE_INTEGER, digest: new Uint8Array(32).fill(255) };

/** The decided ids in memory (about 48 bytes each), read once and kept up as blocks arrive. */
export class Decided {
  private set: ItemSet = createItemSet([], sha256);
  private pending: DecidedItem[] = [];
  private loaded = false;
  private readonly table = Sketch.create();
  /** What was noted lately, for ids whose time is not known. */
  private readonly recent = new RecentSet(RECENT_MAX);

  constructor(private readonly store: Pick<BlockStore, 'items'>) {}

  /** `rest`: once, where there is more than is merged at a time. */
  async load(signal: AbortSignal, rest?: () => Promise<void>): Promise<void> {
    let read = createItemSet([], sha256);
    let items: DecidedItem[] = [];
    let left = rest;
    for (let from = LOWEST; ;) {
      signal.throwIfAborted();
      const page = await this.store.items(from, HIGHEST, PAGE);
      const last = page[page.length - 1];
      items.push(...page);
      for (const item of page) this.table.add(item);
      const isLast = last === undefined || page.length < PAGE;
      if (isLast || items.length >= MERGED) {
        read = read.with(items);
        items = [];
      }
      if (isLast) break;
      from = after(last);
      await immediate();
      if (items.length > 0) continue;
      await left?.();
      left = undefined;
    }
    // What came in meanwhile may have been read as well.
    for (const item of this.pending) if (!read.has(item.timeMs, item.digest)) this.table.add(item);
    this.set = read;
    this.loaded = true;
    this.snapshot();
  }

  /** False only of an id that was not decided here when the followers last looked. */
  mayHave(digest: Uint8Array, timeMs: number): boolean {
    return !this.loaded || this.has(digest, timeMs);
  }

  get size(): number {
    return this.set.size + this.pending.length;
  }

  note(item: DecidedItem): void {
    const key = digestKey(item.digest);
    if (this.recent.has(key)) return;
    this.recent.add(key);
    if (this.set.has(item.timeMs, item.digest)) return;
    this.pending.push({ timeMs: item.timeMs, digest: item.digest.slice() });
    if (!this.loaded) return;
    this.table.add(item);
    if (this.pending.length >= PENDING_MAX) this.snapshot();
  }

  has(digest: Uint8Array, timeMs?: number): boolean {
    return this.recent.has(digestKey(digest)) || (timeMs !== undefined && this.set.has(timeMs, digest));
  }

  /** The sketch of all decided items, kept up as they come; undefined while they are being read. */
  get sketch(): Sketch | undefined {
    return this.loaded ? this.table : undefined;
  }

  /** All decided items as of now; later ones do not change it. */
  snapshot(): ItemSet {
    this.set = this.set.with(this.pending);
    this.pending = [];
    return this.set;
  }
}

/** The next item that could exist. */
export function after({ timeMs, digest }: DecidedItem): DecidedItem {
  const next = digest.slice();
  for (let i = next.length - 1; i >= 0; i--) {
    next[i] = (next[i]! + 1) & 255;
    if (next[i] !== 0) return { timeMs, digest: next };
  }
  return { timeMs: timeMs + 1, digest: next };
}
