/** What `sky/1` freezes (specs/sky.md). */
export const skyVersion = 'sky/1';

/** The nine bodies in the order in which a stamp lists them. */
export const bodyNames = ['sun', 'moon', 'mercury', 'venus', 'mars', 'jupiter', 'saturn', 'uranus', 'neptune'] as const;
export type BodyName = (typeof bodyNames)[number];

/** Angular separation up to which a claimed direction agrees with the computed one. */
export const toleranceArcsec = 120;
/** A cached result this close to the limit says nothing: the direct computation decides. */
export const nearLimitArcsec = 2;

/** 1950-01-01T00:00Z, first supported moment, and 2100-01-01T00:00Z, the first that is not. */
export const spanStartMs = -631_152_000_000;
export const spanEndMs = 4_102_444_800_000;

/** A star gives the label while the Sun is at or below this altitude; above it the Sun does. */
export const civilDuskE6 = -6_000_000;

/** Stars of at most this catalogue magnitude (hundredths) can give the label. */
export const brightMagnitudeE2 = 200;

export const DEG = Math.PI / 180;
export const ARCSEC = DEG / 3600;
/** Kilometres in one astronomical unit (IAU 2012 resolution B2). */
export const AU_KM = 149_597_870.7;
