import type { ScoredRow } from './top-rows.js';

/** Rows of an answer that are looked through for copies. */
const LOOKED_MAX = 256;
/** Squared distance of unit rows below which they say one thing, where two rows of a space have usually a cosine of 0.2 … */
const nearSquared = 2 - 2 * 0.97;
const usualCosine = 0.2;

export interface RowNumbers {
  readonly data: Float32Array;
  readonly offset: number;
}

/**
 * Marks rows that are nearly equal to one ranked before them. In spaces whose rows are all alike (`usual`: their mean
 * cosine) nearly equal is nearer. Rows that differ are told apart by some tens of their numbers.
 */
export function markCopies(
  rows: readonly ScoredRow[],
  placeOf: (label: number) => RowNumbers | undefined,
  dims: number,
  usual: number,
): ScoredRow[] {
  const limit = nearSquared * Math.min(1, Math.max(0.01, (1 - usual) / (1 - usualCosine)));
  // Cosines with any third row differ by no more than their distance.
  const apart = Math.sqrt(limit);
  const leads: { readonly label: number; readonly score: number; readonly place: RowNumbers }[] = [];
  return rows.map((row, i) => {
    const place = i < LOOKED_MAX ? placeOf(row.label) : undefined;
    if (place === undefined) return row;
    const lead = leads.find(
      (one) => Math.abs(one.score - row.score) <= apart && isWithin(one.place, place, dims, limit),
    );
    if (lead !== undefined) return { ...row, copyOf: lead.label };
    leads.push({ label: row.label, score: row.score, place });
    return row;
  });
}

function isWithin(a: RowNumbers, b: RowNumbers, dims: number, limit: number): boolean {
  const [x, y] = [a.data, b.data];
  const end = a.offset + dims;
  let sum = 0;
  for (let i = a.offset, j = b.offset; i < end;) {
    for (const to = Math.min(end, i + 16); i < to; i++, j++) {
      const difference = x[i]! - y[j]!;
      sum += difference * difference;
    }
    if (sum > limit) return false;
  }
  return true;
}
