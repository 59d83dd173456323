import type { Row, Value } from './driver.js';

interface Kept {
  bits: Uint8Array;
  /** The bits are right for every block up to this place in the store. */
  seq: number;
}

export interface LabelRows {
  all(sql: string, values: readonly Value[]): Row[];
  /** Last sequence number, and labels given out so far. */
  head(): { readonly seq: number; readonly labels: number };
}

/** Which rows a condition is about: all of a block, or those that a fact is of. */
export interface RowSource {
  /** What answers `first_label` and `row_count`. */
  readonly columns: string;
  /** Tables beside `blocks b`, where it is read whole. */
  readonly before: string;
  /** … and where single blocks are read. */
  readonly after: string;
}

const BLOCK_ROWS: RowSource = { columns: 'b.first_label, b.row_count', before: '', after: '' };

const KEPT_MAX_BYTES = 32 * 1024 * 1024;

/**
 * Filters as bitsets over row labels. What is kept never changes but by arrivals and erasures, so a filter that was
 * asked before is only brought up to date.
 */
export class LabelBits {
  /** By filter, the longest unused first. */
  private readonly kept = new Map<string, Kept>();
  private bytes = 0;

  constructor(private readonly rows: LabelRows) {}

  /** `where`: conditions over `blocks b`, each with a leading AND. The caller owns the answer. */
  of(where: string, values: readonly Value[], source = BLOCK_ROWS): Uint8Array {
    const key = JSON.stringify([
      source.after,
      where,
      values.map((value) => (value instanceof Uint8Array ? [...value] : value)),
    ]);
    // Taken first: what arrives while the rows are read is read again next time, which does no harm.
    const { seq, labels } = this.rows.head();
    const known = this.kept.get(key);
    if (known !== undefined) this.forget(key);
    const bits = new Uint8Array(Math.ceil(labels / 8));
    if (known === undefined)
      this.mark(
        bits,
        `SELECT ${source.columns} FROM ${source.before}blocks b${source.before === '' ? '' : ' ON b.id = f.block'} WHERE b.row_count > 0 AND b.erased IS NULL${where}`,
        values,
        true,
      );
    else {
      bits.set(known.bits.length > bits.length ? known.bits.subarray(0, bits.length) : known.bits);
      const since = `FROM events e JOIN blocks b ON b.id = e.block`;
      const after = 'WHERE e.seq > ? AND b.row_count > 0';
      this.mark(bits, 'SELECT first_label, row_count FROM judged WHERE seq > ?', [known.seq], false);
      this.mark(
        bits,
        `SELECT ${source.columns} ${since}${source.after} ${after} AND b.erased IS NULL${where}`,
        [known.seq, ...values],
        true,
      );
      this.mark(
        bits,
        `SELECT b.first_label, b.row_count ${since} ${after} AND e.reason IS NOT NULL`,
        [known.seq],
        false,
      );
    }
    this.keep(key, { bits: bits.slice(), seq });
    return bits;
  }

  private mark(bits: Uint8Array, sql: string, values: readonly Value[], set: boolean): void {
    for (const row of this.rows.all(sql, values)) {
      const first = row['first_label'] as number;
      const end = Math.min(first + (row['row_count'] as number), bits.length * 8);
      for (let label = first; label < end; label++) {
        if (set) bits[label >> 3]! |= 1 << (label & 7);
        else bits[label >> 3]! &= ~(1 << (label & 7));
      }
    }
  }

  private keep(key: string, kept: Kept): void {
    this.kept.set(key, kept);
    this.bytes += kept.bits.length;
    for (const oldest of this.kept.keys()) {
      if (this.bytes <= KEPT_MAX_BYTES && this.kept.size <= 256) break;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    this.bytes -= this.kept.get(key)?.bits.length ?? 0;
    this.kept.delete(key);
  }
}
