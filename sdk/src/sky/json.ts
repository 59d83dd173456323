import { AU_KM, bodyNames, type BodyName } from './constants.js';
import type { BodyObservation, Observation } from './observe.js';
import { whatAStampProves } from './tiers.js';

export interface BodyJson {
  /** Absent without a place. */
  readonly altitudeDeg?: number;
  readonly azimuthDeg?: number;
  readonly raHours: number;
  readonly decDeg: number;
}

/** An observation in degrees, hours and astronomical units, for people and other programs; nothing is signed in this form. */
export interface SkyJson {
  readonly time: string;
  /** Degrees, degrees, metres; null for the geocentre. */
  readonly place: {
    readonly latitude: number;
    readonly longitude: number;
    readonly elevation: number;
    readonly gridDeg?: number;
  } | null;
  readonly label: string;
  /** A star's name, `sun` or `moon`. */
  readonly labelOf: string;
  /** null without a place. */
  readonly twilight: string | null;
  readonly siderealHours: number;
  readonly bodies: Readonly<Record<BodyName, BodyJson & { readonly distanceAu: number }>>;
  readonly moon: { readonly phaseAngleDeg: number; readonly illuminated: number; readonly elongationDeg: number };
  readonly stars: readonly (BodyJson & {
    readonly name: string;
    readonly constellation: string;
    readonly magnitude: number;
  })[];
  /** What all this proves. */
  readonly meaning: string;
}

export function skyJson(observation: Observation): SkyJson {
  const { place, moon } = observation;
  const bodies = bodyNames.map((name) => {
    const body = observation.bodies[name];
    return [name, { ...bodyJson(body), distanceAu: round(body.distanceKm / AU_KM, 9) }];
  });
  return {
    time: new Date(observation.timeMs).toISOString(),
    place:
      place === undefined
        ? null
        : {
            latitude: place.lat / 1e6,
            longitude: place.lon / 1e6,
            elevation: place.elevation / 1e3,
            ...(place.grid === undefined ? {} : { gridDeg: place.grid / 1e6 }),
          },
    label: observation.label,
    labelOf: observation.labelOf,
    twilight: observation.twilight ?? null,
    siderealHours: hours(observation.siderealE6),
    bodies: Object.fromEntries(bodies) as SkyJson['bodies'],
    moon: {
      phaseAngleDeg: moon.phaseAngleE6 / 1e6,
      illuminated: moon.illuminatedE6 / 1e6,
      elongationDeg: moon.elongationE6 / 1e6,
    },
    stars: observation.stars.map((star) => ({
      name: star.name,
      constellation: star.constellation,
      magnitude: star.magnitudeE2 / 100,
      ...bodyJson(star),
    })),
    meaning: whatAStampProves,
  };
}

function bodyJson(seen: Omit<BodyObservation, 'distanceKm'>): BodyJson {
  return {
    ...(seen.altitudeE6 === undefined ? {} : { altitudeDeg: seen.altitudeE6 / 1e6, azimuthDeg: seen.azimuthE6! / 1e6 }),
    raHours: hours(seen.raE6),
    decDeg: seen.decE6 / 1e6,
  };
}

/** A microdegree is 0.24 ms of right ascension: eight decimals keep it. */
function hours(angleE6: number): number {
  return round(angleE6 / 15e6, 8);
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
