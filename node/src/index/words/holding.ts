import { CosmicError, textsOf, utf8, type Registry, type StoredBlock } from '@cosmicembeddings/sdk';
import { createPauses } from '../../turns.js';
import type { RowsHolding } from '../../store/sqlite/holding.js';
import type { StoreReader } from '../../store/sqlite/reader.js';

/** Blocks that are looked through before whoever else asks this thread has a turn. */
const STEP = 64;
/** Texts that were asked for last are only brought up to date: so many, with so many rows in all of them together. */
const KEPT_MAX = 16;
const KEPT_ROWS_MAX = 200_000;
/** Questions that wait; who asked may have gone long ago, and they are looked for all the same. */
const WAITING_MAX = 256;

interface Found {
  /** Up to where the store was looked through. */
  seq: number;
  /** How many there are in `rows`. */
  size: number;
  /** Rows that hold the text, by the block's number; of a block without rows 0. */
  readonly rows: Map<number, { readonly firstLabel: number; readonly rows: readonly number[] }>;
}

/**
 * Finds the rows whose texts hold a text, character by character. The word index has cut texts into stems, so bodies are
 * looked through: text stands in them as its UTF-8 bytes, and only what holds those is read.
 */
export class TextsHolding {
  private readonly kept = new Map<string, Found>();
  private readonly pause = createPauses();
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(
    private readonly reader: StoreReader,
    private readonly registry: Registry,
    private readonly rowsMax = KEPT_ROWS_MAX,
    private readonly waitingMax = WAITING_MAX,
  ) {}

  /** Rows that are kept, of all texts that were asked for. */
  get keptRows(): number {
    let rows = 0;
    for (const { size } of this.kept.values()) rows += size;
    return rows;
  }

  /** One after another: each reads all that is here. @throws CosmicError node.busy */
  async of(part: string): Promise<RowsHolding> {
    if (this.waiting >= this.waitingMax)
      throw new CosmicError('node.busy', `${this.waiting} texts are waiting to be looked for`);
    this.waiting += 1;
    const asked = this.last.then(() => this.find(part)).finally(() => (this.waiting -= 1));
    this.last = asked.catch(() => undefined);
    return asked;
  }

  private async find(part: string): Promise<RowsHolding> {
    const bytes = utf8(part);
    const { seq, count, labels } = this.reader.head();
    const found = this.kept.get(part) ?? { seq: 0, size: 0, rows: new Map() };
    this.kept.delete(part);
    if (found.seq === 0)
      for (let from = 0; from < count; from += STEP) {
        for (const [number, block] of this.reader.holding(bytes, from, from + STEP))
          this.note(found, number, block, part);
        await this.pause();
      }
    else
      for (let from = found.seq; from < seq; from += STEP) {
        for (const number of this.reader.changed(from, Math.min(seq, from + STEP))) {
          found.size -= found.rows.get(number)?.rows.length ?? 0;
          found.rows.delete(number);
          for (const [, block] of this.reader.holding(bytes, number - 1, number)) this.note(found, number, block, part);
        }
        await this.pause();
      }
    found.seq = seq;
    if (found.size <= this.rowsMax) this.kept.set(part, found);
    while (this.kept.size > KEPT_MAX || this.keptRows > this.rowsMax) this.kept.delete(this.kept.keys().next().value!);
    return { seq, labels, blocks: found.rows };
  }

  private note(found: Found, number: number, block: StoredBlock, part: string): void {
    const texts = textsOf(block, this.registry);
    const holding = texts.flatMap((text, row) => (text?.includes(part) ? [row] : []));
    if (holding.length === 0) return;
    const rows = block.entry.rows === 0 ? [0] : holding.filter((row) => row < block.entry.rows);
    found.size += rows.length;
    found.rows.set(number, { firstLabel: block.entry.rows === 0 ? -1 : block.firstLabel, rows });
  }
}
