import type { Code } from '../errors.js';
import type { SpaceDescriptor } from './descriptor.js';

/** Storage forms of rows (specs/space.md): raw little-endian bytes, row after row. */
export type Dtype = 'f32' | 'f16' | 'i8' | 'b1';

/** How far a stored row's length may be from 1 where its space promises unit rows. */
export const unitTolerance: Readonly<Record<Dtype, number>> = { f32: 1e-3, f16: 2e-3, i8: 2e-2, b1: Infinity };

/** Bytes of one stored row of `dims` numbers. An i8 row is its f32 scale, then the bytes. */
export function rowBytes(dtype: Dtype, dims: number): number {
  if (dtype === 'f32') return 4 * dims;
  if (dtype === 'f16') return 2 * dims;
  return dtype === 'i8' ? 4 + dims : Math.ceil(dims / 8);
}

export interface StoredRows {
  readonly dtype: Dtype;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** `vectors`: rows of equal length, finite. b1 keeps the sign bit, most significant bit first. */
export function packRows(vectors: readonly Float32Array[], dtype: Dtype): StoredRows {
  const dims = vectors[0]?.length ?? 0;
  const size = rowBytes(dtype, dims);
  const bytes = new Uint8Array(size * vectors.length);
  const view = new DataView(bytes.buffer);
  vectors.forEach((vector, row) => {
    const at = row * size;
    if (dtype === 'f32') for (let i = 0; i < dims; i++) view.setFloat32(at + 4 * i, vector[i]!, true);
    else if (dtype === 'f16') for (let i = 0; i < dims; i++) view.setUint16(at + 2 * i, toHalf(vector[i]!), true);
    else if (dtype === 'i8') packInt8(vector, view, at);
    else for (let i = 0; i < dims; i++) if (vector[i]! > 0) bytes[at + (i >> 3)]! |= 128 >> (i & 7);
  });
  return { dtype, rows: vectors.length, bytes };
}

function packInt8(vector: Float32Array, view: DataView, at: number): void {
  let largest = 0;
  for (const x of vector) largest = Math.max(largest, Math.abs(x));
  view.setFloat32(at, largest / 127, true);
  const scale = view.getFloat32(at, true);
  for (let i = 0; i < vector.length; i++)
    view.setInt8(at + 4 + i, scale === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(vector[i]! / scale))));
}

/** Row `row` as `dims` float32 numbers (b1: −1 or 1). The bytes must have passed `rowsFault`. */
export function unpackRow(stored: StoredRows, dims: number, row: number): Float32Array {
  return unpackInto(new Float32Array(dims), stored, row);
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** As `unpackRow`, into `out` of `dims` numbers; answers `out`. */
export function unpackInto(out: Float32Array, stored: StoredRows, row: number): Float32Array {
  const dims = out.length;
  const size = rowBytes(stored.dtype, dims);
  const { bytes } = stored;
  if (stored.dtype === 'f32' && LITTLE_ENDIAN) {
    new Uint8Array(out.buffer, out.byteOffset, size).set(bytes.subarray(row * size, (row + 1) * size));
    return out;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + row * size, size);
  if (stored.dtype === 'f32') {
    for (let i = 0; i < dims; i++) out[i] = view.getFloat32(4 * i, true);
  } else if (stored.dtype === 'f16') {
    for (let i = 0; i < dims; i++) out[i] = fromHalf(view.getUint16(2 * i, true));
  } else if (stored.dtype === 'i8') {
    const scale = view.getFloat32(0, true);
    for (let i = 0; i < dims; i++) out[i] = scale * view.getInt8(4 + i);
  } else {
    for (let i = 0; i < dims; i++) out[i] = (view.getUint8(i >> 3) & (128 >> (i & 7))) === 0 ? -1 : 1;
  }
  return out;
}

export interface Fault {
  readonly code: Code;
  readonly detail: string;
}

/** Length, finiteness, zero rows, and unit length where the space promises it; undefined when all is well. */
export function rowsFault(stored: StoredRows, space: SpaceDescriptor): Fault | undefined {
  const { dims } = space;
  const expected = rowBytes(stored.dtype, dims) * stored.rows;
  if (stored.bytes.length !== expected)
    return {
      code: 'vector.malformed',
      detail: `${stored.rows} rows of ${dims} ${stored.dtype} need ${expected} bytes, got ${stored.bytes.length}`,
    };
  if ((stored.dtype === 'b1') !== (space.metric === 'hamming'))
    return { code: 'vector.malformed', detail: `dtype ${stored.dtype} does not go with metric ${space.metric}` };
  if (stored.dtype === 'b1') return paddingFault(stored, dims);
  const vector = new Float32Array(dims);
  for (let row = 0; row < stored.rows; row++) {
    unpackInto(vector, stored, row);
    let squares = 0;
    for (let i = 0; i < dims; i++) squares += vector[i]! * vector[i]!;
    if (!Number.isFinite(squares)) return { code: 'vector.not_finite', detail: `row ${row}` };
    if (squares === 0) return { code: 'vector.zero', detail: `row ${row}` };
    if (space.normalized && Math.abs(Math.sqrt(squares) - 1) > unitTolerance[stored.dtype])
      return { code: 'vector.not_unit', detail: `row ${row} has length ${Math.sqrt(squares).toPrecision(6)}` };
  }
  return undefined;
}

function paddingFault(stored: StoredRows, dims: number): Fault | undefined {
  const spare = (8 - (dims & 7)) & 7;
  const size = rowBytes('b1', dims);
  for (let row = 0; row < stored.rows; row++) {
    if ((stored.bytes[(row + 1) * size - 1]! & ((1 << spare) - 1)) !== 0)
      return { code: 'vector.malformed', detail: `row ${row}: padding bits are not zero` };
  }
  return undefined;
}

/** Cosine of two rows of equal length, in [−1, 1]; 0 when one is all zeros. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return aa === 0 || bb === 0 ? 0 : Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb)));
}

/** A copy of unit length. @throws RangeError for a zero or non-finite vector. */
export function toUnit(vector: Float32Array): Float32Array {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  if (!(squares > 0) || !Number.isFinite(squares)) throw new RangeError('vector has no direction');
  const factor = 1 / Math.sqrt(squares);
  return vector.map((x) => x * factor);
}

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** IEEE 754 binary16 bits of a number, round to nearest even; beyond the range: infinity. */
export function toHalf(value: number): number {
  float[0] = value;
  const bits = floatBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  const half = exponent - 112;
  if (half >= 31) return sign | 0x7c00;
  if (half >= 1) return sign + roundShift((half << 23) | fraction, 13);
  if (half < -10) return sign;
  return sign + roundShift(fraction | 0x800000, 14 - half);
}

function roundShift(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return rest > middle || (rest === middle && (kept & 1) === 1) ? kept + 1 : kept;
}

/** The number that binary16 `bits` stand for. */
export function fromHalf(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
