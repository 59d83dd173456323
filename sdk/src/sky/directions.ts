import { ARCSEC, DEG } from './constants.js';

/** Angle in radians to whole microdegrees; never −0. */
export function microdegrees(radians: number): number {
  return Math.round((radians / DEG) * 1e6) + 0;
}

/** As `microdegrees`, reduced to 0…359,999,999. */
export function microdegreesOfCircle(radians: number): number {
  const value = microdegrees(radians) % 360_000_000;
  return value < 0 ? value + 360_000_000 : value;
}

/** Angle from the plane of the first two components. */
export function elevationRad(x: number, y: number, z: number): number {
  return Math.atan2(z, Math.sqrt(x * x + y * y));
}

/**
 * Angular separation in arcseconds of a direction `(x, y, z)` of any length from the claimed longitude and latitude in
 * microdegrees, longitude counted from x to y. By the chord, which keeps its precision at small angles.
 */
export function separationArcsec(x: number, y: number, z: number, lonE6: number, latE6: number): number {
  const lon = (lonE6 / 1e6) * DEG;
  const lat = (latE6 / 1e6) * DEG;
  const cosLat = Math.cos(lat);
  const scale = 1 / Math.sqrt(x * x + y * y + z * z);
  const dx = x * scale - cosLat * Math.cos(lon);
  const dy = y * scale - cosLat * Math.sin(lon);
  const dz = z * scale - Math.sin(lat);
  const chord = Math.sqrt(dx * dx + dy * dy + dz * dz);
  return (2 * Math.asin(Math.min(1, chord / 2))) / ARCSEC;
}
