import type { Translator } from './apply.js';
import type { Nearness } from './parameters.js';

/**
 * Share of the relevance of re-embedding that a translation keeps, by the agreement of cosines where the question lies:
 * a straight line through translators between two model families with 100 and 500 anchors of the domain (bench/across, decision 0022).
 */
export function relevanceKept(agreement: number): number {
  return clamp(3.2 * agreement - 1.67);
}

/** Below this share a question is not answered by translation, unless it is asked to. */
export const relevanceMin = 0.5;

/** What is found is as near to the anchors as they are to each other from this share on, and about something else below that one. */
const HITS_LIKE = 0.9;
const HITS_UNLIKE = 0.65;

/** Of a translator that agrees less than this as a whole, what is estimated for one question counts for less, down to nothing. */
const WHOLE_GOOD = 0.8;
const WHOLE_POOR = 0.75;

/** Where a translated question lies. */
export interface Place {
  /** Mean cosine of the question to the nearest anchors. */
  readonly near: number;
  /** The same of the rows that it finds, in the target space; undefined where it finds none. */
  readonly hits: number | undefined;
  /** Share of the relevance that is expected to be kept, 0 to 1. */
  readonly kept: number;
}

/**
 * Judges a translation near its question. A question far from the anchors is translated less well, as cross-validation found.
 * And anchors about something else than what is here can look near in the source space and still lead astray: then what is
 * found lies further from them than they lie from each other. `found`: the nearest rows of the target space.
 */
export function placeOf(
  translator: Translator,
  nearness: Nearness,
  question: Float32Array,
  found: readonly Float32Array[],
): Place {
  const near = translator.near(question);
  const agreement = nearness.agreement + nearness.slope * (near - nearness.near);
  const hits =
    found.length === 0 ? undefined : found.reduce((sum, row) => sum + translator.nearTarget(row), 0) / found.length;
  const like =
    hits === undefined || nearness.hits <= 0
      ? 1
      : clamp((hits / nearness.hits - HITS_UNLIKE) / (HITS_LIKE - HITS_UNLIKE));
  const whole = clamp((nearness.agreement - WHOLE_POOR) / (WHOLE_GOOD - WHOLE_POOR));
  return { near, hits, kept: relevanceKept(Math.min(agreement, 1)) * whole * like };
}

function clamp(x: number): number {
  return Math.max(0, Math.min(1, x));
}
