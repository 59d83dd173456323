import { toHex, utf8 } from '../bytes.js';
import { sha256 } from '../crypto/hash.js';
import type { Clock } from '../ports/index.js';
import { createSky, type BodyObservation, type Place, type Sky } from '../sky/index.js';
import { numberOf, timeOf } from './block.js';
import { dumps } from './dumps.js';
import { PyFloat, type PyDict, type PyValue } from './read.js';

export interface ValidatorOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Oldest stamp that `verifyCosmicSignature` accepts, seconds (the original's rule: 300). Absent: any age. */
  readonly maxAgeSeconds?: number;
  readonly sky?: Sky;
}

/** How far a dictionary's sun and moon may be from the sky: the stamp's own tolerance. */
const TOLERANCE_DEG = 120 / 3600;
const AU_KM = 149_597_870.7;
const RADIANS = Math.PI / 180;

/** The original's answers: a verdict and why. */
export type Validated = readonly [valid: boolean, reason: string];

/** The Python `CosmoValidator` with real positions where the original had placeholders. */
export class CosmicValidator {
  private readonly sky: Sky;
  private readonly place: Place;

  /** Degrees, degrees, metres. */
  constructor(
    readonly latitude: number,
    readonly longitude: number,
    readonly elevation: number,
    private readonly options: ValidatorOptions,
  ) {
    this.sky = options.sky ?? createSky();
    this.place = placeOf(latitude, longitude, elevation);
  }

  /** `timestamp`: seconds since the epoch; now when absent. The dictionary that the original puts into blocks. */
  getCelestialSignature(timestamp?: number): PyDict {
    const seconds = timestamp ?? this.options.clock.now() / 1000;
    const observation = this.sky.observe({ timeMs: Math.round(seconds * 1000), place: this.place });
    const { sun, moon } = observation.bodies;
    return new Map<string, PyValue>([
      ['timestamp', float(seconds)],
      [
        'location',
        new Map([
          ['latitude', float(this.latitude)],
          ['longitude', float(this.longitude)],
          ['elevation', float(this.elevation)],
        ]),
      ],
      [
        'celestial_bodies',
        new Map<string, PyValue>([
          ['sun', new Map(bodyFields(sun))],
          [
            'moon',
            new Map<string, PyValue>([...bodyFields(moon), ['phase', float(observation.moon.phaseAngleE6 / 1e6)]]),
          ],
        ]),
      ],
      ['cosmo_signature', observation.label],
    ]);
  }

  /** The block with `cosmo_signature` and `cosmo_hash` for its timestamp: what the original's `validate_block` adds. */
  validateBlock(block: PyDict): { readonly block: PyDict; readonly result: Validated } {
    if (!block.has('timestamp')) return { block, result: [false, 'Block missing timestamp'] };
    const signature = this.getCelestialSignature(timeOf(block) / 1000);
    const stamped = new Map<string, PyValue>([
      ...block,
      ['cosmo_signature', signature],
      ['cosmo_hash', cosmoHash(signature)],
    ]);
    return { block: stamped, result: [true, 'Block validated with cosmo signature'] };
  }

  /** Hash, age (where asked for), and sun, moon and label against the sky. Reads both spellings, `cosmo_` and `cosmic_`. */
  verifyCosmicSignature(block: PyDict): Validated {
    const signature = block.get('cosmo_signature') ?? block.get('cosmic_signature');
    const hash = block.get('cosmo_hash') ?? block.get('cosmic_hash');
    if (!(signature instanceof Map) || typeof hash !== 'string')
      return [false, 'Block missing cosmo signature or hash'];
    const stored = signature as PyDict;
    if (cosmoHash(stored) !== hash) return [false, 'Cosmo signature hash mismatch'];
    const seconds = numberOf(stored.get('timestamp'));
    if (seconds === undefined) return [false, 'Cosmo signature without a timestamp'];
    const age = Math.abs(this.options.clock.now() / 1000 - seconds);
    if (this.options.maxAgeSeconds !== undefined && age > this.options.maxAgeSeconds)
      return [false, 'Cosmo signature timestamp too old'];
    const fault = skyFault(stored, Math.round(seconds * 1000), this.sky, this.place);
    return fault === undefined ? [true, 'Cosmo signature verified'] : [false, fault];
  }

  /** The original's name of the same. */
  verifyCosmoSignature(block: PyDict): Validated {
    return this.verifyCosmicSignature(block);
  }
}

/** The original's spelling. */
export const CosmoValidator = CosmicValidator;

/** `sha256(json.dumps(signature, sort_keys=True))`, hexadecimal. */
export function cosmoHash(signature: PyDict): string {
  return toHex(sha256(utf8(dumps(signature))));
}

/**
 * Where a stored dictionary disagrees with the sky of its time and place, or undefined. The dictionary's own location
 * counts where it has one. The original's placeholder labels (`Leo-1.5`) are not judged: they name no direction.
 */
export function skyFault(stored: PyDict, timeMs: number, sky: Sky, otherwise: Place): string | undefined {
  const location = stored.get('location');
  const degrees = (name: string): number | undefined =>
    location instanceof Map ? numberOf((location as PyDict).get(name)) : undefined;
  const [lat, lon] = [degrees('latitude'), degrees('longitude')];
  const place = lat === undefined || lon === undefined ? otherwise : placeOf(lat, lon, degrees('elevation') ?? 0);
  let observation;
  try {
    observation = sky.observe({ timeMs, place });
  } catch (error) {
    return (error as Error).message;
  }
  const bodies = stored.get('celestial_bodies');
  if (!(bodies instanceof Map)) return 'Cosmo signature without celestial bodies';
  for (const name of ['sun', 'moon'] as const) {
    const claimed = (bodies as PyDict).get(name);
    const altitude = claimed instanceof Map ? numberOf((claimed as PyDict).get('altitude')) : undefined;
    const azimuth = claimed instanceof Map ? numberOf((claimed as PyDict).get('azimuth')) : undefined;
    if (altitude === undefined || azimuth === undefined) return `${name}: altitude or azimuth is missing`;
    const apart = separationDeg(observation.bodies[name], altitude, azimuth);
    if (!(apart <= TOLERANCE_DEG)) return `${name}: ${apart.toFixed(3)}° from where it stood`;
  }
  return undefined;
}

function separationDeg(body: BodyObservation, altitudeDeg: number, azimuthDeg: number): number {
  const [a, b] = [directionOf(body.altitudeE6! / 1e6, body.azimuthE6! / 1e6), directionOf(altitudeDeg, azimuthDeg)];
  return (2 * Math.asin(Math.min(1, Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) / 2))) / RADIANS;
}

function directionOf(altitudeDeg: number, azimuthDeg: number): readonly [number, number, number] {
  const [altitude, azimuth] = [altitudeDeg * RADIANS, azimuthDeg * RADIANS];
  return [Math.cos(altitude) * Math.cos(azimuth), Math.cos(altitude) * Math.sin(azimuth), Math.sin(altitude)];
}

function placeOf(latitude: number, longitude: number, elevation: number): Place {
  return { lat: Math.round(latitude * 1e6), lon: Math.round(longitude * 1e6), elevation: Math.round(elevation * 1000) };
}

function float(value: number): PyFloat {
  return new PyFloat(value);
}

function bodyFields(body: BodyObservation): [string, PyValue][] {
  return [
    ['altitude', float(body.altitudeE6! / 1e6)],
    ['azimuth', float(body.azimuthE6! / 1e6)],
    ['distance_au', float(body.distanceKm / AU_KM)],
  ];
}
