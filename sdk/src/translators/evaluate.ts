import { unpackRow } from '../space/index.js';
import { joined, nearOf, openTranslator } from './apply.js';
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
  return judgeOf(parameters, pairs)(parameters);
}

/**
 * The same for many translators that have what is `along` in common: what does not hang on how they
 * translate is worked out once.
 */
export function judgeOf(
  along: Pick<Parameters, 'from' | 'to' | 'centerFrom' | 'anchorsFrom' | 'anchorsTo'>,
  pairs: readonly Pair[],
): (parameters: Parameters) => Judged[] {
  const { to, anchorsTo } = along;
  if (pairs.length === 0) return () => [];
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
  const rowOf = (values: Float64Array, row: number): Float64Array => values.subarray(row * size, (row + 1) * size);
  const wanted = timesTransposed(truth, pool, to.dims);
  const tops = pairs.map((_, row) => new Set(topOf(rowOf(wanted, row), row)));
  const sources = pairs.map(({ from }) => from);
  const near = nearOf(along, sources);
  return (parameters) => {
    const translated = joined(openTranslator(parameters).translate(sources), to.dims);
    const found = timesTransposed(translated, pool, to.dims);
    return pairs.map((_, row) => {
      const [a, b, top] = [rowOf(found, row), rowOf(wanted, row), tops[row]!];
      return {
        cosine: a[row]!,
        recall: top.size === 0 ? 0 : topOf(a, row).filter((i) => top.has(i)).length / top.size,
        agreement: correlation(a.subarray(pairs.length), b.subarray(pairs.length)),
        near: near[row]!,
      };
    });
  };
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

/** The ten places with the highest values, the earlier of equal ones first, the place `but` left out. */
function topOf(values: Float64Array, but: number): number[] {
  const top: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (i === but || (top.length === TOP && values[i]! <= values[top[TOP - 1]!]!)) continue;
    let at = top.length === TOP ? TOP - 1 : top.length;
    while (at > 0 && values[top[at - 1]!]! < values[i]!) at--;
    top.splice(at, 0, i);
    if (top.length > TOP) top.pop();
  }
  return top;
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
