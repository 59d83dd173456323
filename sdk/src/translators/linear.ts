/**
 * The products that fitting rests on, over row-major Float64Array: register-blocked, because a general matrix library
 * multiplies at a fifth of the speed (bench/across, `kernels`). Decompositions are the library's.
 */

/** a (n×k) times b (m×k) transposed: n×m. */
export function timesTransposed(a: Float64Array, b: Float64Array, k: number): Float64Array {
  const out = new Float64Array((a.length / k) * (b.length / k));
  multiply(a, b, k, out, false);
  return out;
}

/** a (n×k) times itself transposed: n×n, for half the work. */
export function timesItself(a: Float64Array, k: number): Float64Array {
  const n = a.length / k;
  const out = new Float64Array(n * n);
  multiply(a, a, k, out, true);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) out[j * n + i] = out[i * n + j]!;
  return out;
}

/** `lower`: what lies above the diagonal may stay as it is. */
function multiply(a: Float64Array, b: Float64Array, k: number, out: Float64Array, lower: boolean): void {
  const [n, m] = [a.length / k, b.length / k];
  for (let i = 0; i < n; i += 2) {
    const end = lower ? Math.min(m, i + 2) : m;
    const mBlocked = end - (end % 4);
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
    for (let j = mBlocked; j < end; j++) {
      out[i * m + j] = dot(a, a0, b, j * k, k);
      if (two) out[(i + 1) * m + j] = dot(a, a1, b, j * k, k);
    }
  }
}

/** Four sums, so that no addition waits for the one before it. */
function dot(a: Float64Array, at: number, b: Float64Array, bt: number, k: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const blocked = k - (k % 4);
  for (let p = 0; p < blocked; p += 4) {
    s0 += a[at + p]! * b[bt + p]!;
    s1 += a[at + p + 1]! * b[bt + p + 1]!;
    s2 += a[at + p + 2]! * b[bt + p + 2]!;
    s3 += a[at + p + 3]! * b[bt + p + 3]!;
  }
  for (let p = blocked; p < k; p++) s0 += a[at + p]! * b[bt + p]!;
  return s0 + s1 + (s2 + s3);
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

/** aᵀ·a of n rows: k×k. */
export function gram(a: Float64Array, n: number): Float64Array {
  return timesItself(transposed(a, a.length / n), n);
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
  for (let c = 0; c < m; c += 4) substitute(a, x, c * n, n, Math.min(4, m - c));
  return transposed(x, n);
}

/** Both substitutions, four columns side by side, so that the factor is read once for them. */
function substitute(l: Float64Array, x: Float64Array, at: number, n: number, columns: number): void {
  // Fewer than four: the last one over again.
  const [a, b, c, d] = [0, 1, 2, 3].map((one) => {
    const start = at + Math.min(one, columns - 1) * n;
    return x.slice(start, start + n);
  }) as [Float64Array, Float64Array, Float64Array, Float64Array];
  for (let i = 0; i < n; i++) {
    const row = i * n;
    let [s0, s1, s2, s3] = [a[i]!, b[i]!, c[i]!, d[i]!];
    for (let j = 0; j < i; j++) {
      const value = l[row + j]!;
      s0 -= value * a[j]!;
      s1 -= value * b[j]!;
      s2 -= value * c[j]!;
      s3 -= value * d[j]!;
    }
    const by = 1 / l[row + i]!;
    a[i] = s0 * by;
    b[i] = s1 * by;
    c[i] = s2 * by;
    d[i] = s3 * by;
  }
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    const by = 1 / l[row + i]!;
    const [s0, s1, s2, s3] = [(a[i]! *= by), (b[i]! *= by), (c[i]! *= by), (d[i]! *= by)];
    for (let j = 0; j < i; j++) {
      const value = l[row + j]!;
      a[j]! -= value * s0;
      b[j]! -= value * s1;
      c[j]! -= value * s2;
      d[j]! -= value * s3;
    }
  }
  [a, b, c, d].slice(0, columns).forEach((column, one) => x.set(column, at + one * n));
}
