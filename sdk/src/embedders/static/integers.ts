/** Largest whole r with r² ≤ n, for whole n < 2^53. Math.sqrt may differ by an ulp between engines; this may not. */
export function integerSqrt(n: number): number {
  let root = Math.floor(Math.sqrt(n));
  while (root * root > n) root--;
  while ((root + 1) * (root + 1) <= n) root++;
  return root;
}

/**
 * Sums of whole numbers (below 2^53) brought to length 1: each component a multiple of 1/32768, so that float32 holds it
 * exactly. Additions, multiplications and divisions alone, which IEEE 754 defines to the bit.
 */
export function unitVector(sums: Float64Array): Float32Array {
  let largest = 0;
  for (let i = 0; i < sums.length; i++) largest = Math.max(largest, Math.abs(sums[i]!));
  const vector = new Float32Array(sums.length);
  if (largest === 0) {
    vector[0] = 1;
    return vector;
  }
  let scale = 1;
  while (largest >= scale * 2097152) scale *= 2;
  let squares = 0;
  for (let i = 0; i < sums.length; i++) {
    const part = Math.floor(sums[i]! / scale + 0.5);
    sums[i] = part;
    squares += part * part;
  }
  const norm = integerSqrt(squares);
  for (let i = 0; i < sums.length; i++) vector[i] = Math.floor((sums[i]! * 32768) / norm + 0.5) / 32768;
  return vector;
}
