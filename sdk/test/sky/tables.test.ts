import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { constellationAt, constellationName } from '../../src/sky/ephemeris/constellation.js';
import { starTable } from '../../src/sky/stars/table.js';

interface Tables {
  readonly stars: readonly unknown[];
  /** Rows of the rotation from J2000 to the true equator and equinox of B1875. */
  readonly toB1875: readonly (readonly [number, number, number])[];
  /** Constellation, right ascension from and to in 1/360 hour, declination from in 1/24 degree: the first that fits. */
  readonly boundaries: readonly (readonly [string, number, number, number])[];
}
const tables = JSON.parse(
  readFileSync(new URL('../../../specs/vectors/sky-tables.json', import.meta.url), 'utf8'),
) as Tables;

test('the stars of the specification are those that are computed with', () => {
  expect(tables.stars).toEqual(starTable);
});

test('the boundaries of the specification put every direction where this code puts it', () => {
  const at = (direction: readonly number[]): string => {
    const [x, y, z] = tables.toB1875.map((row) => row.reduce((sum, a, i) => sum + a * direction[i]!, 0)) as [
      number,
      number,
      number,
    ];
    const ra = (((Math.atan2(y, x) / Math.PI) * 12 + 24) % 24) * 360;
    const dec = (Math.atan2(z, Math.hypot(x, y)) / Math.PI) * 180 * 24;
    return tables.boundaries.find(([, from, to, above]) => above <= dec && from <= ra && ra < to)![0];
  };
  fc.assert(
    fc.property(
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
      (z, angle) => {
        const r = Math.sqrt(1 - z * z);
        const direction = [r * Math.cos(angle), r * Math.sin(angle), z] as const;
        expect(constellationName(at(direction))).toBe(constellationAt(...direction));
      },
    ),
    { numRuns: 2000 },
  );
});
