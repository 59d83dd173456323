import { toUnit, unpackRow } from '../space/index.js';
import { timesTransposed } from './linear.js';
import type { Kernel, Parameters } from './parameters.js';

/** A translator, ready to be used; some matrices of numbers. */
export interface Translator {
  /** Unit vectors of the target space. @throws RangeError for a vector of other dims, without direction, or that leads nowhere */
  translate(vectors: readonly Float32Array[]): Float32Array[];
  /** Of each the mean cosine to its three nearest anchors, in the source space. */
  near(vectors: readonly Float32Array[]): number[];
  /** The same for vectors of the target space; an anchor itself, met again, is left out. */
  nearTarget(vectors: readonly Float32Array[]): number[];
  /** Numbers that it holds. */
  readonly size: number;
}

/** Anchors nearest to a vector by which nearness is judged. */
const NEAREST = 3;
const SAME = 0.9999;

/** Opens parameters that have passed the kind's checks (all finite). */
export function openTranslator(parameters: Parameters): Translator {
  const { from, to, linear, kernel, anchorsFrom, anchorsTo } = parameters;
  const centerFrom = Float64Array.from(parameters.centerFrom);
  const centerTo = Float64Array.from(parameters.centerTo);
  // Transposed, so that one row is one target number.
  const matrix = linear === undefined ? undefined : columns(flat(linear, to.dims, from.dims), from.dims, to.dims);
  const sources = centred(flat(anchorsFrom, from.dims), centerFrom);
  const meanTo = meanOf(flat(anchorsTo, to.dims), to.dims);
  const targets = centred(flat(anchorsTo, to.dims), meanTo);
  const coefficients =
    kernel === undefined ? undefined : columns(flat(kernel.coefficients, to.dims), anchorsFrom.rows, to.dims);
  return {
    size: (matrix?.length ?? 0) + sources.length + targets.length + (coefficients?.length ?? 0),
    translate: (vectors) => {
      const c = centred(joined(vectors, from.dims), centerFrom);
      const p =
        matrix === undefined ? new Float64Array(vectors.length * to.dims) : timesTransposed(c, matrix, from.dims);
      if (coefficients !== undefined) {
        const more = timesTransposed(
          kernelValues(timesTransposed(c, sources, from.dims), kernel!),
          coefficients,
          anchorsFrom.rows,
        );
        for (let i = 0; i < p.length; i++) p[i]! += more[i]!;
      }
      return vectors.map((_, row) => {
        const out = toUnit(Float32Array.from(p.subarray(row * to.dims, (row + 1) * to.dims)));
        for (let i = 0; i < to.dims; i++) out[i]! += centerTo[i]!;
        return toUnit(out);
      });
    },
    near: (vectors) => nearest(centred(joined(vectors, from.dims), centerFrom), sources, from.dims, false),
    nearTarget: (vectors) => nearest(centred(joined(vectors, to.dims), meanTo), targets, to.dims, true),
  };
}

/** Of each the mean cosine to its three nearest anchors, in the source space. */
export function nearOf(
  { from, centerFrom, anchorsFrom }: Pick<Parameters, 'from' | 'centerFrom' | 'anchorsFrom'>,
  vectors: readonly Float32Array[],
): number[] {
  const center = Float64Array.from(centerFrom);
  const sources = centred(flat(anchorsFrom, from.dims), center);
  return nearest(centred(joined(vectors, from.dims), center), sources, from.dims, false);
}

/** Cosines, overwritten by the kernel's values. */
export function kernelValues(cosines: Float64Array, { form, width }: Pick<Kernel, 'form' | 'width'>): Float64Array {
  for (let i = 0; i < cosines.length; i++)
    cosines[i] = form === 'exp' ? Math.exp(width * (cosines[i]! - 1)) : Math.max(0, cosines[i]!) ** width;
  return cosines;
}

function nearest(c: Float64Array, anchors: Float64Array, dims: number, butItself: boolean): number[] {
  const size = anchors.length / dims;
  const cosines = timesTransposed(c, anchors, dims);
  return Array.from({ length: c.length / dims }, (_, row) => {
    const own = cosines.subarray(row * size, (row + 1) * size).sort();
    const last = butItself && own.at(-1)! > SAME ? size - 1 : size;
    const some = own.subarray(Math.max(0, last - NEAREST), last);
    return some.length === 0 ? 0 : some.reduce((sum, one) => sum + one, 0) / some.length;
  });
}

export function joined(vectors: readonly Float32Array[], dims: number): Float64Array {
  const out = new Float64Array(vectors.length * dims);
  vectors.forEach((vector, row) => {
    if (vector.length !== dims) throw new RangeError(`${vector.length} numbers, not ${dims}`);
    out.set(toUnit(vector), row * dims);
  });
  return out;
}

/** Less the centre, at unit length; what is the centre itself stays zero. */
export function centred(rows: Float64Array, center: Float64Array): Float64Array {
  const dims = center.length;
  const out = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at += dims) {
    let squares = 0;
    for (let i = 0; i < dims; i++) {
      const value = (out[at + i] = rows[at + i]! - center[i]!);
      squares += value * value;
    }
    if (squares > 0) for (let i = 0, by = 1 / Math.sqrt(squares); i < dims; i++) out[at + i]! *= by;
  }
  return out;
}

export function meanOf(rows: Float64Array, dims: number): Float64Array {
  const mean = new Float64Array(dims);
  const n = rows.length / dims;
  for (let at = 0; at < rows.length; at += dims) for (let i = 0; i < dims; i++) mean[i]! += rows[at + i]! / n;
  return mean;
}

function flat(stored: Parameters['anchorsFrom'], dims: number, rows = stored.rows): Float64Array {
  const out = new Float64Array(rows * dims);
  for (let row = 0; row < rows; row++) out.set(unpackRow(stored, dims, row), row * dims);
  return out;
}

function columns(a: Float64Array, rows: number, cols: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[j * rows + i] = a[i * cols + j]!;
  return out;
}
