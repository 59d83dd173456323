import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createSky, type BodyName, type Place } from '../../src/sky/index.js';
import { root, sharedText } from '../shared-data.ts';
import { median, refractedByHorizons, separationArcsec } from './angles.ts';

const sky = createSky();
const limitArcsec = 60;
const independentLimitArcsec = 72;

function offHorizons(
  body: BodyName,
  timeMs: number,
  place: Place,
  azimuthDeg: number,
  elevationDeg: number,
  airless: boolean,
): number {
  const { altitudeE6, azimuthE6 } = sky.observe({ timeMs, place }).bodies[body];
  const altitude = altitudeE6! / 1e6;
  return separationArcsec(
    airless ? altitude : refractedByHorizons(altitude),
    azimuthE6! / 1e6,
    elevationDeg,
    azimuthDeg,
  );
}

test('our own copy of JPL Horizons rows agrees', () => {
  const { place, rows } = JSON.parse(readFileSync(join(root, 'specs/vectors/sky-horizons.json'), 'utf8')) as {
    place: Place;
    rows: [BodyName, string, number, number][];
  };
  expect(rows.length).toBeGreaterThan(80);
  const off = rows.map(([body, time, azimuth, elevation]) =>
    offHorizons(body, Date.parse(time), place, azimuth, elevation, false),
  );
  expect(Math.max(...off)).toBeLessThan(limitArcsec);
  expect(median(off)).toBeLessThan(10);
});

describe('JPL Horizons tables', () => {
  const files = [
    ...['Sun', 'Moon', 'Mercury', 'Venus', 'Mars', 'Jupiter', 'Saturn', 'Uranus', 'Neptune'].map(
      (body) => [body, body] as const,
    ),
    ['Moon_N15_E075', 'Moon'] as const,
    ['airless_Jupiter', 'Jupiter'] as const,
    ['airless_Moon', 'Moon'] as const,
    ['airless_Sun_equinox', 'Sun'] as const,
  ];
  test.each(files)('%s', (name, body) => {
    const text = sharedText(`astronomy/horizons_${name}.txt`);
    if (text === undefined) return;
    const [lon, lat, km] = /Center geodetic : *([-\d.]+), *([-\d.]+), *([-\d.]+)/.exec(text)!.slice(1).map(Number) as [
      number,
      number,
      number,
    ];
    const place = {
      lat: Math.round(lat * 1e6),
      lon: Math.round((lon > 180 ? lon - 360 : lon) * 1e6),
      elevation: Math.round(km * 1e6),
    };
    const lines = text
      .slice(text.indexOf('$$SOE') + 6, text.indexOf('$$EOE'))
      .trim()
      .split('\n');
    const off = lines.map((line) => {
      const [azimuth, elevation] = line.trim().split(/\s+/).slice(-2).map(Number) as [number, number];
      return offHorizons(
        body.toLowerCase() as BodyName,
        Date.parse(`${/\d{4}-\w{3}-\d\d \d\d:\d\d/.exec(line)![0]} UTC`),
        place,
        azimuth,
        elevation,
        name.startsWith('airless'),
      );
    });
    expect(off.length).toBeGreaterThan(300);
    expect(Math.max(...off)).toBeLessThan(limitArcsec);
    expect(median(off)).toBeLessThan(20);
  });
});

describe('independent positions (astropy, PyEphem)', () => {
  const rows = (name: string) =>
    (sharedText(`astronomy/${name}`) ?? '')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
  const e6 = (text: string | undefined) => Math.round(Number(text) * 1e6);

  test('Sun, Moon and planets: direction, distance, phase', () => {
    for (const [utc, lat, lon, elevation, body, alt, az, raHours, dec, distance, , elongation, phase] of rows(
      'reference_positions.csv',
    )) {
      const place = { lat: e6(lat), lon: e6(lon), elevation: Math.round(Number(elevation) * 1000) };
      const seen = sky.observe({ timeMs: Date.parse(utc!), place });
      const { altitudeE6, azimuthE6, raE6, decE6, distanceKm } = seen.bodies[body as BodyName];
      expect(separationArcsec(altitudeE6! / 1e6, azimuthE6! / 1e6, Number(alt), Number(az))).toBeLessThan(
        independentLimitArcsec,
      );
      expect(separationArcsec(decE6 / 1e6, raE6 / 1e6, Number(dec), Number(raHours) * 15)).toBeLessThan(
        independentLimitArcsec,
      );
      expect(Math.abs(distanceKm / 149_597_870.7 / Number(distance) - 1)).toBeLessThan(2.1e-4);
      expect(Math.abs(((seen.moon.elongationE6 / 1e6 - Number(elongation) + 540) % 360) - 180)).toBeLessThan(0.02);
      expect(Math.abs(seen.moon.phaseAngleE6 / 1e6 - Number(phase))).toBeLessThan(0.02);
    }
  });

  test('stars', () => {
    const other = new Map([['Albereo', 'Albireo']]);
    for (const [utc, lat, lon, name, alt, az, raHours, dec] of rows('reference_star_positions.csv')) {
      const timeMs = Date.parse(utc!);
      const wanted = other.get(name!) ?? name!;
      const everywhere = sky.observe({ timeMs }).stars.find((star) => star.name === wanted)!;
      expect(
        separationArcsec(everywhere.decE6 / 1e6, everywhere.raE6 / 1e6, Number(dec), Number(raHours) * 15),
      ).toBeLessThan(3);
      const there = sky
        .observe({ timeMs, place: { lat: e6(lat), lon: e6(lon), elevation: 0 } })
        .stars.find((star) => star.name === wanted);
      expect(there !== undefined).toBe(Number(alt) > 0);
      if (there !== undefined)
        expect(separationArcsec(there.altitudeE6! / 1e6, there.azimuthE6! / 1e6, Number(alt), Number(az))).toBeLessThan(
          3,
        );
    }
  });

  test('lunar quarters 1950–2100', () => {
    const text = sharedText('astronomy/moonphases.txt');
    if (text === undefined) return;
    let tested = 0;
    for (const line of text.trim().split('\n')) {
      const [quarter, time] = line.trim().split(/\s+/) as [string, string];
      const timeMs = Date.parse(time);
      if (!(timeMs >= Date.parse('1950-01-01') && timeMs < Date.parse('2100-01-01'))) continue;
      const off = ((sky.observe({ timeMs }).moon.elongationE6 / 1e6 - 90 * Number(quarter) + 540) % 360) - 180;
      expect(Math.abs(off)).toBeLessThan(0.05);
      tested++;
    }
    expect(tested).toBeGreaterThan(100);
  });
});
