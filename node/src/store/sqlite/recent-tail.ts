import type { Arrival, CatalogueEntry, Cursor, StoredBlock, Tail, TailItem, Wants } from '@cosmicembeddings/sdk';
import type { Outcome } from './writer.js';

type Put = Extract<TailItem, { type: 'put' }>;

/** Items kept at most: followers on this thread are rarely further behind than some groups. */
const ITEMS_MAX = 1024;
const NOTHING = new Uint8Array(0);

/**
 * The newest entries of the tail, kept from what was just written, so that followers on this thread do not read back
 * from the file what passed through here a moment ago. Holds no block's bytes. Only an unbroken run of plain arrivals is
 * kept: whatever else is written (an erasure, a body that completes a block) empties it, and the file answers.
 */
export class RecentTail {
  private items: Put[] = [];
  private epoch = '';

  /** Takes the outcomes of one transaction, in order. */
  note(arrivals: readonly Arrival[], outcomes: readonly Outcome[], epoch: string): void {
    if (epoch !== this.epoch) this.clear();
    this.epoch = epoch;
    arrivals.forEach(({ block, firstSeenMs }, i) => {
      const { seq, fresh, firstLabel } = outcomes[i]!;
      if (!fresh) return;
      if (firstLabel === undefined || block.headerOnly) return this.clear();
      if (this.items.length > 0 && this.items.at(-1)!.seq !== seq - 1) this.clear();
      const { id, format, timeMs, entry } = block;
      const stored: StoredBlock = {
        id,
        seq,
        format,
        timeMs,
        firstSeenMs,
        envelope: NOTHING,
        body: null,
        entry: entry.rows > 0 ? entry : withoutRows(entry),
        firstLabel,
      };
      this.items.push({ seq, type: 'put', block: stored });
    });
    if (this.items.length > 2 * ITEMS_MAX) this.items = this.items.slice(-ITEMS_MAX);
  }

  clear(): void {
    this.items = [];
  }

  /** The items after `cursor`, or undefined where the file has to be asked. */
  after(cursor: Cursor, max: number, { kinds, rels }: Wants = {}): Tail | undefined {
    const first = this.items[0]?.seq;
    if (first === undefined || cursor.epoch !== this.epoch || cursor.seq < first - 1) return undefined;
    const { epoch } = this;
    const items: TailItem[] = [];
    for (let at = cursor.seq - first + 1; at < this.items.length; at++) {
      const item = this.items[at]!;
      const { entry } = item.block;
      if (kinds !== undefined && !kinds.includes(entry.kind) && !refersBy(entry, rels)) continue;
      if (items.push(item) === max) return { items, upTo: { epoch, seq: item.seq } };
    }
    return { items, upTo: { epoch, seq: Math.max(cursor.seq, this.items.at(-1)!.seq) } };
  }
}

/** A space without rows is not kept. */
function withoutRows(entry: CatalogueEntry): CatalogueEntry {
  const { space: _space, descriptor: _descriptor, ...rest } = entry;
  return rest;
}

function refersBy({ refs, prev }: CatalogueEntry, rels: readonly string[] = []): boolean {
  return refs.some(({ rel }) => rels.includes(rel)) || (prev !== undefined && rels.includes('prev'));
}
