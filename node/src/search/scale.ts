import type { Background } from './parts.js';

/** Where a query's scores lie when nothing is meant: a score's standard form is (score − mean) ÷ spread. */
export interface Scale {
  readonly mean: number;
  readonly spread: number;
  /** Scores that it was taken from. */
  readonly n: number;
}

/** Rows below which mean and spread say little of themselves. */
export const shortRows = 100;

/** A spread of cosines that is common between models, and how many rows' worth of belief it gets in short ledgers. */
const priorSpread = 0.1;
const priorRows = 10;
/** Of vectors, so that rows which all look alike divide by something. */
const leastSpread = 1e-4;
/** Of words: in bm25 units; a word that nearly no text of the sample has must not count for everything. */
const leastWordSpread = 0.5;

export function standard(score: number, scale: Scale): number {
  return (score - scale.mean) / scale.spread;
}

/** Of cosines, by the space's background sample as the index measured it. */
export function scaleOfBackground({ mean, spread, n }: Background): Scale {
  return { mean, spread: Math.max(spread, leastSpread), n };
}

/**
 * Of cosines of the space's own rows, where there is no sample yet. Few rows are mostly answers, so the middle and the
 * spread are robust (median, median deviation × 1.4826) and the spread leans on what is common.
 */
export function scaleOfRows(scores: readonly number[]): Scale {
  const n = scores.length;
  if (n === 0) return { mean: 0, spread: priorSpread, n };
  const mean = median(scores);
  const deviation = 1.4826 * median(scores.map((score) => Math.abs(score - mean)));
  const spread = Math.sqrt((n * deviation * deviation + priorRows * priorSpread * priorSpread) / (n + priorRows));
  return { mean, spread: Math.max(spread, leastSpread), n };
}

/** Of bm25 scores over a sample of `n` texts, those that do not match (score 0) left out of `scores`. */
export function scaleOfWords(scores: readonly number[], n: number): Scale {
  if (n === 0) return { mean: 0, spread: leastWordSpread, n };
  let [sum, squares] = [0, 0];
  for (const score of scores) {
    sum += score;
    squares += score * score;
  }
  const mean = sum / n;
  return wordScale({ mean, spread: Math.sqrt(Math.max(0, squares / n - mean * mean)), n });
}

/** Of bm25 scores as the text index measured it. */
export function wordScale({ mean, spread, n }: Scale): Scale {
  return { mean, spread: Math.max(spread, leastWordSpread), n };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
