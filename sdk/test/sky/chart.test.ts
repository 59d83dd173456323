import { describe, expect, test } from '@jest/globals';
import { createSky, skyChart, textChart, type Place } from '../../src/sky/index.js';
import { directionOf, viewOf } from '../../src/sky/chart/view.js';

const sky = createSky();
const munich: Place = { lat: 48_137_000, lon: 11_575_000, elevation: 520_000 };
const sydney: Place = { lat: -33_868_000, lon: 151_209_000, elevation: 20_000 };
const night = sky.observe({ timeMs: Date.parse('2026-11-21T22:00:00Z'), place: munich });
const scenes = [
  ['night', night],
  ['day', sky.observe({ timeMs: Date.parse('2026-06-21T11:00:00Z'), place: munich })],
  ['southern dusk', sky.observe({ timeMs: Date.parse('2026-06-30T07:40:00Z'), place: sydney })],
  [
    'south pole',
    sky.observe({ timeMs: Date.parse('2026-06-30T07:40:00Z'), place: { lat: -90_000_000, lon: 0, elevation: 0 } }),
  ],
  ['geocentric', sky.observe({ timeMs: Date.parse('2026-11-21T22:00:00Z') })],
] as const;

/** A stack of open tags is enough to see that an SVG of ours is well-formed: no entities but the five, no comments, no CDATA. */
function wellFormed(svg: string): boolean {
  const open: string[] = [];
  let rest = svg;
  while (rest.length > 0) {
    const tag = /^<(\/?)([a-zA-Z]+)((?:\s[a-z-A-Z:]+="[^"<>]*")*)(\/?)>/.exec(rest);
    const text = /^[^<>&]+|^&(?:amp|lt|gt|quot);/.exec(rest);
    if (tag === null && text === null) return false;
    rest = rest.slice((tag ?? text)![0].length);
    if (tag === null) continue;
    if (tag[1] === '/' && open.pop() !== tag[2]) return false;
    if (tag[1] === '' && tag[4] === '') open.push(tag[2]!);
  }
  return open.length === 0;
}

describe.each(scenes)('chart of a %s', (_, seen) => {
  test.each([
    ['light', 200],
    ['dark', 600],
    ['auto', 2000],
  ] as const)('%s at %i px is small, well-formed, self-contained and pure', (theme, sizePx) => {
    const svg = skyChart(seen, { theme, sizePx });
    expect(wellFormed(svg)).toBe(true);
    expect(svg).not.toMatch(/NaN|undefined|Infinity|href|script/);
    expect(svg.length).toBeLessThan(90_000);
    expect(skyChart(seen, { theme, sizePx })).toBe(svg);
    const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of svg.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
    expect(svg).toContain(`<title id="${ids[0]!}">${seen.label}: the sky at `);
    if (theme === 'auto') expect(svg).toContain('prefers-color-scheme:dark');
  });

  test('the text chart has the promised size and shows the Moon when it is up', () => {
    const rows = textChart(seen, { columns: 61 }).split('\n');
    expect(rows.length).toBe(31);
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(61);
    const up = seen.place === undefined || seen.bodies.moon.altitudeE6! > 0;
    expect(rows.join('').includes('☾')).toBe(up);
  });
});

describe('where things stand', () => {
  const view = viewOf(night, { x: 500, y: 438 }, 376);

  test('every body and star lies at its altitude and azimuth, east on the left', () => {
    for (const thing of [...night.stars, ...Object.values(night.bodies).filter((body) => body.altitudeE6! > 0)]) {
      const at = view.project(directionOf(thing))!;
      const distance = 376 * Math.tan(((90 - thing.altitudeE6! / 1e6) / 2) * (Math.PI / 180));
      const azimuth = (thing.azimuthE6! / 1e6) * (Math.PI / 180);
      expect(at.x).toBeCloseTo(500 - distance * Math.sin(azimuth), 1);
      expect(at.y).toBeCloseTo(438 - distance * Math.cos(azimuth), 1);
    }
  });

  test('what is below the horizon is not drawn', () => {
    expect(view.project(directionOf(night.bodies.sun))).toBeUndefined();
    expect(skyChart(night, { theme: 'dark', sizePx: 1000 })).not.toContain('>Sun<');
  });

  test('the Moon’s lit limb points to the Sun along the great circle, and the terminator has the phase’s width', () => {
    const seen = sky.observe({ timeMs: Date.parse('2026-06-21T11:00:00Z'), place: munich });
    const svg = skyChart(seen, { theme: 'light', sizePx: 1000 });
    const [, radius, width, turn] =
      /A([\d.]+) [\d.]+ 0 0 1 0 [\d.]+A([\d.]+) [\d.]+ 0 0 [01] 0 -[\d.]+Z" fill="#fbf5e4" transform="rotate\((-?[\d.]+)\)/
        .exec(svg)!
        .map(Number);
    expect(width! / radius!).toBeCloseTo(Math.abs(Math.cos((seen.moon.phaseAngleE6 / 1e6) * (Math.PI / 180))), 1);
    // The same angle by spherical trigonometry in altitude and azimuth: from the vertical at the Moon towards the Sun.
    const rad = Math.PI / 180e6;
    const [m, s] = [seen.bodies.moon, seen.bodies.sun].map(
      (body) => [body.altitudeE6! * rad, body.azimuthE6! * rad] as const,
    ) as [readonly [number, number], readonly [number, number]];
    const eastward = Math.sin(s[1] - m[1]) * Math.cos(s[0]);
    const upward = Math.cos(m[0]) * Math.sin(s[0]) - Math.sin(m[0]) * Math.cos(s[0]) * Math.cos(s[1] - m[1]);
    // On the paper, up is towards the middle and growing azimuth turns anticlockwise.
    const inward: readonly [number, number] = [Math.sin(m[1]), Math.cos(m[1])];
    const along: readonly [number, number] = [-inward[1], inward[0]];
    const expected =
      Math.atan2(upward * inward[1] + eastward * along[1], upward * inward[0] + eastward * along[0]) / (Math.PI / 180);
    expect(Math.abs(((turn! - expected + 540) % 360) - 180)).toBeLessThan(1);
  });

  test.each([0, 15, NaN, 30_000])('a size of %p is refused', (sizePx) => {
    expect(() => skyChart(night, { sizePx })).toThrow(RangeError);
  });
});
