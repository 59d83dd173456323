/**
 * How the numbers of a row lie in memory and in its file: as float32, or as whole numbers from −127 to 127 behind the float32 that
 * they are multiplied with, a quarter of the bytes. Then cosines of unit rows are off by 2e-3 at most and 5e-4 as a rule (384
 * numbers; `row-format.test.ts`), so it is for rows that nobody signed: those that this node made of texts.
 */
export type RowFormat = 'f32' | 'i8';

export const rowsFile = (format: RowFormat): string => `rows.${format}`;

/** Bytes of a row: a multiple of four. */
export function rowBytesOf(format: RowFormat, dims: number): number {
  return format === 'f32' ? 4 * dims : 4 + 4 * Math.ceil(dims / 4);
}

/** Rows in memory, one after the other, in either way. */
export class PackedRows {
  readonly bytes: Uint8Array;
  private readonly floats: Float32Array;
  private readonly wholes: Int8Array;

  constructor(
    readonly format: RowFormat,
    readonly dims: number,
    /** Rows there is room for. */
    readonly room: number,
  ) {
    const buffer = new ArrayBuffer(room * rowBytesOf(format, dims));
    this.bytes = new Uint8Array(buffer);
    this.floats = new Float32Array(buffer);
    this.wholes = new Int8Array(buffer);
  }

  /** The numbers themselves, row `i` from `i × dims` on; undefined where they lie otherwise. */
  get plain(): Float32Array | undefined {
    return this.format === 'f32' ? this.floats : undefined;
  }

  /** The length of the row stays what it was, but for rounding. */
  set(i: number, row: Float32Array): void {
    if (this.format === 'f32') return this.floats.set(row, i * this.dims);
    const at = i * rowBytesOf('i8', this.dims);
    let most = 0;
    let squares = 0;
    for (const value of row) {
      most = Math.max(most, Math.abs(value));
      squares += value * value;
    }
    const factor = most === 0 ? 0 : 127 / most;
    let whole = 0;
    for (let j = 0; j < row.length; j++) {
      const value = Math.round(row[j]! * factor);
      this.wholes[at + 4 + j] = value;
      whole += value * value;
    }
    this.floats[at >> 2] = whole === 0 ? 0 : Math.sqrt(squares / whole);
  }

  /** Its product with whole numbers, of rows in whole numbers; the sum of theirs must stay within 31 bits. */
  dot(query: Int32Array, i: number): number {
    const at = i * rowBytesOf('i8', this.dims);
    const { wholes } = this;
    const first = at + 4;
    const { length } = query;
    const end = length & ~3;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let j = 0;
    for (; j < end; j += 4) {
      s0 = (s0 + Math.imul(query[j]!, wholes[first + j]!)) | 0;
      s1 = (s1 + Math.imul(query[j + 1]!, wholes[first + j + 1]!)) | 0;
      s2 = (s2 + Math.imul(query[j + 2]!, wholes[first + j + 2]!)) | 0;
      s3 = (s3 + Math.imul(query[j + 3]!, wholes[first + j + 3]!)) | 0;
    }
    for (; j < length; j++) s0 = (s0 + Math.imul(query[j]!, wholes[first + j]!)) | 0;
    return this.floats[at >> 2]! * (s0 + s1 + s2 + s3);
  }

  read(i: number, out: Float32Array): void {
    if (this.format === 'f32') return out.set(this.floats.subarray(i * this.dims, (i + 1) * this.dims));
    const at = i * rowBytesOf('i8', this.dims);
    const scale = this.floats[at >> 2]!;
    for (let j = 0; j < out.length; j++) out[j] = scale * this.wholes[at + 4 + j]!;
  }
}
