/**
 * Chebyshev interpolation of vector functions on [−1, 1]: samples at the roots of T_n, coefficients by the discrete cosine
 * sum (Press et al., Numerical Recipes, 5.8).
 */

/** Root `k` of T_n. */
export function chebyshevNode(k: number, n: number): number {
  return Math.cos((Math.PI * (k + 0.5)) / n);
}

/** Coefficients of one component: `samples` holds `n` vectors of `width`; writes `n` numbers at `at`. */
export function writeCoefficients(
  samples: Float64Array,
  width: number,
  component: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += samples[width * k + component]! * Math.cos((Math.PI * j * (k + 0.5)) / n);
    out[at + j] = (sum * (j === 0 ? 1 : 2)) / n;
  }
}

/** Clenshaw's recurrence over `n` coefficients from `at`. */
export function evaluate(coefficients: Float64Array, at: number, n: number, x: number): number {
  const twice = 2 * x;
  let next = 0;
  let after = 0;
  for (let j = at + n - 1; j > at; j--) {
    const value = coefficients[j]! + twice * next - after;
    after = next;
    next = value;
  }
  return coefficients[at]! + x * next - after;
}
