/** Σ a[i] · b[at + i]. Four sums side by side: the engine keeps them in registers, which doubles the rate of one. */
export function dot(a: Float32Array, b: Float32Array, at: number): number {
  const dims = a.length;
  const whole = dims & ~3;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i < whole; i += 4) {
    s0 += a[i]! * b[at + i]!;
    s1 += a[i + 1]! * b[at + i + 1]!;
    s2 += a[i + 2]! * b[at + i + 2]!;
    s3 += a[i + 3]! * b[at + i + 3]!;
  }
  for (; i < dims; i++) s0 += a[i]! * b[at + i]!;
  return s0 + s1 + (s2 + s3);
}

/** Scales to length 1 in place; a row of zeros stays as it is. */
export function makeUnit(vector: Float32Array): Float32Array {
  const squares = dot(vector, vector, 0);
  if (squares === 0) return vector;
  const factor = 1 / Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) vector[i] = vector[i]! * factor;
  return vector;
}
