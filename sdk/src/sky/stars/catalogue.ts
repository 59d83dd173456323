import { brightMagnitudeE2, DEG } from '../constants.js';
import { starTable } from './table.js';
import type { Frame } from '../ephemeris/frame.js';

export interface Star {
  readonly name: string;
  /** IAU abbreviation of the constellation. */
  readonly constellation: string;
  /** Visual magnitude in hundredths; the Sun's brightness falls by 2.512 a unit. */
  readonly magnitudeE2: number;
  /** Barycentric unit vector at J2000.0 (EQJ) and its change a Julian year. */
  readonly direction: readonly [number, number, number];
  readonly motion: readonly [number, number, number];
}

const MICROARCSEC = DEG / 3600 / 1e6;

/** The frozen star list of `sky/1`, brightest first. */
export const stars: readonly Star[] = /* @__PURE__ */ starTable.map(
  ([name, constellation, raE6, decE6, pmRa, pmDec, magnitudeE2]) => {
    const ra = (raE6 / 1e6) * DEG;
    const dec = (decE6 / 1e6) * DEG;
    const [sinRa, cosRa, sinDec, cosDec] = [Math.sin(ra), Math.cos(ra), Math.sin(dec), Math.cos(dec)];
    const east = pmRa * MICROARCSEC;
    const north = pmDec * MICROARCSEC;
    return {
      name,
      constellation,
      magnitudeE2,
      direction: [cosDec * cosRa, cosDec * sinRa, sinDec],
      motion: [-sinRa * east - sinDec * cosRa * north, cosRa * east - sinDec * sinRa * north, cosDec * north],
    };
  },
);

/** The stars that can give a label; the table's order makes them its first rows. */
export const brightStars: readonly Star[] = /* @__PURE__ */ stars.filter(
  (star) => star.magnitudeE2 <= brightMagnitudeE2,
);

/** Apparent direction (EQJ, not of unit length): proper motion from J2000.0 and annual aberration to first order in v/c. */
export function writeStar(star: Star, days: number, frame: Frame, out: Float64Array): void {
  const years = days / 365.25;
  const { direction, motion } = star;
  out[0] = direction[0] + motion[0] * years + frame.velocity[0]!;
  out[1] = direction[1] + motion[1] * years + frame.velocity[1]!;
  out[2] = direction[2] + motion[2] * years + frame.velocity[2]!;
}
