import {
  CosmicError,
  shownOf,
  type BlockId,
  type BlockStore,
  type Catalogue,
  type Head,
  type Registry,
  type RowPlace,
  type ShownContent,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import { hasLabel } from './bits.js';
import { isSpent, letBy, spendBlock, type PageBudget } from './budget.js';

/** A row as answers show it, decoded. */
export interface HitRow {
  readonly id: BlockId;
  readonly row: number;
  readonly seq: number;
  readonly space?: string;
  readonly author: string;
  readonly kind: string;
  readonly timeMs: number;
  readonly firstSeenMs: number;
  /** The sky's label, e.g. `Orion-127.5`. */
  readonly skyLabel?: string;
  readonly tags: readonly string[];
  readonly origin?: string;
  readonly heading?: string;
  readonly passage?: string;
}

interface Kept {
  readonly row: HitRow;
  /** When the row was last seen to be there: by erasures, or by the store's sequence number. */
  seenAt: number;
}

/** A row that is to be shown. Label −1: of a block that has no rows. */
export interface Wanted extends RowPlace {
  readonly label: number;
}

export interface HitReaderOptions {
  readonly store: Pick<BlockStore, 'get'>;
  readonly catalogue: Pick<Catalogue, 'blocksOf' | 'entriesOf'>;
  readonly registry: Registry;
  readonly maxBytes: number;
  /** Resolves in a later turn of the event loop. */
  readonly pause: () => Promise<void>;
  /** Counts up with every erasure: nothing else changes a row that was read. */
  readonly erasures?: () => number;
}

/** Blocks that are in memory at a time; each can have 4 MiB. */
const BLOCKS_AT_ONCE = 8;

/**
 * Decodes the rows behind labels, once: what was read stays in memory while it is used, and is asked for again
 * (is it still there?) whenever something was erased. Erased rows are not answered. A block is read once for all of its
 * rows that are wanted, and of its texts only theirs are kept.
 */
export class HitReader {
  /** Rows that were read or shown lately, and those of the time before: together at most `maxBytes`. */
  private recent = new Map<number, Kept>();
  private earlier = new Map<number, Kept>();
  private recentBytes = 0;
  /** Labels whose row carries a text, and labels that were looked at. */
  private texts: Uint8Array = new Uint8Array(0);
  private looked: Uint8Array = new Uint8Array(0);
  private epoch = '';

  constructor(private readonly options: HitReaderOptions) {}

  /** Where rows stand, in the order asked; undefined where nothing is to be shown any more. Reads no block. */
  async places(
    asked: readonly { readonly label: number; readonly id?: BlockId }[],
    head: Head,
  ): Promise<(Wanted | undefined)[]> {
    const at = this.begin(head);
    const open = asked.filter(({ label }) => label >= 0 && this.keptAt(label)?.seenAt !== at);
    const bare = asked.flatMap(({ label, id }) => (label < 0 ? [id!] : []));
    const [rows, blocks] = await Promise.all([
      open.length === 0 ? [] : this.options.catalogue.blocksOf(open.map(({ label }) => label)),
      bare.length === 0 ? [] : this.options.catalogue.entriesOf(bare),
    ]);
    let [r, b] = [0, 0];
    return asked.map(({ label }): Wanted | undefined => {
      if (label < 0) {
        const block = blocks[b++];
        if (block === undefined || block.erased !== undefined) return undefined;
        return { label, id: block.id, row: 0, seq: block.seq, author: block.entry.author };
      }
      const kept = this.keptAt(label);
      if (kept?.seenAt === at) return { label, ...placeOf(kept.row) };
      const place = rows[r++];
      if (place === undefined || (kept !== undefined && kept.row.id !== place.id)) this.drop(label);
      else if (kept !== undefined) kept.seenAt = at;
      return place && { label, ...place };
    });
  }

  /** Same order as asked; undefined where nothing is to be shown any more. Shorter than what was asked once the budget is spent. */
  async read(wanted: readonly Wanted[], head: Head, budget: PageBudget): Promise<(HitRow | undefined)[]> {
    const at = this.begin(head);
    const rows: (HitRow | undefined)[] = wanted.map(({ label }) => (label < 0 ? undefined : this.keptAt(label)?.row));
    const open = new Map<BlockId, number[]>();
    wanted.forEach(({ id }, i) => {
      if (rows[i] === undefined) open.set(id, [...(open.get(id) ?? []), i]);
      else budget.textChars -= charsOf(rows[i]!);
    });
    const ids = [...open.keys()];
    for (let from = 0; from < ids.length; from += BLOCKS_AT_ONCE) {
      const some = ids.slice(from, from + BLOCKS_AT_ONCE);
      const blocks = await this.soundBlocks(some);
      for (const [i, id] of some.entries()) {
        if ((from > 0 || i > 0) && isSpent(budget)) return rows.slice(0, open.get(id)![0]);
        const block = blocks[i];
        if (block === undefined || block.erased !== undefined) continue;
        spendBlock(budget, block.envelope.length + (block.body?.length ?? 0));
        const shown = shownOf(block, this.options.registry);
        for (const place of open.get(id)!) {
          const { label, row } = wanted[place]!;
          const hit = rowOf(block, row, shown);
          budget.textChars -= charsOf(hit);
          rows[place] = hit;
          if (label >= 0) this.keep(label, hit, at);
        }
        const turn = letBy(budget, this.options.pause);
        if (turn !== undefined) await turn;
      }
    }
    return rows;
  }

  /** Does the row carry a text? undefined: not looked at yet. */
  carriesText(label: number): boolean | undefined {
    if (hasLabel(this.texts, label)) return true;
    return hasLabel(this.looked, label) ? false : undefined;
  }

  private begin(head: Head): number {
    if (head.epoch !== this.epoch) this.clear(head.epoch);
    return this.options.erasures?.() ?? head.seq;
  }

  /** A damaged block is left out; asked for by its id, it says so. */
  private async soundBlocks(ids: readonly BlockId[]): Promise<(StoredBlock | undefined)[]> {
    try {
      return await this.options.store.get(ids);
    } catch (error) {
      if (error instanceof CosmicError && error.code === 'store.corrupt') return ids.map(() => undefined);
      throw error;
    }
  }

  private keep(label: number, row: HitRow, seenAt: number): Kept {
    const kept = { row, seenAt };
    this.recent.set(label, kept);
    this.recentBytes += 400 + 2 * charsOf(row);
    if (this.recentBytes > this.options.maxBytes / 2) {
      this.earlier = this.recent;
      this.recent = new Map();
      this.recentBytes = 0;
    }
    this.looked = mark(this.looked, label);
    if (row.passage !== undefined) this.texts = mark(this.texts, label);
    return kept;
  }

  private keptAt(label: number): Kept | undefined {
    const kept = this.recent.get(label);
    if (kept !== undefined) return kept;
    const before = this.earlier.get(label);
    return before && this.keep(label, before.row, before.seenAt);
  }

  private drop(label: number): void {
    this.recent.delete(label);
    this.earlier.delete(label);
  }

  private clear(epoch: string): void {
    this.recent.clear();
    this.earlier.clear();
    this.recentBytes = 0;
    this.texts = this.looked = new Uint8Array(0);
    this.epoch = epoch;
  }
}

function placeOf({ id, row, seq, author }: HitRow): RowPlace {
  return { id, row, seq, author };
}

function charsOf({ passage, heading, origin, tags }: HitRow): number {
  const own = (passage?.length ?? 0) + (heading?.length ?? 0) + (origin?.length ?? 0);
  return tags.reduce((sum, tag) => sum + tag.length + 20, own);
}

function mark(bits: Uint8Array, label: number): Uint8Array {
  let grown = bits;
  if (label >> 3 >= bits.length) {
    grown = new Uint8Array(Math.max(1024, 2 * (label >> 3) + 2));
    grown.set(bits);
  }
  grown[label >> 3]! |= 1 << (label & 7);
  return grown;
}

export function rowOf(block: StoredBlock, row: number, shown: ShownContent): HitRow {
  const passage = shown.passages[row];
  const origin = passage?.origin ?? shown.origins[row]?.origin;
  const heading = passage?.heading ?? shown.origins[row]?.heading;
  const { id, seq, timeMs, firstSeenMs, entry } = block;
  const { space, author, kind, tags } = entry;
  const out: { -readonly [K in keyof HitRow]: HitRow[K] } =
    space === undefined
      ? { id, row, seq, author, kind, timeMs, firstSeenMs, tags }
      : { id, row, seq, space, author, kind, timeMs, firstSeenMs, tags };
  if (shown.skyLabel !== undefined) out.skyLabel = shown.skyLabel;
  if (origin !== undefined) out.origin = origin;
  if (heading !== undefined) out.heading = heading;
  if (passage !== undefined) out.passage = passage.text;
  return out;
}
