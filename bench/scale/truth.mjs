/** The exact ten best rows of each question, in double precision: what recall is measured against. */
import { DIMS } from './vectors.mjs';

export const TOP = 10;

/** Dot product of float32 rows in double precision. Four sums, because one would wait for each addition. */
export function dot(a, aAt, b, bAt) {
  let [s, t, u, v] = [0, 0, 0, 0];
  const last = DIMS - (DIMS % 4);
  for (let d = last; d < DIMS; d++) s += a[aAt + d] * b[bAt + d];
  for (let d = 0; d < last; d += 4) {
    s += a[aAt + d] * b[bAt + d];
    t += a[aAt + d + 1] * b[bAt + d + 1];
    u += a[aAt + d + 2] * b[bAt + d + 2];
    v += a[aAt + d + 3] * b[bAt + d + 3];
  }
  return s + t + (u + v);
}

/** The ten best of what it was offered: `[cosine, row]`, best first. */
export class Best {
  entries = [];
  least = -Infinity;

  offer(cosine, row) {
    if (cosine <= this.least) return;
    let at = this.entries.length;
    while (at > 0 && this.entries[at - 1][0] < cosine) at--;
    this.entries.splice(at, 0, [cosine, row]);
    if (this.entries.length > TOP) this.entries.pop();
    if (this.entries.length === TOP) this.least = this.entries[TOP - 1][0];
  }
}

/** Best rows of `flat` (first row number `firstRow`) for each question; `keep(row, question)` chooses the rows that count. */
export function bestOf(flat, questions, firstRow, keep) {
  const count = flat.length / DIMS;
  const asked = questions.length / DIMS;
  const best = Array.from({ length: asked }, () => new Best());
  for (let i = 0; i < count; i++) {
    for (let q = 0; q < asked; q++)
      if (keep(firstRow + i, q)) best[q].offer(dot(flat, i * DIMS, questions, q * DIMS), firstRow + i);
  }
  return best.map((one) => one.entries);
}

/** The ten best of several parts. */
export function mergeBest(parts) {
  return parts[0].map((_, q) => {
    const best = new Best();
    for (const part of parts) for (const [cosine, row] of part[q]) best.offer(cosine, row);
    return best.entries;
  });
}

/**
 * Recall@10: which share of ten places is taken by rows whose own cosine (computed here, not the node's word) is at least
 * that of the true tenth best. Ties and near-duplicates count as found; 1e-7 is what float32 storage leaves open.
 */
export function recallOf(truth, found, cosineOf) {
  let hits = 0;
  let places = 0;
  truth.forEach((best, q) => {
    // A space may hold no such row.
    if (best.length === 0) return;
    const least = best[best.length - 1][0] - 1e-7;
    places += best.length;
    const rows = new Set(found[q]);
    let own = 0;
    for (const row of rows) if (cosineOf(q, row) >= least) own++;
    hits += Math.min(own, best.length);
  });
  return hits / places;
}
