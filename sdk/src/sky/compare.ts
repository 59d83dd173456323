import { ARCSEC, bodyNames, civilDuskE6, toleranceArcsec } from './constants.js';
import { elevationRad, microdegrees, microdegreesOfCircle, separationArcsec } from './directions.js';
import { constellationAt } from './ephemeris/constellation.js';
import type { Frame } from './ephemeris/frame.js';
import { dot, emptyHorizon, writeHorizon } from './horizon.js';
import { highestBrightStar, sinAltitude, toDate } from './observe.js';
import type { Place } from './place.js';
import type { ReadStamp } from './stamp.js';
import { writeStar } from './stars/catalogue.js';

/** How far one thing that a stamp says is from the computed sky; for a discrete thing, how far positions would have to be off for it to be right. */
export interface Deviation {
  /** `sun` … `neptune`, a star's name, or `label`. */
  readonly body: string;
  readonly expected: string;
  readonly claimed: string;
  readonly arcsec: number;
}

/** Beyond twice the tolerance nobody looks how far: such a constellation is simply wrong. */
const farArcsec = 648_000;
const horizon = emptyHorizon();
const scratch = new Float64Array(3);

/** The largest deviation between a well-formed stamp and a frame. Angles are always angular separations. */
export function worstDeviation(frame: Frame, days: number, place: Place | undefined, stamp: ReadStamp): Deviation {
  let worst: Deviation | undefined;
  for (const deviation of deviations(frame, days, place, stamp))
    if (worst === undefined || deviation.arcsec > worst.arcsec) worst = deviation;
  return worst!;
}

/** As `worstDeviation`, only the number and for a frame out of the cache; a constellation that is not plainly right counts as far off. */
export function worstArcsec(frame: Frame, days: number, place: Place | undefined, stamp: ReadStamp): number {
  let worst = 0;
  if (place !== undefined) writeHorizon(frame, days, place, horizon);
  for (let body = 0; body < bodyNames.length; body++) {
    const [x, y, z] = bodyComponents(frame, body, place);
    worst = Math.max(worst, bodySeparation(x, y, z, body, stamp));
  }
  if (stamp.star !== undefined) {
    const { separation, below, lower } = starDeviations(frame, days, stamp.star);
    worst = Math.max(worst, separation, below, lower);
  } else if (constellationOfSource(frame, place) !== stamp.constellation) return farArcsec;
  return place === undefined ? worst : Math.max(worst, duskDeviation(frame, stamp));
}

function* deviations(frame: Frame, days: number, place: Place | undefined, stamp: ReadStamp): Generator<Deviation> {
  if (place !== undefined) writeHorizon(frame, days, place, horizon);
  for (let body = 0; body < bodyNames.length; body++) {
    const [x, y, z] = bodyComponents(frame, body, place);
    const [first, second] = [stamp.integers[2 * body]!, stamp.integers[2 * body + 1]!];
    yield {
      body: bodyNames[body]!,
      expected:
        place === undefined
          ? `RA ${lonText(y, x)}, declination ${latText(x, y, z)}`
          : `altitude ${latText(x, y, z)}, azimuth ${lonText(y, x)}`,
      claimed:
        place === undefined
          ? `RA ${degrees(first)}, declination ${degrees(second)}`
          : `altitude ${degrees(first)}, azimuth ${degrees(second)}`,
      arcsec: bodySeparation(x, y, z, body, stamp),
    };
  }
  if (place !== undefined) yield duskOf(frame, stamp);
  if (stamp.star !== undefined) yield* starsOf(frame, days, stamp.star);
  else yield constellationOf(frame, place, stamp);
}

/** In east-north-up turned so that longitude is azimuth (north, east, up), or of date; from the place when there is one. */
function bodyComponents(frame: Frame, body: number, place: Place | undefined): [number, number, number] {
  const { bodies } = frame;
  const [x, y, z] = [bodies[3 * body]!, bodies[3 * body + 1]!, bodies[3 * body + 2]!];
  if (place === undefined) return toDate(frame, x, y, z);
  const { position } = horizon;
  return local(x - position[0]!, y - position[1]!, z - position[2]!);
}

function local(x: number, y: number, z: number): [number, number, number] {
  return [dot(horizon.north, x, y, z), dot(horizon.east, x, y, z), dot(horizon.up, x, y, z)];
}

function bodySeparation(x: number, y: number, z: number, body: number, stamp: ReadStamp): number {
  const first = stamp.integers[2 * body]!;
  const second = stamp.integers[2 * body + 1]!;
  return stamp.frame === 'altaz' ? separationArcsec(x, y, z, second, first) : separationArcsec(x, y, z, first, second);
}

/** A star in the label while the Sun is above −6°, or none while it is below: by how much the Sun is on the other side. */
function duskDeviation(frame: Frame, stamp: ReadStamp): number {
  const [x, y, z] = bodyComponents(frame, 0, horizonPlace);
  const aboveArcsec = elevationRad(x, y, z) / ARCSEC - (civilDuskE6 * 3600) / 1e6;
  return Math.max(0, stamp.star === undefined ? -aboveArcsec : aboveArcsec);
}

