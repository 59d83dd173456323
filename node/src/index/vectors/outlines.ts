import { dot } from './dot.js';
import { PackedRows, rowBytesOf } from './row-format.js';

/**
 * What is in memory of rows that are not: each in a quarter of the bytes, and how far that is from the row itself. The product of a
 * query of length one with a row is at most that with its outline and this distance more (Cauchy and Schwarz): a row that cannot come
 * into an answer is not read, and one that can is read and scored exactly.
 */
export class Outlines {
  private readonly packed: PackedRows;
  private readonly off: Float32Array;

  /** Of `count` rows, one after another. */
  constructor(
    rows: Float32Array,
    private readonly dims: number,
    count: number,
  ) {
    this.packed = new PackedRows('i8', dims, count);
    this.off = new Float32Array(count);
    const outline = new Float32Array(dims);
    for (let i = 0; i < count; i++) {
      const row = rows.subarray(i * dims, (i + 1) * dims);
      this.packed.set(i, row);
      this.packed.read(i, outline);
      for (let j = 0; j < dims; j++) outline[j] = row[j]! - outline[j]!;
      // Rounded up: differences, and what a product of the outline itself is off, are of float32.
      this.off[i] = Math.sqrt(dot(outline, outline, 0)) * (1 + 1e-6) + 1e-6;
    }
  }

  /** What the product of the query with row `i`, of length one too, is at most. */
  most(query: WholeQuery, i: number): number {
    return this.packed.dot(query.wholes, i) * query.step + this.off[i]! * (1 + query.off) + query.off;
  }

  forget(i: number): void {
    const { bytes } = this.packed;
    const rowBytes = rowBytesOf('i8', this.dims);
    bytes.fill(0, i * rowBytes, (i + 1) * rowBytes);
    this.off[i] = 0;
  }

  get bytes(): number {
    return outlineBytesOf(this.dims, this.off.length);
  }
}

/** A query of length one in whole numbers, which engines multiply with whole numbers three times as fast as with others. */
export class WholeQuery {
  readonly wholes: Int32Array;
  readonly step: number;
  /** How far it is from the query. */
  readonly off: number;

  constructor(readonly query: Float32Array) {
    // No sum of products with numbers up to 127 leaves 32 bits.
    const largest = Math.min(2047, Math.floor(2 ** 31 / (128 * query.length)));
    const most = query.reduce((so, one) => Math.max(so, Math.abs(one)), 0);
    this.step = most / largest;
    this.wholes = Int32Array.from(query, (one) => (most === 0 ? 0 : Math.round(one / this.step)));
    const rest = query.map((one, j) => one - this.wholes[j]! * this.step);
    this.off = Math.sqrt(dot(rest, rest, 0)) * (1 + 1e-6) + 1e-6;
  }
}

export function outlineBytesOf(dims: number, rows: number): number {
  return rows * (rowBytesOf('i8', dims) + 4);
}
