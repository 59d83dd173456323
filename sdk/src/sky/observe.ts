import { ARCSEC, AU_KM, bodyNames, civilDuskE6, skyVersion, type BodyName } from './constants.js';
import { elevationRad, microdegrees, microdegreesOfCircle } from './directions.js';
import { constellationAt, constellationName } from './ephemeris/constellation.js';
import { daysOf, type Frame } from './ephemeris/frame.js';
import { dot, emptyHorizon, localSiderealRad, writeHorizon, type Horizon } from './horizon.js';
import { labelOf } from './label.js';
import type { Place } from './place.js';
import { brightStars, stars, writeStar, type Star } from './stars/catalogue.js';
import { twilightOf, type Twilight } from './twilight.js';

/** Microdegrees: altitude above the horizon without refraction, azimuth from north through east. */
export interface Direction {
  readonly altitudeE6: number;
  readonly azimuthE6: number;
}

/** Right ascension and declination of the true equator and equinox of date, microdegrees. */
export interface Equatorial {
  readonly raE6: number;
  readonly decE6: number;
}

/** Seen from the place; `altitudeE6` and `azimuthE6` are absent, and the rest is geocentric, without one. */
export interface BodyObservation extends Equatorial, Partial<Direction> {
  readonly distanceKm: number;
}

export interface StarObservation extends Equatorial, Partial<Direction> {
  readonly name: string;
  /** Full name of the constellation. */
  readonly constellation: string;
  readonly magnitudeE2: number;
}

/** The sky over a place at a moment, all integers (specs/sky.md). */
export interface Observation {
  readonly version: typeof skyVersion;
  readonly timeMs: number;
  readonly place?: Place;
  /** Local apparent sidereal time (Greenwich without a place), microdegrees. */
  readonly siderealE6: number;
  readonly twilight?: Twilight;
  readonly bodies: Readonly<Record<BodyName, BodyObservation>>;
  /**
   * Geocentric. Phase angle Sun–Moon–Earth: 0 full, 180° new; the lit fraction in millionths; elongation: ecliptic
   * longitude of Moon minus Sun, 0 new, 90° first quarter, 180° full, 270° last quarter.
   */
  readonly moon: { readonly phaseAngleE6: number; readonly illuminatedE6: number; readonly elongationE6: number };
  /** Named stars above the horizon, brightest first; without a place all of the list. */
  readonly stars: readonly StarObservation[];
  readonly label: string;
  /** What the label speaks of: a star's name, `sun` or `moon`. */
  readonly labelOf: string;
}

/** The full observation of a frame. */
export function observationOf(frame: Frame, timeMs: number, place?: Place): Observation {
  const days = daysOf(timeMs);
  const horizon = place === undefined ? undefined : horizonAt(frame, days, place);
  const bodies = Object.fromEntries(bodyNames.map((name, index) => [name, bodyOf(frame, index, horizon)])) as Record<
    BodyName,
    BodyObservation
  >;
  const visible = stars
    .map((star) => starOf(star, frame, days, horizon))
    .filter((star) => horizon === undefined || star.altitudeE6! > 0);
  return {
    version: skyVersion,
    timeMs,
    ...(place === undefined ? {} : { place, twilight: twilightOf(bodies.sun.altitudeE6!) }),
    siderealE6: microdegreesOfCircle(localSiderealRad(frame, days, place)),
    bodies,
    moon: moonOf(frame, days),
    stars: visible,
    ...labelled(frame, days, horizon, bodies),
  };
}

function horizonAt(frame: Frame, days: number, place: Place): Horizon {
  const horizon = emptyHorizon();
  writeHorizon(frame, days, place, horizon);
  return horizon;
}

function bodyOf(frame: Frame, index: number, horizon?: Horizon): BodyObservation {
  const { bodies } = frame;
  const x = bodies[3 * index]! - (horizon?.position[0] ?? 0);
  const y = bodies[3 * index + 1]! - (horizon?.position[1] ?? 0);
  const z = bodies[3 * index + 2]! - (horizon?.position[2] ?? 0);
  const distanceKm = Math.round(Math.sqrt(x * x + y * y + z * z) * AU_KM);
  return { ...directionOf(x, y, z, horizon), ...equatorialOf(frame, x, y, z), distanceKm };
}

function starOf(star: Star, frame: Frame, days: number, horizon?: Horizon): StarObservation {
  const at = new Float64Array(3);
  writeStar(star, days, frame, at);
  const [x, y, z] = at as unknown as [number, number, number];
  return {
    name: star.name,
    constellation: constellationName(star.constellation),
    magnitudeE2: star.magnitudeE2,
    ...directionOf(x, y, z, horizon),
    ...equatorialOf(frame, x, y, z),
  };
}

