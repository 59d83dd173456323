import { AU_KM, DEG } from './constants.js';
import { siderealRad, type Frame } from './ephemeris/frame.js';
import type { Place } from './place.js';

/** WGS 84 equatorial radius as astronomy-engine has it (IERS 2003) and one minus the flattening. */
const equatorRadiusKm = 6378.1366;
const polarRatio = 0.996647180302104;

/** East, north and up at a place, and the place itself, as J2000 vectors (EQJ); the place in AU from the Earth's centre. */
export interface Horizon {
  readonly east: Float64Array;
  readonly north: Float64Array;
  readonly up: Float64Array;
  readonly position: Float64Array;
}

export function emptyHorizon(): Horizon {
  return {
    east: new Float64Array(3),
    north: new Float64Array(3),
    up: new Float64Array(3),
    position: new Float64Array(3),
  };
}

/** Local apparent sidereal time, radians (not reduced); at Greenwich without a place. */
export function localSiderealRad(frame: Frame, days: number, place?: Place): number {
  return siderealRad(frame, days) + ((place?.lon ?? 0) / 1e6) * DEG;
}

/** Fills `out` for a place at a moment. At a pole, azimuth counts from the meridian of the stated longitude. */
export function writeHorizon(frame: Frame, days: number, place: Place, out: Horizon): void {
  const latitude = (place.lat / 1e6) * DEG;
  const sidereal = localSiderealRad(frame, days, place);
  const [sinLat, cosLat] = [Math.sin(latitude), Math.cos(latitude)];
  const [sinTime, cosTime] = [Math.sin(sidereal), Math.cos(sidereal)];
  const { toDate } = frame;
  toJ2000(toDate, -sinTime, cosTime, 0, out.east);
  toJ2000(toDate, -sinLat * cosTime, -sinLat * sinTime, cosLat, out.north);
  toJ2000(toDate, cosLat * cosTime, cosLat * sinTime, sinLat, out.up);
  const curvature = equatorRadiusKm / Math.sqrt(cosLat * cosLat + polarRatio * polarRatio * sinLat * sinLat);
  const heightKm = place.elevation / 1e6;
  const outward = ((curvature + heightKm) * cosLat) / AU_KM;
  const northward = ((curvature * polarRatio * polarRatio + heightKm) * sinLat) / AU_KM;
  toJ2000(toDate, outward * cosTime, outward * sinTime, northward, out.position);
}

/** The transposed rotation: of date → J2000. */
function toJ2000(toDate: Float64Array, x: number, y: number, z: number, out: Float64Array): void {
  out[0] = toDate[0]! * x + toDate[3]! * y + toDate[6]! * z;
  out[1] = toDate[1]! * x + toDate[4]! * y + toDate[7]! * z;
  out[2] = toDate[2]! * x + toDate[5]! * y + toDate[8]! * z;
}

/** Components of an EQJ vector along three axes: rows of `toDate`, or east, north, up. */
export function dot(a: Float64Array, x: number, y: number, z: number): number {
  return a[0]! * x + a[1]! * y + a[2]! * z;
}
