/**
 * Phase one of UMAP (McInnes, Healy, Melville 2018, arXiv:1802.03426, section 3.1 and algorithms 2 to 4): distances to the
 * neighbours of a row become degrees of belonging, and the graphs of all rows are united.
 */
export interface FuzzyGraph {
  /** Edges in both directions, those of one point after another. */
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /** In (0, 1]. */
  readonly weights: Float32Array;
}

/** `n` × k points by index, `NOBODY` where there are fewer. */
export interface Near {
  readonly k: number;
  readonly points: Uint32Array;
  /** Distances, ascending for each point. */
  readonly distances: Float32Array;
}

export const NOBODY = 0xffff_ffff;
const ROUNDS = 40;
const CLOSE = 1e-5;
/** A bandwidth is never below this part of the mean distance. */
const LEAST = 1e-3;

/** Degrees of belonging of each point's neighbours: the nearest has 1, and all together log2(k). `near.points.length` numbers. */
export function belonging({ k, points, distances }: Near): Float32Array {
  const weights = new Float32Array(points.length);
  const target = Math.log2(k);
  for (let first = 0; first < points.length; first += k) {
    let n = 0;
    let mean = 0;
    let nearest = 0;
    for (let i = first; i < first + k; i++) {
      if (points[i] === NOBODY) continue;
      n++;
      const distance = distances[i]!;
      mean += distance;
      if (distance > 0 && (nearest === 0 || distance < nearest)) nearest = distance;
    }
    if (n === 0) continue;
    mean /= n;
    let [low, high, width] = [0, Infinity, 1];
    for (let round = 0; round < ROUNDS; round++) {
      let sum = 0;
      for (let i = first; i < first + k; i++)
        if (points[i] !== NOBODY) sum += Math.exp(-Math.max(0, distances[i]! - nearest) / width);
      if (Math.abs(sum - target) < CLOSE) break;
      if (sum > target) high = width;
      else low = width;
      width = high === Infinity ? width * 2 : (low + high) / 2;
    }
    width = Math.max(width, LEAST * mean, Number.MIN_VALUE);
    for (let i = first; i < first + k; i++)
      if (points[i] !== NOBODY) weights[i] = Math.exp(-Math.max(0, distances[i]! - nearest) / width);
  }
  return weights;
}

/** The union of all points' neighbourhoods: a + b − ab for the two degrees of a pair. */
export function fuzzyUnion(near: Near): FuzzyGraph {
  const { k, points } = near;
  const weights = belonging(near);
  const n = points.length / k;
  const starts = new Uint32Array(n + 1);
  for (const point of points) if (point !== NOBODY) starts[point + 1]!++;
  for (let i = 0; i < n; i++) starts[i + 1]! += starts[i]!;
  // Who names a point as a neighbour, and how much.
  const namedBy = new Uint32Array(starts[n]!);
  const named = new Float32Array(starts[n]!);
  const next = starts.slice(0, n);
  for (let i = 0; i < points.length; i++) {
    const point = points[i]!;
    if (point === NOBODY) continue;
    const at = next[point]!++;
    namedBy[at] = Math.floor(i / k);
    named[at] = weights[i]!;
  }
  const [from, to, united]: [Uint32Array, Uint32Array, Float32Array] = [
    new Uint32Array(2 * starts[n]!),
    new Uint32Array(2 * starts[n]!),
    new Float32Array(2 * starts[n]!),
  ];
  let edges = 0;
  const put = (a: number, b: number, weight: number): void => {
    if (!(weight > 0)) return;
    from[edges] = a;
    to[edges] = b;
    united[edges++] = weight;
  };
  for (let a = 0; a < n; a++) {
    const back = new Map<number, number>();
    for (let at = starts[a]!; at < starts[a + 1]!; at++) back.set(namedBy[at]!, named[at]!);
    for (let i = a * k; i < (a + 1) * k; i++) {
      const b = points[i]!;
      if (b === NOBODY) continue;
      const [there, here] = [weights[i]!, back.get(b) ?? 0];
      back.delete(b);
      put(a, b, there + here - there * here);
    }
    for (const [b, weight] of back) put(a, b, weight);
  }
  return { from: from.subarray(0, edges), to: to.subarray(0, edges), weights: united.subarray(0, edges) };
}
