import type { Translator } from './apply.js';
import type { Nearness } from './parameters.js';

/**
 * Share of the relevance of re-embedding that a translation keeps, by how near the question lies to the anchors: a straight line
 * through translators between two model families with 100, 500 and 1,400 anchors of two domains (bench/across, decision 0022).
 * Where cosines hardly agree, or almost wholly, that says more than nearness.
 */
export function relevanceKept(near: number, agreement: number): number {
  const sound = clamp((agreement - SOUND_FROM) / (SOUND - SOUND_FROM));
  const alike = (agreement - ALIKE_FROM) / (ALIKE - ALIKE_FROM);
  return sound * clamp(Math.max(2.6 * near - 0.37, alike));
}

const [SOUND_FROM, SOUND] = [0.5, 0.6];
const [ALIKE_FROM, ALIKE] = [0.85, 0.95];

/** Below this share a question is not answered by translation, unless it is asked to. */
export const relevanceMin = 0.5;

/** What is found is as near to the anchors as they are to each other from this share on, and about something else below that one. */
const HITS_LIKE = 0.9;
const HITS_UNLIKE = 0.65;

/** So is a question, of as near as the anchors lie to each other. */
const [NEAR_LIKE, NEAR_UNLIKE] = [0.65, 0.5];

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
  const near = translator.near([question])[0]!;
  const agreement = nearness.agreement + nearness.slope * (near - nearness.near);
  const hits =
    found.length === 0 ? undefined : translator.nearTarget(found).reduce((sum, one) => sum + one, 0) / found.length;
  const like =
    hits === undefined || nearness.hits <= 0
      ? 1
      : clamp((hits / nearness.hits - HITS_UNLIKE) / (HITS_LIKE - HITS_UNLIKE));
  const asNear = nearness.near <= 0 ? 1 : clamp((near / nearness.near - NEAR_UNLIKE) / (NEAR_LIKE - NEAR_UNLIKE));
  return { near, hits, kept: relevanceKept(near, Math.min(agreement, 1)) * asNear * like };
}

function clamp(x: number): number {
  return Math.max(0, Math.min(1, x));
}
