import type { Strength } from '@cosmicembeddings/sdk';

/** What speaks for a hit, as far as it is known. */
export interface Evidence {
  /** The hit's cosine, and how near rows of its space are to each other. */
  readonly cosine?: number;
  readonly own?: { readonly mean: number; readonly spread: number; readonly rows: number };
  /** Share of the question's words that the hit holds, each word weighed by how rare it is: 0 to 1. */
  readonly coverage?: number;
}

/**
 * Logistic models of "labelled relevant" against "a question about nothing that is there", fitted by
 * bench/search-quality/strength.mjs on first hits of four collections and three models, each left out in turn. *Nearness* is
 * the cosine in spreads of the space's own background; of many rows the nearest is near by chance, hence the rows.
 */
const both = { base: -2.1, nearness: 1.63, coverage: 15, lnRows: -0.395 } as const;
const nearOnly = { nearness: 2.64 } as const;
const wordsOnly = { base: -6.3, coverage: 25 } as const;
/** Nearness alone must say so much more where words were to be had and are not there. */
const withoutWords = 2;
/** As much as speaks for half of the first hits that people called relevant. */
const strongFrom = 6;

/** Of fewer rows neither what is usually near nor how rare a word is can be known: most of them are answers themselves. */
export const rowsFrom = 20;

/**
 * The least nearness that questions about nothing that is here do not reach: it grows with the nearest of `rows` by chance,
 * and from some thousand rows on faster, as far as there are labelled collections (11,426 rows): many rows are about many
 * things, and something is always about as near as they are to each other.
 */
function fairNearness(rows: number): number {
  const lnRows = Math.log(rows);
  return 0.248 * lnRows - 1.06 + 0.71 * Math.min(Math.max(lnRows - 7.24, 0), 1.465);
}

/** The least cosine of what is more than weak; undefined where too few rows are here to know. */
export function fairFrom({ mean, spread, rows }: NonNullable<Evidence['own']>): number | undefined {
  if (rows < rowsFrom) return undefined;
  return mean + spread * fairNearness(rows);
}

/** How good a hit is: `weak` is what a question about nothing that is here finds just as well. */
export function strengthOf({ cosine, own, coverage }: Evidence): Strength {
  // Where few rows are, or one alone, nobody knows how rare the words are either.
  if (cosine !== undefined && (own === undefined || own.rows < rowsFrom)) return 'unknown';
  const isNear = cosine !== undefined && own !== undefined;
  if (!isNear && coverage === undefined) return 'unknown';
  const nearness = isNear ? (cosine - own.mean) / own.spread : 0;
  const lnRows = isNear ? Math.log(own.rows) : 0;
  const near = isNear ? nearOnly.nearness * (nearness - fairNearness(own.rows)) : 0;
  const sum = !isNear
    ? wordsOnly.base + wordsOnly.coverage * coverage!
    : coverage === undefined
      ? near
      : Math.max(
          both.base + both.nearness * nearness + both.coverage * coverage + both.lnRows * lnRows,
          near - withoutWords,
        );
  return sum < 0 ? 'weak' : sum < strongFrom ? 'fair' : 'strong';
}
