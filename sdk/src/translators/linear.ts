/**
 * The three products that fitting rests on, over row-major Float64Array: register-blocked, because a general matrix library
 * multiplies at a fifth of the speed (bench/across, `kernels`). Decompositions are the library's.
 */

/** a (n×k) times b (m×k) transposed: n×m. */
export function timesTransposed(a: Float64Array, b: Float64Array, k: number): Float64Array {
  const [n, m] = [a.length / k, b.length / k];
  const out = new Float64Array(n * m);
  const mBlocked = m - (m % 4);
  for (let i = 0; i < n; i += 2) {
    const two = i + 1 < n;
    const a0 = i * k;
    const a1 = two ? a0 + k : a0;
    for (let j = 0; j < mBlocked; j += 4) {
      let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
      const b0 = j * k;
      const b1 = b0 + k;
      const b2 = b1 + k;
      const b3 = b2 + k;
      for (let p = 0; p < k; p++) {
        const x = a[a0 + p]!;
        const y = a[a1 + p]!;
        const u = b[b0 + p]!;
        const v = b[b1 + p]!;
        const w = b[b2 + p]!;
        const z = b[b3 + p]!;
        s00 += x * u;
        s01 += x * v;
        s02 += x * w;
        s03 += x * z;
        s10 += y * u;
        s11 += y * v;
        s12 += y * w;
        s13 += y * z;
      }
      const at = i * m + j;
      out[at] = s00;
      out[at + 1] = s01;
      out[at + 2] = s02;
      out[at + 3] = s03;
      if (!two) continue;
      out[at + m] = s10;
      out[at + m + 1] = s11;
      out[at + m + 2] = s12;
      out[at + m + 3] = s13;
    }
    for (let j = mBlocked; j < m; j++) {
      out[i * m + j] = dot(a, a0, b, j * k, k);
      if (two) out[(i + 1) * m + j] = dot(a, a1, b, j * k, k);
    }
  }
  return out;
}

function dot(a: Float64Array, at: number, b: Float64Array, bt: number, k: number): number {
  let sum = 0;
  for (let p = 0; p < k; p++) sum += a[at + p]! * b[bt + p]!;
  return sum;
}

/** Of an n×k matrix the k×n one. */
export function transposed(a: Float64Array, k: number): Float64Array {
  const n = a.length / k;
  const out = new Float64Array(a.length);
  for (let i = 0; i < n; i++) for (let p = 0; p < k; p++) out[p * n + i] = a[i * k + p]!;
  return out;
}

/** a (n×k) times b (k×m): n×m. */
export function product(a: Float64Array, b: Float64Array, k: number): Float64Array {
  return timesTransposed(a, transposed(b, b.length / k), k);
}

/** aᵀ (k×n) times b (n×m), both of n rows: k×m. */
export function crossed(a: Float64Array, b: Float64Array, n: number): Float64Array {
  return timesTransposed(transposed(a, a.length / n), transposed(b, b.length / n), n);
}

/**
 * Solves a·x = b for a symmetric positive definite a (n×n, overwritten by its Cholesky factor) and b (n×m); answers x (n×m).
 * @throws RangeError where a is not positive definite
 */
export function solvePositive(a: Float64Array, b: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const rest = a[row + j]! - dot(a, row, a, j * n, j);
      if (j < i) a[row + j] = rest / a[j * n + j]!;
      else if (!(rest > 0)) throw new RangeError('not positive definite');
      else a[row + i] = Math.sqrt(rest);
    }
  }
  const m = b.length / n;
  // Columns of b one after the other in memory, so that both substitutions run along rows of the factor.
  const x = transposed(b, m);
  for (let c = 0; c < m; c++) substitute(a, x, c * n, n);
  return transposed(x, n);
}

function substitute(l: Float64Array, x: Float64Array, at: number, n: number): void {
  for (let i = 0; i < n; i++) x[at + i] = (x[at + i]! - dot(l, i * n, x, at, i)) / l[i * n + i]!;
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    const value = (x[at + i]! /= l[row + i]!);
    for (let j = 0; j < i; j++) x[at + j]! -= value * l[row + j]!;
  }
}
