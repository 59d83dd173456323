import { unpackRow } from '../space/index.js';
import { openTranslator } from './apply.js';
import { joined } from './apply.js';
import { timesTransposed } from './linear.js';
import type { Pair, Parameters, Quality } from './parameters.js';

const TOP = 10;

/** One text's part in the quality. */
export interface Judged {
  readonly recall: number;
  readonly cosine: number;
  readonly agreement: number;
  readonly near: number;
}

/** How well these pairs, which were not fitted on, are translated; each by itself. */
export function judgePairs(parameters: Parameters, pairs: readonly Pair[]): Judged[] {
  if (pairs.length === 0) return [];
  const { to, anchorsTo } = parameters;
  const translator = openTranslator(parameters);
  const translated = joined(translator.translate(pairs.map((pair) => pair.from)), to.dims);
  const truth = joined(
    pairs.map((pair) => pair.to),
    to.dims,
  );
  const anchors = joined(
    Array.from({ length: anchorsTo.rows }, (_, row) => unpackRow(anchorsTo, to.dims, row)),
    to.dims,
  );
  const pool = new Float64Array(truth.length + anchors.length);
  pool.set(truth);
  pool.set(anchors, truth.length);
  const size = pool.length / to.dims;
  const [found, wanted] = [timesTransposed(translated, pool, to.dims), timesTransposed(truth, pool, to.dims)];
  return pairs.map(({ from }, row) => {
    const [a, b] = [found.subarray(row * size, (row + 1) * size), wanted.subarray(row * size, (row + 1) * size)];
    const cosine = a[row]!;
    return {
      cosine,
      recall: overlap(a, b, row),
      agreement: correlation(a.subarray(pairs.length), b.subarray(pairs.length)),
      near: translator.near(from),
    };
  });
}

export function qualityOf(judged: readonly Judged[]): Quality {
  const mean = (of: (one: Judged) => number): number =>
    judged.length === 0 ? 0 : judged.reduce((sum, one) => sum + of(one), 0) / judged.length;
  return {
    n: judged.length,
    recall: mean(({ recall }) => recall),
    cosine: mean(({ cosine }) => cosine),
    agreement: mean(({ agreement }) => agreement),
  };
}

/** Of the ten places that rank highest by `b`, the share that does so by `a`, the place `but` left out. */
function overlap(a: Float64Array, b: Float64Array, but: number): number {
  const first = (values: Float64Array): number[] =>
    Array.from(values.keys())
      .filter((i) => i !== but)
      .sort((i, j) => values[j]! - values[i]! || i - j)
      .slice(0, TOP);
  const wanted = new Set(first(b));
  return wanted.size === 0 ? 0 : first(a).filter((i) => wanted.has(i)).length / wanted.size;
}

function correlation(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  let [sumA, sumB] = [0, 0];
  for (let i = 0; i < n; i++) {
    sumA += a[i]!;
    sumB += b[i]!;
  }
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i]! - sumA / n, b[i]! - sumB / n];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
