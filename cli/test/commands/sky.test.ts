import { describe, expect, test } from '@jest/globals';
import { createSky, type SkyJson } from '@cosmicembeddings/sdk/sky';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yargs from 'yargs';
import { answerLine, placeOfDegrees, skyCommand, skyText } from '../../src/commands/sky.js';

const sky = createSky();
const request = { time: '2026-11-21T22:00:00Z', latitude: 48.137, longitude: 11.575, elevation: 520 };

describe('cosmic sky --lines', () => {
  const answer = (value: unknown) =>
    JSON.parse(answerLine(sky, JSON.stringify(value))) as SkyJson & { error?: { code: string; detail: string } };

  test('answers a request with the sky in degrees', () => {
    const seen = answer(request);
    expect(seen).toMatchObject({ label: 'Perseus-69.6', twilight: 'night', time: '2026-11-21T22:00:00.000Z' });
    expect(seen.bodies.moon.altitudeDeg).toBeCloseTo(49.198, 2);
    expect(seen.bodies.moon.distanceAu).toBeCloseTo(367_370 / 149_597_870.7, 6);
    expect(seen.moon.illuminated).toBeCloseTo(0.9, 2);
    expect(seen.stars[0]).toMatchObject({ name: 'Sirius', constellation: 'Canis Major', magnitude: -1.44 });
    expect(seen.stars.every((star) => star.altitudeDeg! > 0)).toBe(true);
    expect(seen.meaning).toMatch(/not a proof/);
  });

  test('without a place the sky is geocentric, and elevation is sea level when left out', () => {
    expect(answer({ time: request.time })).toMatchObject({ place: null, twilight: null, label: 'Pisces-19.5' });
    expect(answer({ ...request, elevation: undefined }).place).toEqual({
      latitude: 48.137,
      longitude: 11.575,
      elevation: 0,
    });
  });

  test.each([
    ['not JSON', '{', 'request.malformed'],
    ['no object', '[1]', 'request.malformed'],
    ['no time', '{"latitude":1,"longitude":2}', 'request.malformed'],
    ['a latitude in text', '{"time":0,"latitude":"1","longitude":2}', 'request.malformed'],
    ['half a place', '{"time":0,"latitude":1}', 'sky.place_invalid'],
    ['a latitude of 91°', '{"time":0,"latitude":91,"longitude":2}', 'sky.place_invalid'],
    ['no date', '{"time":"yesterday"}', 'request.malformed'],
    ['the year 2200', '{"time":"2200-01-01T00:00:00Z"}', 'sky.time_out_of_span'],
  ])('%s is answered with its code', (_, line, code) => {
    expect(JSON.parse(answerLine(sky, line))).toMatchObject({ error: { code } });
  });
});

test('a hair south of the equator is on it', () => {
  expect(placeOfDegrees({ latitude: -1e-9, longitude: -1e-9 })).toEqual({ lat: 0, lon: 0, elevation: 0 });
});

test('a grid coarsens the place', () => {
  expect(placeOfDegrees({ latitude: 48.137, longitude: 11.575, elevation: 520, grid: 0.5 })).toEqual({
    lat: 48_000_000,
    lon: 11_500_000,
    elevation: 1_000_000,
    grid: 500_000,
  });
  expect(() => placeOfDegrees({ latitude: 1, longitude: 2, grid: 0 })).toThrow(/grid/);
});

test('the printed sky has the label, every body, the bright stars, a chart and what it proves', () => {
  const text = skyText(sky.observe({ timeMs: Date.parse(request.time), place: placeOfDegrees(request) }));
  for (const part of ['Perseus-69.6', '☉ sun', '♆ neptune', '★ Sirius', 'not a proof', 'sidereal time'])
    expect(text).toContain(part);
  expect(text).toMatch(/☾ moon +49\.198 +216\.21[34] +1\.2815\d +12\.234 +0\.0024/);
  expect(text.endsWith('\n')).toBe(true);
  expect(skyText(sky.observe({ timeMs: Date.parse(request.time) }))).toContain('geocentric, no place');
});

describe('the command', () => {
  const run = async (...args: string[]): Promise<void> => {
    await yargs(['sky', ...args])
      .command(skyCommand)
      .fail((message, error) => {
        throw error ?? new Error(message);
      })
      .parseAsync();
  };

  test('writes the chart of a southern place to a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sky-'));
    const file = join(folder, 'sky.svg');
    try {
      await run(
        '--at',
        '2026-11-21T12:00:00Z',
        '--latitude',
        '-33.868',
        '--longitude',
        '151.209',
        '--svg',
        file,
        '--theme',
        'light',
        '--size',
        '400',
      );
      expect(readFileSync(file, 'utf8')).toMatch(/^<svg [^>]*width="400"[^]*33\.868° S 151\.209° E[^]*<\/svg>\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('refuses two forms at once', async () => {
    await expect(run('--json', '--svg', 'sky.svg')).rejects.toThrow(/choose one/);
  });
});
