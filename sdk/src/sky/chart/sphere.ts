import { DEG } from '../constants.js';

/** A unit vector, or three components of one. */
export type Vector = readonly [number, number, number];

/** Direction from longitude and latitude in degrees. */
export function vectorOf(lonDeg: number, latDeg: number): Vector {
  const [lon, lat] = [lonDeg * DEG, latDeg * DEG];
  return [Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)];
}

export function along(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function unit(a: Vector): Vector {
  const length = Math.hypot(...a);
  return [a[0] / length, a[1] / length, a[2] / length];
}

export function turn(rows: readonly [Vector, Vector, Vector], v: Vector): Vector {
  return [along(rows[0], v), along(rows[1], v), along(rows[2], v)];
}

/** J2000 → mean equator and equinox of date (IAU 1976; good to seconds of arc in 1950–2100, plenty for a drawing). */
export function precession(timeMs: number): readonly [Vector, Vector, Vector] {
  const t = (timeMs - 946_728_000_000) / 86_400_000 / 36525;
  const zeta = ((2306.2181 * t + 0.30188 * t * t) / 3600) * DEG;
  const z = ((2306.2181 * t + 1.09468 * t * t) / 3600) * DEG;
  const theta = ((2004.3109 * t - 0.42665 * t * t) / 3600) * DEG;
  const [cx, sx, cz, sz, ct, st] = [
    Math.cos(zeta),
    Math.sin(zeta),
    Math.cos(z),
    Math.sin(z),
    Math.cos(theta),
    Math.sin(theta),
  ];
  return [
    [cx * ct * cz - sx * sz, -sx * ct * cz - cx * sz, -st * cz],
    [cx * ct * sz + sx * cz, -sx * ct * sz + cx * cz, -st * sz],
    [cx * st, -sx * st, ct],
  ];
}

/** Obliquity of the ecliptic, degrees. */
export const obliquityDeg = 23.4393;

/** A point of the ecliptic system in the equatorial one. */
export function ofEcliptic(lonDeg: number, latDeg: number): Vector {
  const [x, y, z] = vectorOf(lonDeg, latDeg);
  const [c, s] = [Math.cos(obliquityDeg * DEG), Math.sin(obliquityDeg * DEG)];
  return [x, y * c - z * s, y * s + z * c];
}

/** North galactic pole and galactic centre, J2000. */
const galacticPole = vectorOf(192.8595, 27.1284);
const galacticCentre = vectorOf(266.405, -28.936);

/** A point of the galactic system in the J2000 equatorial one. */
export function ofGalactic(lonDeg: number, latDeg: number): Vector {
  const [x, y, z] = vectorOf(lonDeg, latDeg);
  const side = cross(galacticPole, galacticCentre);
  return [0, 1, 2].map((i) => x * galacticCentre[i]! + y * side[i]! + z * galacticPole[i]!) as unknown as Vector;
}