function directionOf(x: number, y: number, z: number, horizon?: Horizon): Partial<Direction> {
  if (horizon === undefined) return {};
  const east = dot(horizon.east, x, y, z);
  const north = dot(horizon.north, x, y, z);
  const up = dot(horizon.up, x, y, z);
  return {
    altitudeE6: microdegrees(elevationRad(east, north, up)),
    azimuthE6: microdegreesOfCircle(Math.atan2(east, north)),
  };
}

/** An EQJ vector's components in the frame of date. */
export function toDate(frame: Frame, x: number, y: number, z: number): [number, number, number] {
  const r = frame.toDate;
  return [r[0]! * x + r[1]! * y + r[2]! * z, r[3]! * x + r[4]! * y + r[5]! * z, r[6]! * x + r[7]! * y + r[8]! * z];
}

function equatorialOf(frame: Frame, x: number, y: number, z: number): Equatorial {
  const [dx, dy, dz] = toDate(frame, x, y, z);
  return { raE6: microdegreesOfCircle(Math.atan2(dy, dx)), decE6: microdegrees(elevationRad(dx, dy, dz)) };
}

function moonOf(frame: Frame, days: number): Observation['moon'] {
  const [sx, sy, sz, mx, my, mz] = frame.bodies as unknown as number[] as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [tx, ty, tz] = [sx - mx, sy - my, sz - mz];
  const cosine = -(tx * mx + ty * my + tz * mz) / (Math.hypot(tx, ty, tz) * Math.hypot(mx, my, mz));
  const phase = Math.acos(Math.max(-1, Math.min(1, cosine)));
  const elongation = eclipticLongitude(frame, days, mx, my, mz) - eclipticLongitude(frame, days, sx, sy, sz);
  return {
    phaseAngleE6: microdegrees(phase),
    illuminatedE6: Math.round(((1 + Math.cos(phase)) / 2) * 1e6),
    elongationE6: microdegreesOfCircle(elongation),
  };
}

/** Mean obliquity of date (IAU 2006, linear term): what it leaves out moves a longitude by less than an arcsecond here. */
function eclipticLongitude(frame: Frame, days: number, x: number, y: number, z: number): number {
  const obliquity = (84381.406 - (46.836769 * days) / 36525) * ARCSEC;
  const [dx, dy, dz] = toDate(frame, x, y, z);
  return Math.atan2(dy * Math.cos(obliquity) + dz * Math.sin(obliquity), dx);
}

function labelled(
  frame: Frame,
  days: number,
  horizon: Horizon | undefined,
  bodies: Readonly<Record<BodyName, BodyObservation>>,
): { label: string; labelOf: string } {
  if (horizon === undefined)
    return { label: labelOf(constellationOfBody(frame, 1), bodies.moon.raE6), labelOf: 'moon' };
  if (bodies.sun.altitudeE6! > civilDuskE6)
    return { label: labelOf(constellationOfBody(frame, 0, horizon), bodies.sun.azimuthE6!), labelOf: 'sun' };
  const star = starOf(highestBrightStar(frame, days, horizon).star, frame, days, horizon);
  return { label: labelOf(star.constellation, star.azimuthE6!), labelOf: star.name };
}

function constellationOfBody(frame: Frame, index: number, horizon?: Horizon): string {
  const at = 3 * index;
  const [px, py, pz] = horizon === undefined ? [0, 0, 0] : (horizon.position as unknown as [number, number, number]);
  return constellationAt(frame.bodies[at]! - px, frame.bodies[at + 1]! - py, frame.bodies[at + 2]! - pz);
}

const scratch = new Float64Array(3);

/** The label's star, and the sine of its altitude; of equals the brighter. */
export function highestBrightStar(
  frame: Frame,
  days: number,
  horizon: Horizon,
): { readonly star: Star; readonly sinAltitude: number } {
  let best = brightStars[0]!;
  let highest = -Infinity;
  for (const star of brightStars) {
    writeStar(star, days, frame, scratch);
    const sine = sinAltitude(scratch, horizon);
    if (sine <= highest) continue;
    highest = sine;
    best = star;
  }
  return { star: best, sinAltitude: highest };
}

/** Sine of the altitude of an EQJ vector of any length. */
export function sinAltitude(vector: Float64Array, horizon: Horizon): number {
  const [x, y, z] = vector as unknown as [number, number, number];
  return dot(horizon.up, x, y, z) / Math.sqrt(x * x + y * y + z * z);
}
