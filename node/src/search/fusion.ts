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
  /** Is the vector one that this node made of the row's text? */
  readonly computed?: true;
  /** Taken off the cosine by the guard. */
  readonly demotion?: number;
  /** Cosine of question and text, embedded here, where the row claims to be nearer than that: it is ranked by this one. */
  readonly textCosine?: number;
  /** Label of a row that is nearly equal and stands before it in the index's answer. */
  readonly copyOf?: number;
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
  readonly weights: Weights;
}

/** Where a question's best row stands, in spreads above its background: from there on vectors say what is meant. */
const telling = { at: 3.3, width: 0.15 };
const wordsBeside = { telling: 0.35, flat: 0.7 };

/**
 * How much words count beside vectors whose best row has the standard score `best`: less where a row stands out from its
 * background, more where none does and vectors only guess. Chosen with each labelled collection left out in turn
 * (bench/search-quality).
 */
export function weightOfWords(best: number): number {
  const flatness = 1 / (1 + Math.exp((best - telling.at) / telling.width));
  return wordsBeside.telling + (wordsBeside.flat - wordsBeside.telling) * flatness;
}

/** The weights of a question: what is `given`, and the rest by its best row among `candidates`. */
export function weigh(
  candidates: Iterable<Candidate>,
  spaces: Scales['spaces'],
  { vectors = 1, words }: Partial<Weights>,
): Weights {
  if (words !== undefined) return { vectors, words };
  let best = -Infinity;
  for (const { space, cosine, demotion } of candidates) {
    const scale = space === undefined || cosine === undefined ? undefined : spaces.get(space);
    if (scale !== undefined) best = Math.max(best, standard(cosine! - (demotion ?? 0), scale));
  }
  return { vectors, words: weightOfWords(best) };
}

/**
 * Joins vectors and words: weighted standard scores. A row without a text has no word part, a text without a vector in
 * the query's spaces no vector part. Such a one stands where it would stand among the complete ones by the part that it
 * has: third nearest of them gets the score of the third best. So silence is neither rewarded nor punished (a mean would
 * punish it: the best of many sums are always those that were lucky in both parts). Takes the candidates over.
 */
export function fuse(candidates: readonly Candidate[], { spaces, words, weights }: Scales): Scored[] {
  const n = candidates.length;
  const vectorParts = new Float64Array(n);
  const wordParts = new Float64Array(n);
  const complete: [number[], number[], number[]] = [[], [], []];
  const weighed = (i: number): number => weights.vectors * vectorParts[i]! + weights.words * wordParts[i]!;
  for (let i = 0; i < n; i++) {
    const { space, cosine, demotion, bm25 } = candidates[i]!;
    const scale = space === undefined || cosine === undefined ? undefined : spaces.get(space);
    vectorParts[i] = scale === undefined ? NaN : standard(cosine! - (demotion ?? 0), scale);
    wordParts[i] = bm25 === undefined ? NaN : standard(bm25, words);
    if (scale === undefined || bm25 === undefined) continue;
    complete[0].push(vectorParts[i]!);
    complete[1].push(wordParts[i]!);
    complete[2].push(weighed(i));
  }
  const whole = weights.vectors + weights.words;
  const isPartial = complete[2].length < n;
  const byVectors = isPartial ? placeOf(complete[0], complete[2], whole) : undefined;
  const byWords = isPartial ? placeOf(complete[1], complete[2], whole) : undefined;
  const scored = candidates.map((candidate, i): Scored => {
    const vectorPart = vectorParts[i]!;
    const wordPart = wordParts[i]!;
    if (Number.isNaN(wordPart))
      return Object.assign(candidate, { score: byVectors!(vectorPart), vectorPart, stands: 'words' as const });
    if (Number.isNaN(vectorPart))
      return Object.assign(candidate, { score: byWords!(wordPart), wordPart, stands: 'vectors' as const });
    return Object.assign(candidate, { score: weighed(i), vectorPart, wordPart });
  });
  return scored.sort(byScore);
}

/** Fewer complete candidates than this say nothing about the rest. */
const COMPLETE_MIN = 10;

/** From a part to the score of equal rank, straight lines between; without enough ranks as if both parts were equal. */
function placeOf(parts: readonly number[], scores: readonly number[], whole: number): (part: number) => number {
  if (parts.length < COMPLETE_MIN) return (part) => whole * part;
  const x = Float64Array.from(parts).sort();
  const y = Float64Array.from(scores).sort();
  const last = x.length - 1;
  const slope = x[last]! > x[0]! ? (y[last]! - y[0]!) / (x[last]! - x[0]!) : whole;
  return (part) => {
    if (part <= x[0]!) return y[0]! + slope * (part - x[0]!);
    if (part >= x[last]!) return y[last]! + slope * (part - x[last]!);
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (x[middle]! <= part) low = middle;
      else high = middle;
    }
    return y[low]! + ((y[high]! - y[low]!) * (part - x[low]!)) / (x[high]! - x[low]!);
  };
}

/** Best first; of equal ones the first published. */
export function byScore(a: Scored, b: Scored): number {
  return b.score - a.score || a.label - b.label || (a.id! < b.id! ? -1 : 1);
}
