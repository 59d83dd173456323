import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkPlace, coarsen, createSky } from '../../src/sky/index.js';

const lat = fc.integer({ min: -90_000_000, max: 90_000_000 });
const lon = fc.integer({ min: -180_000_000, max: 180_000_000 });
const elevation = fc.integer({ min: -12_000_000, max: 1_000_000_000 });

describe('coarsen', () => {
  test('gives a sound place on the grid, at most half a step away where the grid reaches', () => {
    fc.assert(
      fc.property(fc.record({ lat, lon, elevation }), fc.integer({ min: 1, max: 90_000_000 }), (place, grid) => {
        const coarse = coarsen(place, grid);
        expect(checkPlace(coarse)).toBeUndefined();
        expect(coarse.grid).toBe(grid);
        expect(coarsen(coarse, grid)).toEqual(coarse);
        const reach = Math.floor(90_000_000 / grid) * grid;
        if (Math.abs(place.lat) <= reach) expect(Math.abs(coarse.lat - place.lat)).toBeLessThanOrEqual(grid / 2);
      }),
    );
  });

  test('rounds the elevation as well, for it would give the place away', () => {
    expect(coarsen({ lat: 48_137_000, lon: 11_575_000, elevation: 519_000 }, 1_000_000)).toEqual({
      lat: 48_000_000,
      lon: 12_000_000,
      elevation: 1_000_000,
      grid: 1_000_000,
    });
  });

  test.each([0, -1, 1.5, 90_000_001, NaN])('refuses a grid of %p', (grid) => {
    expect(() => coarsen({ lat: 0, lon: 0, elevation: 0 }, grid)).toThrow(RangeError);
  });
});

describe('the edges of the Earth', () => {
  const sky = createSky();
  const timeMs = Date.parse('2026-11-21T22:00:00Z');

  test('both spellings of the date line have one sky', () => {
    const west = sky.stamp({ timeMs, place: { lat: 10_000_000, lon: -180_000_000, elevation: 0 } });
    const east = sky.stamp({ timeMs, place: { lat: 10_000_000, lon: 180_000_000, elevation: 0 } });
    expect(sky.check(west, { timeMs, place: { lat: 10_000_000, lon: 180_000_000, elevation: 0 } })).toMatchObject({
      ok: true,
    });
    west.altaz!.forEach((value, i) => expect(Math.abs(value - east.altaz![i]!)).toBeLessThanOrEqual(1));
  });

  test.each([90_000_000, -90_000_000])(
    'at latitude %i altitudes do not depend on the longitude and azimuths turn with it',
    (pole) => {
      const [a, b] = [0, 90_000_000].map((meridian) =>
        sky.observe({ timeMs, place: { lat: pole, lon: meridian, elevation: 0 } }),
      );
      expect(Math.abs(a!.bodies.jupiter.altitudeE6! - b!.bodies.jupiter.altitudeE6!)).toBeLessThanOrEqual(1);
      const turned = (b!.bodies.jupiter.azimuthE6! - a!.bodies.jupiter.azimuthE6! + 720_000_000) % 360_000_000;
      expect(Math.abs(turned - (pole > 0 ? 90_000_000 : 270_000_000))).toBeLessThanOrEqual(2);
    },
  );

  test('a place a hair from the pole passes against the pole itself: separation counts, not azimuth', () => {
    const stamp = sky.stamp({ timeMs, place: { lat: 89_999_999, lon: 0, elevation: 0 } });
    expect(sky.check(stamp, { timeMs, place: { lat: 90_000_000, lon: 0, elevation: 0 } })).toMatchObject({ ok: true });
  });
});