/** Only says that `horizon` is in use. */
const horizonPlace: Place = { lat: 0, lon: 0, elevation: 0 };

function duskOf(frame: Frame, stamp: ReadStamp): Deviation {
  const [x, y, z] = bodyComponents(frame, 0, horizonPlace);
  const sun = `the Sun at ${latText(x, y, z)}`;
  return {
    body: stamp.star === undefined ? 'label' : stamp.star.star.name,
    expected:
      stamp.star === undefined
        ? `a star, ${sun} being at or below −6°`
        : `the Sun’s label and no star in daylight, ${sun} being above −6°`,
    claimed: stamp.star === undefined ? 'the Sun’s label' : `the star ${stamp.star.star.name}`,
    arcsec: duskDeviation(frame, stamp),
  };
}

function starDeviations(
  frame: Frame,
  days: number,
  claim: NonNullable<ReadStamp['star']>,
): { separation: number; below: number; lower: number } {
  writeStar(claim.star, days, frame, scratch);
  const altitude = Math.asin(sinAltitude(scratch, horizon)) / ARCSEC;
  const [x, y, z] = local(scratch[0]!, scratch[1]!, scratch[2]!);
  const highest = Math.asin(highestBrightStar(frame, days, horizon).sinAltitude) / ARCSEC;
  return {
    separation: separationArcsec(x, y, z, claim.azimuthE6, claim.altitudeE6),
    below: Math.max(0, -altitude),
    lower: Math.max(0, (highest - altitude) / 2),
  };
}

function* starsOf(frame: Frame, days: number, claim: NonNullable<ReadStamp['star']>): Generator<Deviation> {
  const { separation, below, lower } = starDeviations(frame, days, claim);
  const { name } = claim.star;
  writeStar(claim.star, days, frame, scratch);
  const [x, y, z] = local(scratch[0]!, scratch[1]!, scratch[2]!);
  const expected = `altitude ${latText(x, y, z)}, azimuth ${lonText(y, x)}`;
  const claimed = `altitude ${degrees(claim.altitudeE6)}, azimuth ${degrees(claim.azimuthE6)}`;
  yield { body: name, expected, claimed, arcsec: separation };
  yield { body: name, expected: `a star above the horizon; ${name} has ${expected}`, claimed: name, arcsec: below };
  yield {
    body: 'label',
    expected: `${highestBrightStar(frame, days, horizon).star.name}, the highest bright star`,
    claimed: name,
    arcsec: lower,
  };
}

function constellationOfSource(frame: Frame, place: Place | undefined): string {
  const [x, y, z] = sourceOf(frame, place);
  return constellationAt(x, y, z);
}

/** J2000 direction of what gives a label without a star: the Sun over a place, else the Moon. */
function sourceOf(frame: Frame, place: Place | undefined): [number, number, number] {
  const at = place === undefined ? 3 : 0;
  const [px, py, pz] = place === undefined ? [0, 0, 0] : (horizon.position as unknown as [number, number, number]);
  return [frame.bodies[at]! - px, frame.bodies[at + 1]! - py, frame.bodies[at + 2]! - pz];
}

/** A boundary may run between the two positions: right if right on a circle of the tolerance, marginal on one of twice that. */
function constellationOf(frame: Frame, place: Place | undefined, stamp: ReadStamp): Deviation {
  const at = sourceOf(frame, place);
  const expected = constellationAt(...at);
  const radius = [0, toleranceArcsec / 2, toleranceArcsec, 2 * toleranceArcsec].find((arcsec) =>
    around(at, arcsec).some((p) => constellationAt(...p) === stamp.constellation),
  );
  return { body: 'label', expected, claimed: stamp.constellation, arcsec: radius ?? farArcsec };
}

/** 16 directions at a distance from `at`; `at` itself for distance 0. */
function around(at: readonly [number, number, number], arcsec: number): [number, number, number][] {
  const length = Math.hypot(...at);
  const [x, y, z] = [at[0] / length, at[1] / length, at[2] / length];
  if (arcsec === 0) return [[x, y, z]];
  const flat = Math.hypot(x, y);
  const east = [-y / flat, x / flat, 0] as const;
  const north = [(-z * x) / flat, (-z * y) / flat, flat] as const;
  return Array.from({ length: 16 }, (_, i) => {
    const e = Math.cos((i * Math.PI) / 8) * arcsec * ARCSEC;
    const n = Math.sin((i * Math.PI) / 8) * arcsec * ARCSEC;
    return [x + e * east[0] + n * north[0], y + e * east[1] + n * north[1], z + e * east[2] + n * north[2]];
  });
}

function latText(x: number, y: number, z: number): string {
  return degrees(microdegrees(elevationRad(x, y, z)));
}

function lonText(y: number, x: number): string {
  return degrees(microdegreesOfCircle(Math.atan2(y, x)));
}

function degrees(microdegrees: number): string {
  return `${(microdegrees / 1e6).toFixed(4)}°`;
}
