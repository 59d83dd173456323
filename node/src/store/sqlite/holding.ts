/** Rows whose texts hold a text, by the number of their block, as of a moment of the store. */
export interface RowsHolding {
  readonly seq: number;
  /** Labels given out by then. */
  readonly labels: number;
  /** `firstLabel` −1: a block without rows, which counts as its row 0. */
  readonly blocks: ReadonlyMap<number, { readonly firstLabel: number; readonly rows: readonly number[] }>;
}

/** The same, as SQL takes it and as bits over labels. */
export interface PackedHolding {
  readonly seq: number;
  readonly labels: number;
  /** JSON list of `block × 1024 + row`. */
  readonly rows: string;
  readonly bits: Uint8Array;
}

/** A block has at most this many rows (`limits.rowsMax`). */
export const ROWS_EACH = 1024;

export function packHolding({ seq, labels, blocks }: RowsHolding): PackedHolding {
  const bits = new Uint8Array(Math.ceil(labels / 8));
  const numbers: number[] = [];
  for (const [number, { firstLabel, rows }] of blocks)
    for (const row of rows) {
      numbers.push(number * ROWS_EACH + row);
      const label = firstLabel + row;
      if (firstLabel >= 0 && label < labels) bits[label >> 3]! |= 1 << (label & 7);
    }
  return { seq, labels, rows: JSON.stringify(numbers), bits };
}
