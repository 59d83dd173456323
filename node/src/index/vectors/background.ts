import { dot } from './dot.js';

/** Mean and spread of the query's cosines to the space's background sample. */
export interface Background {
  readonly mean: number;
  readonly spread: number;
  readonly n: number;
}

/** Mean and spread of the cosines of the space's rows to each other, from a sample, and how many rows the space has. */
export interface OwnBackground {
  readonly mean: number;
  readonly spread: number;
  readonly rows: number;
}

/** Rows that a space's own background is taken from, and below how many it is taken with every search. */
const OWN_SAMPLE = 64;
export const OWN_MIN = 16;
/** Pairs' worth of belief in a spread of 0.1, which is common between models, while there are few rows. */
const OWN_PRIOR = 10;

/** Rows by slot, wherever they lie. */
interface Rows {
  at(slot: number): Float32Array;
  offset(slot: number): number;
}

/** How near some of those rows are to each other; undefined for fewer than two. */
export function ownBackgroundOf(
  rows: Rows,
  from: readonly number[],
  dims: number,
): Omit<OwnBackground, 'rows'> | undefined {
  const slots = spreadOver(from, OWN_SAMPLE);
  let [n, sum, squares] = [0, 0, 0];
  for (let i = 1; i < slots.length; i++) {
    const data = rows.at(slots[i]!);
    const at = rows.offset(slots[i]!);
    // A copy: what is read from a file row by row is overwritten by the next.
    const row = data.slice(at, at + dims);
    for (let j = 0; j < i; j++) {
      const cosine = dot(row, rows.at(slots[j]!), rows.offset(slots[j]!));
      n++;
      sum += cosine;
      squares += cosine * cosine;
    }
  }
  if (n === 0) return undefined;
  const mean = sum / n;
  const spread = Math.sqrt((n * Math.max(0, squares / n - mean * mean) + OWN_PRIOR * 0.01) / (n + OWN_PRIOR));
  return { mean, spread };
}

/** How near a query is to the rows of a sample, which lie one after the other. */
export function queryBackgroundOf(query: Float32Array, rows: Float32Array): Background | undefined {
  const dims = query.length;
  const n = rows.length / dims;
  if (n === 0) return undefined;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < n; i++) {
    const cosine = dot(query, rows, i * dims);
    sum += cosine;
    squares += cosine * cosine;
  }
  const mean = sum / n;
  return { mean, spread: Math.sqrt(Math.max(0, squares / n - mean * mean)), n };
}

function spreadOver(slots: readonly number[], n: number): readonly number[] {
  if (slots.length <= n) return slots;
  return Array.from({ length: n }, (_, i) => slots[Math.floor(((i + 0.5) * slots.length) / n)]!);
}
