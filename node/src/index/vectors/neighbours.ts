import { dot } from './dot.js';

/** What is nearest to each of some rows, by label, as the index knows it; for whoever draws how rows lie to each other. */
export interface Neighbours {
  /** So many of the rows that were asked about, from the first on: as many as went into the time. */
  readonly done: number;
  /** `done` × k labels, nearest first; `NONE` where there are fewer, and all of them for a row that is not here. */
  readonly labels: Uint32Array;
  /** Scores of those: cosines, or products in a space that goes by them. */
  readonly scores: Float32Array;
  /** `done` × 2: where each row stands on the two axes along which rows of the space differ most. */
  readonly axes: Float32Array;
}

export const NONE = 0xffff_ffff;

/** What is asked of a space. */
export interface NearRows {
  readonly size: number;
  readonly dims: number;
  /** A copy; undefined where there is no such row. */
  rowOf(label: number): Float32Array | undefined;
  /** About n rows from all over the space. */
  sampleOf(n: number): readonly Float32Array[];
  near(row: Float32Array, k: number): readonly { readonly label: number; readonly score: number }[];
}

/** At least one row, then as many as begin within `ms`. @throws RowsDamaged */
export function neighboursIn(
  space: NearRows,
  axes: Axes,
  asked: Uint32Array,
  k: number,
  ms: number,
  nowMs: () => number = () => performance.now(),
): Neighbours {
  const labels = new Uint32Array(asked.length * k).fill(NONE);
  const scores = new Float32Array(asked.length * k);
  const places = new Float32Array(asked.length * 2);
  const untilMs = nowMs() + ms;
  let done = 0;
  for (; done < asked.length && (done === 0 || nowMs() < untilMs); done++) {
    const label = asked[done]!;
    const row = space.rowOf(label);
    if (row === undefined) continue;
    places.set(axes.placeOf(row), done * 2);
    let at = done * k;
    // The nearest to a row is the row itself, but for copies of it.
    for (const near of space.near(row, k + 1)) {
      if (near.label === label || at === (done + 1) * k) continue;
      labels[at] = near.label;
      scores[at++] = near.score;
    }
  }
  return {
    done,
    labels: labels.slice(0, done * k),
    scores: scores.slice(0, done * k),
    axes: places.slice(0, done * 2),
  };
}

/** Two axes through the middle of a space. */
export interface Axes {
  /** Rows of the space when they were found. */
  readonly size: number;
  placeOf(row: Float32Array): readonly [number, number];
}

const SAMPLE = 1024;
const ROUNDS = 24;

/**
 * The two principal axes of a sample, by power iteration with the first taken out of the second (Golub and Van Loan, Matrix
 * Computations, section 8.2); without forming the covariance: a round costs two products a row. From a fixed start, so that
 * the same rows give the same axes.
 */
export function axesOf(space: Pick<NearRows, 'size' | 'dims' | 'sampleOf'>): Axes {
  const { dims, size } = space;
  const rows = space.sampleOf(SAMPLE);
  const mean = new Float32Array(dims);
  for (const row of rows) for (let d = 0; d < dims; d++) mean[d]! += row[d]! / Math.max(1, rows.length);
  const found: Float32Array[] = [];
  for (let axis = 0; axis < 2; axis++) {
    let direction = Float32Array.from({ length: dims }, (_, d) => Math.sin((d + 1) * (axis + 1) * 12.9898));
    for (let round = 0; round < ROUNDS; round++) {
      const next = new Float32Array(dims);
      const middle = dot(direction, mean, 0);
      for (const row of rows) {
        const along = dot(direction, row, 0) - middle;
        for (let d = 0; d < dims; d++) next[d]! += along * (row[d]! - mean[d]!);
      }
      for (const before of found) {
        const along = dot(before, next, 0);
        for (let d = 0; d < dims; d++) next[d]! -= along * before[d]!;
      }
      const length = Math.sqrt(dot(next, next, 0));
      if (!(length > 1e-12)) break;
      direction = next.map((x) => x / length);
    }
    found.push(direction);
  }
  const middles = found.map((direction) => dot(direction, mean, 0));
  return {
    size,
    placeOf: (row) => [dot(found[0]!, row, 0) - middles[0]!, dot(found[1]!, row, 0) - middles[1]!],
  };
}
