import { standard, type Scale } from './scale.js';
import type { Weights } from './parts.js';

/** What is known of one row (or of a block without rows) about one query. */
export interface Candidate {
  /** −1 for a block without rows. */
  readonly label: number;
  /** Only for blocks without rows. */
  readonly id?: string;
  readonly space?: string;
  readonly cosine?: number;
  /** Taken off the cosine by the guard. */
  readonly demotion?: number;
  /** 0: it carries a text and no word of the query is in it; undefined: it carries no text. */
  readonly bm25?: number;
}

/** A candidate with the parts of its score, both in spreads of their background. */
export interface Scored extends Candidate {
  readonly score: number;
  readonly vectorPart?: number;
  readonly wordPart?: number;
  /** Set where a part is not known and what is usual beside the other part stands in for it. */
  readonly stands?: 'words' | 'vectors';
}

export interface Scales {
  readonly spaces: ReadonlyMap<string, Scale>;
  readonly words: Scale;
}

/**
 * Joins vectors and words: weighted standard scores. A row without a text has no word part, a text without a vector near
 * the query's space no vector part; both get what rows with that much of the other part have on average in this very
 * answer, so that silence is neither rewarded nor punished.
 */
export function fuse(candidates: readonly Candidate[], scales: Scales, weights: Weights): Scored[] {
  const parts = candidates.map((candidate) => ({ candidate, ...partsOf(candidate, scales) }));
  const known = parts.flatMap(({ vectorPart, wordPart }) => (vectorPart === undefined || wordPart === undefined ? [] : [[vectorPart, wordPart] as const]));
  const usualWords = usual(known);
  const usualVectors = usual(known.map(([v, w]) => [w, v] as const));
  return parts
    .map(({ candidate, vectorPart, wordPart }): Scored => {
      const v = vectorPart ?? usualVectors(wordPart!);
      const w = wordPart ?? usualWords(vectorPart!);
      const score = weights.vectors * v + weights.words * w;
      return {
        ...candidate,
        score,
        ...(vectorPart === undefined ? { stands: 'vectors' as const } : { vectorPart }),
        ...(wordPart === undefined ? { stands: 'words' as const } : { wordPart }),
      };
    })
    .sort(byScore);
}

function partsOf({ space, cosine, demotion, bm25 }: Candidate, scales: Scales): { vectorPart?: number; wordPart?: number } {
  const scale = space === undefined ? undefined : scales.spaces.get(space);
  return {
    ...(scale === undefined || cosine === undefined ? {} : { vectorPart: standard(cosine - (demotion ?? 0), scale) }),
    ...(bm25 === undefined ? {} : { wordPart: standard(bm25, scales.words) }),
  };
}

/** Fewer pairs than this say nothing about what is usual. */
const PAIRS_MIN = 10;

/** Mean of y near x: the least-squares line through (x, y), or x itself while there are too few pairs. */
function usual(pairs: readonly (readonly [number, number])[]): (x: number) => number {
  const n = pairs.length;
  if (n < PAIRS_MIN) return (x) => x;
  const meanX = pairs.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = pairs.reduce((sum, [, y]) => sum + y, 0) / n;
  let [xx, xy] = [0, 0];
  for (const [x, y] of pairs) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
  }
  const slope = xx === 0 ? 0 : Math.max(0, xy / xx);
  return (x) => meanY + slope * (x - meanX);
}

/** Best first; of equal ones the first published. */
export function byScore(a: Scored, b: Scored): number {
  return b.score - a.score || a.label - b.label || (a.id! < b.id! ? -1 : 1);
}
