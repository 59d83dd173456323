import type { Sha256 } from '../crypto/hash.js';
import { CosmicError, type Code } from '../errors.js';
import { nearLimitArcsec, spanEndMs, spanStartMs, toleranceArcsec } from './constants.js';
import { worstArcsec, worstDeviation, type Deviation } from './compare.js';
import { createFrameCache } from './ephemeris/cache.js';
import { directFrame } from './ephemeris/direct.js';
import { fitsPerChecks, type FitBudget } from './ephemeris/fit-budget.js';
import { daysOf } from './ephemeris/frame.js';
import { observationOf, type Observation } from './observe.js';
import { placeFault, type Place } from './place.js';
import { readStamp, stampOf, type CosmicSignature } from './stamp.js';

/** A moment, and the place unless the sky is geocentric. */
export interface Moment {
  /** Milliseconds since 1970-01-01T00:00Z, UTC. */
  readonly timeMs: number;
  readonly place?: Place | undefined;
}

/** What checking a stamp says. `marginal`: off by no more than twice the tolerance, which costs a peer no score. */
export type SkyVerdict =
  | { readonly ok: true; readonly tier: 'claimed' }
  | {
      readonly ok: false;
      readonly code: Extract<Code, `sky.${string}`>;
      readonly detail: string;
      readonly marginal: boolean;
      /** Of a `sky.mismatch`: what differs most. */
      readonly mismatch?: Deviation;
    };

export interface SkyOptions {
  /** Fitted segments of 16 days kept at most, about 3 kB each. */
  readonly segmentsMax?: number;
  /** How often a segment may be fitted; by default one fit for every 64 checks, which needs no clock. */
  readonly fitBudget?: FitBudget;
  /** For the hash of a stamp that is checked; the portable one by default. */
  readonly sha256?: Sha256;
}

export interface Sky {
  /** The full observation, computed directly. @throws CosmicError sky.time_out_of_span, sky.place_invalid */
  observe(at: Moment): Observation;
  /** The stamp for a header. @throws as `observe` */
  stamp(at: Moment): CosmicSignature;
  /** Whether a stamp agrees with the sky of a moment; the same verdict whatever the cache holds. */
  check(stamp: unknown, at: Moment): SkyVerdict;
  stats(): SkyStats;
}

export interface SkyStats {
  readonly segments: number;
  readonly bytes: number;
  readonly fits: number;
  /** Checks that were decided from a fitted segment, and those that needed the direct computation. */
  readonly cached: number;
  readonly direct: number;
}

const marginalArcsec = 2 * toleranceArcsec;

export function createSky(options: SkyOptions = {}): Sky {
  const cache = createFrameCache(options.segmentsMax ?? 1536, options.fitBudget ?? fitsPerChecks());
  let cached = 0;
  let direct = 0;

  function observe(at: Moment): Observation {
    const fault = momentFault(at);
    if (fault !== undefined) throw new CosmicError(fault.code, fault.detail);
    return observationOf(directFrame(at.timeMs), at.timeMs, at.place);
  }

  function check(stamp: unknown, at: Moment): SkyVerdict {
    const fault = momentFault(at);
    if (fault !== undefined) return { ok: false, ...fault, marginal: false };
    const read = readStamp(stamp, at.place !== undefined, options.sha256);
    if (typeof read === 'string') return { ok: false, code: 'sky.malformed', detail: read, marginal: false };
    const days = daysOf(at.timeMs);
    const fitted = cache.frame(at.timeMs);
    if (fitted !== undefined && worstArcsec(fitted, days, at.place, read) <= toleranceArcsec - nearLimitArcsec) {
      cached++;
      return { ok: true, tier: 'claimed' };
    }
    // Nobody is refused on an approximation: whatever is not plainly right is decided by the direct computation.
    direct++;
    return verdictOf(worstDeviation(directFrame(at.timeMs), days, at.place, read));
  }

  return { observe, stamp: (at) => stampOf(observe(at)), check, stats: () => ({ ...cache.stats(), cached, direct }) };
}

function verdictOf(worst: Deviation): SkyVerdict {
  if (worst.arcsec <= toleranceArcsec) return { ok: true, tier: 'claimed' };
  const { body, expected, claimed, arcsec } = worst;
  return {
    ok: false,
    code: 'sky.mismatch',
    detail: `${body}: expected ${expected}, claimed ${claimed}, off by ${Math.round(arcsec)}″ (tolerance ${toleranceArcsec}″)`,
    marginal: arcsec <= marginalArcsec,
    mismatch: worst,
  };
}

function momentFault(
  at: Moment,
): { readonly code: 'sky.time_out_of_span' | 'sky.place_invalid'; readonly detail: string } | undefined {
  if (!Number.isInteger(at.timeMs) || at.timeMs < spanStartMs || at.timeMs >= spanEndMs)
    return {
      code: 'sky.time_out_of_span',
      detail: `timestamp ${String(at.timeMs)}: expected whole milliseconds from 1950-01-01 to before 2100-01-01 UTC`,
    };
  const detail = at.place === undefined ? undefined : placeFault(at.place);
  return detail === undefined ? undefined : { code: 'sky.place_invalid', detail };
}
